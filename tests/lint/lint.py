"""Checks what a compiler does not: layers, includes, coroutine traps, names, machine paths.

usage: lint.py [ROOT]
Prints FILE:LINE: MESSAGE; exits 1 on an error. Long files are warnings.
"""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from coroutines import blank_comments_and_strings, coroutine_traps  # noqa: E402
import rules  # noqa: E402

SKIP_FOLDERS = {".git", "build", "node_modules", ".fieldgate", ".cache"}
SOURCE_ENDINGS = {".h", ".cpp", ".c"}
TEXT_ENDINGS = SOURCE_ENDINGS | {".md", ".yaml", ".yml", ".txt", ".cmake", ".py", ".sh", ".lua",
                                 ".json", ".svg", ".css", ".js", ".mjs", ".html", ".mustache"}
TEXT_NAMES = {"dev", "run"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
# Spelled in two halves, so that this file does not report itself.
MACHINE_PATH = re.compile(r"(^|[^A-Za-z0-9_.])/(wor" + r"k|far" + r"m|roo" + r"t|home/\w+)/")
LEFT_OPEN = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")


class Report:
    def __init__(self):
        self.errors = 0
        self.warnings = 0

    def error(self, path, line, message):
        self.errors += 1
        print(f"{path}:{line}: error: {message}")

    def warn(self, path, line, message):
        self.warnings += 1
        print(f"{path}:{line}: warning: {message}")


def files_under(root):
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if path.is_file() and not SKIP_FOLDERS & set(relative.parts):
            yield relative


def module_of(path):
    return next((module for prefix, module in rules.MODULES if path.startswith(prefix)), None)


def check_includes(path, lines, report):
    module = module_of(path)
    if module is None:
        return
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if match:
            check_include(path, module, number, match.group(2), report)


def check_include(path, module, number, header, report):
    ours = re.match(r"fieldgate/(\w+)/", header)
    if ours and ours.group(1) not in rules.MAY_SEE[module]:
        report.error(path, number, f"layer: `{module}` may not include <{header}>")
    elif path.startswith(rules.VERIFY_FOLDER) and header.startswith("fieldgate/") \
            and not rules.VERIFY_MAY_SEE.match(header):
        report.error(path, number, f"layer: `audit/verify` may not include <{header}>")
    inner = re.match(r"(gateway|policy|crypto|audit|tests)/", header)
    if inner and module != "tests" and inner.group(1) != module:
        report.error(path, number,
                     f"layer: `{module}` may not include \"{header}\", which is inside another module")
    if module == "tests":
        return
    for pattern, folders in rules.ONLY_IN:
        if re.match(pattern, header):
            if not any(path.startswith(folder) for folder in folders):
                where = ", ".join(folders) or "tests/"
                report.error(path, number, f"include: <{header}> belongs in {where} alone")
            break


def check_policy_is_pure(path, text, report):
    if not path.startswith(("policy/", "include/fieldgate/policy/")):
        return
    for number, line in enumerate(blank_comments_and_strings(text).split("\n"), 1):
        for pattern, what in rules.POLICY_FORBIDS:
            if pattern.search(line):
                report.error(path, number, f"layer: policy is pure, and this {what}")
        if not path.startswith((*rules.POLICY_READS_FILES, "include/")) \
                and not line.lstrip().startswith("#") and rules.POLICY_IO.search(line):
            report.error(path, number, "layer: only policy/load reads files")


def check_names(path, text, report):
    if rules.EMPTY_NAMES.search(pathlib.Path(path).stem) or \
            re.search(r"(^|[_/])(manager|helper|util)s?(_|$)", pathlib.Path(path).stem):
        report.error(path, 1, "name: the file name does not say what it holds")
    declared = re.compile(r"\b(?:class|struct|enum(?: class)?|using|namespace)\s+(\w+)")
    for number, line in enumerate(blank_comments_and_strings(text).split("\n"), 1):
        for match in declared.finditer(line):
            if rules.EMPTY_NAMES.search(match.group(1)):
                report.error(path, number, f"name: `{match.group(1)}` does not say what it hides")


def check_text(path, lines, report):
    for number, line in enumerate(lines, 1):
        if MACHINE_PATH.search(line):
            report.error(path, number, "a path of one machine; name things relative to the repository")
        if LEFT_OPEN.search(line):
            report.error(path, number, "left open: finish it, or file it")


def check_source(path, text, lines, report):
    check_includes(path, lines, report)
    check_policy_is_pure(path, text, report)
    check_names(path, text, report)
    if path.endswith(".h") and "#pragma once" not in text:
        report.error(path, 1, "header without `#pragma once`")
    for number, message in coroutine_traps(text):
        report.error(path, number, f"coroutine: {message}")
    if len(lines) > rules.LONG_FILE_LINES:
        report.warn(path, len(lines), f"over {rules.LONG_FILE_LINES} lines: what does it hide?")


def main(root):
    report = Report()
    sources = 0
    for relative in files_under(root):
        path = str(relative)
        if relative.suffix not in TEXT_ENDINGS and relative.name not in TEXT_NAMES:
            continue
        if relative.name == "package-lock.json" or "corpus" in relative.parts:
            continue
        text = (root / relative).read_text(encoding="utf-8", errors="replace")
        lines = text.split("\n")
        check_text(path, lines, report)
        if relative.suffix in SOURCE_ENDINGS:
            sources += 1
            check_source(path, text, lines, report)
    print(f"{sources} sources, {report.errors} errors, {report.warnings} warnings")
    return 1 if report.errors or not sources else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else
                               pathlib.Path(__file__).resolve().parents[2])))
