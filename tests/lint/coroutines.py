"""Finds the statements that gcc 12.2 compiles to a double free (docs/adr/0007-lint-and-sanitizers.md).

A full expression that holds `co_await` must not also make a lambda that captures by value, an
aggregate temporary or an initializer list: gcc 12.2 destroys such a temporary twice.
"""

import re

from rules import TRIVIAL_TEMPORARY

OPENERS = {"(": ")", "[": "]", "{": "}"}
CLOSERS = {close: open_ for open_, close in OPENERS.items()}


def blank_comments_and_strings(text):
    """The text with comments and literals blanked, newlines kept."""
    token = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)

    def blank(match):
        found = match.group(0)
        # A digit separator (1'000'000) is no literal.
        start = match.start()
        if found[0] == "'" and start and text[start - 1].isalnum():
            return found
        return re.sub(r"[^\n]", " ", found) if found[0] == "/" else \
            '"' + re.sub(r"[^\n]", "_", found[1:-1]) + '"'

    return token.sub(blank, text)


def matching_open(text, close):
    depth = 0
    for position in range(close, -1, -1):
        if text[position] in CLOSERS:
            depth += 1
        elif text[position] in OPENERS:
            depth -= 1
            if depth == 0:
                return position
    return 0


def matching_close(text, opening):
    depth = 0
    for position in range(opening, len(text)):
        if text[position] in OPENERS:
            depth += 1
        elif text[position] in CLOSERS:
            depth -= 1
            if depth == 0:
                return position
    return len(text) - 1


def is_block(text, opening):
    """Whether a brace opens statements rather than a value."""
    return ";" in text[opening:matching_close(text, opening)] or not re.search(
        r"[\w>,(={]\s*$", text[:opening][-80:]) or bool(
            re.search(r"\b(else|do|try|const|noexcept|mutable|override|final)\s*$", text[:opening]))


def full_expression(text, at):
    """Start and end of the statement around a position."""
    start = at
    while start > 0:
        char = text[start - 1]
        if char == ";":
            break
        if char == "}":
            opening = matching_open(text, start - 1)
            if is_block(text, opening):
                break
            start = opening
            continue
        if char == "{" and is_block(text, start - 1):
            break
        start -= 1
    end, depth = at, 0
    while end < len(text):
        char = text[end]
        if char == "{" and depth <= 0 and is_block(text, end):
            break
        if char in OPENERS:
            end = matching_close(text, end)
        elif char in CLOSERS:
            depth -= 1
            if char == "}":
                break
        elif char == ";":
            break
        end += 1
    return start, end


LAMBDA = re.compile(r"(?<![\w\])\"])\s*\[(?!\[)([^\[\]]*)\]\s*(?=[({]|mutable|noexcept|->)")
AGGREGATE = re.compile(r"(->\s*)?((?:\w+::)*\w+(?:<[^<>;{}]*(?:<[^<>;{}]*>)?[^<>;{}]*>)?)\s*\{")
NOT_A_TYPE = {"return", "co_return", "co_await", "else", "do", "try", "mutable", "noexcept",
              "const", "constexpr", "override", "final"}


def traps_in(expression):
    """What is wrong in one full expression, as (offset, text) pairs."""
    found = []
    for match in LAMBDA.finditer(expression):
        captures = [capture.strip() for capture in match.group(1).split(",") if capture.strip()]
        if any(not capture.startswith("&") for capture in captures):
            found.append((match.start(), "a capturing lambda"))
    for match in AGGREGATE.finditer(expression):
        name = match.group(2)
        declared = re.match(r"[\w:<>,\s*&]+\s$", expression[:match.start()]) is not None
        if match.group(1) or name in NOT_A_TYPE or declared:
            continue
        if not TRIVIAL_TEMPORARY.search(name):
            found.append((match.start(), f"a temporary `{name}{{...}}`"))
    for match in re.finditer(r"[(,]\s*\{", expression):
        found.append((match.start(), "an initializer list"))
    return found


def coroutine_traps(source):
    """(line, message) for each trap in a source text."""
    text = blank_comments_and_strings(source)
    seen, traps = set(), []
    for match in re.finditer(r"\bco_await\b", text):
        start, end = full_expression(text, match.start())
        if (start, end) in seen:
            continue
        seen.add((start, end))
        for offset, what in traps_in(text[start:end]):
            line = text.count("\n", 0, start + offset + 1) + 1
            traps.append((line, f"{what} in the same statement as `co_await`: gcc 12 may destroy it "
                                "twice; name it first, then move it in"))
    return traps
