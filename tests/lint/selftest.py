"""Plants one breach at a time in a copy of the sources and sees that the lint reports it.

Also plants what is allowed, and sees that it stays quiet: a lint that cries wolf gets switched off.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

LINT = pathlib.Path(__file__).resolve().parent / "lint.py"
ROOT = LINT.parents[2]
COPIED = ["include", "policy", "crypto", "audit", "gateway"]

# (file, text, part of the message that must come)
BREACHES = [
    ("policy/planted.cpp", "#include <fieldgate/crypto/hash.h>\n", "layer: `policy` may not include"),
    ("policy/planted.cpp", "#include <fieldgate/store/profile.h>\n", "layer: `policy` may not"),
    ("crypto/planted.cpp", "#include <fieldgate/policy/engine.h>\n", "layer: `crypto` may not"),
    ("include/fieldgate/base/planted.h", "#pragma once\n#include <fieldgate/crypto/hash.h>\n",
     "layer: `base` may not"),
    ("audit/planted.cpp", "#include <fieldgate/policy/model.h>\n", "layer: `audit` may not"),
    ("audit/verify/planted.cpp", "#include <fieldgate/crypto/keys.h>\n", "`audit/verify` may not"),
    ("include/fieldgate/store/planted.h", "#pragma once\n#include <fieldgate/crypto/keys.h>\n",
     "layer: `store` may not"),
    ("policy/planted.cpp", '#include "gateway/http/json.h"\n', "inside another module"),
    ("gateway/api/planted.cpp", '#include "crypto/aead/seal.h"\n', "inside another module"),
    ("gateway/api/planted.cpp", "#include <sodium.h>\n", "<sodium.h> belongs in crypto/"),
    ("gateway/api/planted.cpp", "#include <openssl/evp.h>\n", "<openssl/evp.h> belongs in crypto/"),
    ("gateway/api/planted.cpp", "#include <sqlite3.h>\n", "belongs in gateway/store/sqlcipher/"),
    ("gateway/store/memory/planted.cpp", "#include <sqlcipher/sqlite3.h>\n", "sqlcipher/ alone"),
    ("gateway/read_path/planted.cpp", "#include <boost/beast/http.hpp>\n", "gateway/server/"),
    ("gateway/config/planted.cpp", "#include <yaml-cpp/yaml.h>\n", "belongs in policy/load/"),
    ("policy/planted.cpp", "#include <boost/asio/io_context.hpp>\n", "belongs in gateway/"),
    ("gateway/planted.cpp", "#include <gtest/gtest.h>\n", "belongs in tests/"),
    ("policy/decide/planted.cpp", "auto now = std::chrono::system_clock::now();\n", "asks a clock"),
    ("policy/decide/planted.cpp", "std::ifstream file(name);\n", "only policy/load reads files"),
    ("gateway/planted.cpp", "class KeyManager {};\n", "`KeyManager` does not say"),
    ("gateway/string_util.cpp", "int x;\n", "file name does not say"),
    ("gateway/planted.h", "int x;\n", "without `#pragma once`"),
    ("gateway/planted.cpp", "// see /wor" + "k/notes\n", "a path of one machine"),
    ("gateway/planted.cpp", "// TO" + "DO: later\n", "left open"),
    ("gateway/planted.cpp", "F f() { co_await g([x] { return x; }); }\n", "a capturing lambda"),
    ("gateway/planted.cpp", "F f() { co_await g([this, &y]() { return y; }); }\n", "a capturing lambda"),
    ("gateway/planted.cpp", "F f() { auto r = co_await g(Options{1, 2}); }\n", "`Options{...}`"),
    ("gateway/planted.cpp", "F f() { auto r = h(a::Options{1}, co_await g()); }\n", "`a::Options{...}`"),
    ("gateway/planted.cpp", "F f() { if (co_await g(Opt{.a = x})) { h(); } }\n", "`Opt{...}`"),
    ("gateway/planted.cpp", "F f() { co_return co_await g(\n    std::vector<int>{x}); }\n",
     "`std::vector<int>{...}`"),
    ("gateway/planted.cpp", 'F f() { co_await g({"a", "b"}); }\n', "an initializer list"),
]

ALLOWED = [
    ("crypto/planted.cpp", "#include <sodium.h>\n#include <openssl/evp.h>\n"),
    ("gateway/server/planted.cpp", "#include <openssl/ssl.h>\n#include <boost/beast/core.hpp>\n"),
    ("gateway/store/sqlcipher/planted.cpp", "#include <sqlcipher/sqlite3.h>\n"),
    ("policy/load/planted.cpp", "#include <yaml-cpp/eventhandler.h>\nstd::ifstream file(name);\n"),
    ("gateway/planted.cpp", "F f() {\n  auto w = [x] { return x; };\n  co_await g(std::move(w));\n}\n"),
    ("gateway/planted.cpp", "F f() { Options o{1}; co_await g(std::move(o)); }\n"),
    ("gateway/planted.cpp", "F f() { co_await g([&] { return 1; }); }\n"),
    ("gateway/planted.cpp", "F f() { auto x = v[3]; co_await g(v[i], Opt2(a, b)); }\n"),
    ("gateway/planted.cpp", "F f() {\n  if (co_await g()) {\n    Options o{2};\n  }\n}\n"),
    ("gateway/planted.cpp", "F f() { while (auto n = co_await g(1)) { use(Options{n}); } }\n"),
    ("gateway/planted.cpp", "// co_await g(Options{1})\nconst char* s = \"co_await g(Opt{1})\";\n"),
    ("gateway/planted.cpp", "struct Manages {};\nclass Utilisation;\n"),
    ("gateway/planted.cpp", "F f() { Result r{co_await g()}; }\n"),
]


def lint(root):
    run = subprocess.run([sys.executable, str(LINT), str(root)], capture_output=True, text=True,
                         check=False)
    return run.returncode, run.stdout + run.stderr


def with_file(root, name, text):
    target = root / name
    made = [folder for folder in target.parents if not folder.exists()]
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    status, output = lint(root)
    target.unlink()
    for folder in made:
        folder.rmdir()
    return status, output


def main():
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        # One real header of each module is enough: the whole tree is lint.py's own run.
        for name in COPIED:
            for source in (ROOT / name).rglob("*.h"):
                target = root / source.relative_to(ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
        status, output = lint(root)
        if status != 0:
            failures.append(f"the copy is not clean before anything is planted:\n{output}")
        for name, text, message in BREACHES:
            status, output = with_file(root, name, text)
            if status != 1 or message not in output:
                failures.append(f"not reported: {name}: {text!r}, wanted {message!r}, got:\n{output}")
        for name, text in ALLOWED:
            status, output = with_file(root, name, text)
            if status != 0:
                failures.append(f"wrongly reported: {name}: {text!r}:\n{output}")
    for failure in failures:
        print(failure)
    print(f"{len(BREACHES)} breaches and {len(ALLOWED)} allowed uses planted, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
