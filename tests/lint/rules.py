"""The layer rule and the include allowlist, as data (docs/architecture.md, "Layer rule")."""

import re

# Whose headers <fieldgate/MODULE/...> a module may include.
MAY_SEE = {
    "base": {"base"},
    "crypto": {"base", "crypto"},
    "policy": {"base", "policy"},
    "audit": {"base", "crypto", "audit"},
    "store": {"base", "policy", "store"},
    "gateway": {"base", "crypto", "policy", "audit", "store"},
    "tests": {"base", "crypto", "policy", "audit", "store"},
}

# Folder to module; the first prefix that fits decides.
MODULES = [
    ("include/fieldgate/base/", "base"),
    ("include/fieldgate/crypto/", "crypto"),
    ("include/fieldgate/policy/", "policy"),
    ("include/fieldgate/audit/", "audit"),
    ("include/fieldgate/store/", "store"),
    ("crypto/", "crypto"),
    ("policy/", "policy"),
    ("audit/", "audit"),
    ("gateway/", "gateway"),
    ("tests/", "tests"),
]

# A third-party header, and the only folders that may include it. Tests are free.
ONLY_IN = [
    (r"sodium(\.h|/)", ["crypto/"]),
    (r"openssl/(ssl|err|x509|x509_vfy|tls1|bio|pem|crypto)\.h", ["crypto/", "gateway/server/"]),
    (r"openssl/", ["crypto/"]),
    (r"boost/asio/ssl", ["gateway/server/"]),
    (r"(sqlite3|sqlcipher)", ["gateway/store/sqlcipher/"]),
    (r"boost/beast", ["gateway/server/", "gateway/http/", "gateway/store/http_upstream/"]),
    (r"boost/asio", ["gateway/"]),
    (r"boost/json", ["gateway/", "crypto/"]),
    (r"yaml-cpp/", ["policy/load/"]),
    (r"phonenumbers/", ["crypto/index/"]),
    (r"idn2\.h", ["crypto/index/"]),
    (r"unicode/", ["crypto/index/", "policy/", "gateway/values/", "gateway/import/"]),
    (r"csv\.h", ["gateway/"]),
    (r"CLI/", ["gateway/cli/", "gateway/main.cpp"]),
    (r"mustache", ["gateway/"]),
    (r"(gtest|gmock|benchmark)/", []),
]

# audit/verify must be readable on its own by an outside auditor.
VERIFY_FOLDER = "audit/verify/"
VERIFY_MAY_SEE = re.compile(
    r"fieldgate/(base/.*|audit/.*|crypto/(signature|hash|encoding)\.h)$")

# policy decides from its arguments alone; policy/load alone reads files.
POLICY_FORBIDS = [
    (re.compile(r"(system|steady|high_resolution)_clock::now|\bSystemClock\b|\bgettimeofday\b"
                r"|\bclock_gettime\b|[^_\w:.>]time\s*\("), "asks a clock"),
    (re.compile(r"\brandom_device\b|\bmt19937\b"), "draws random numbers"),
    (re.compile(r"\bgetenv\b"), "reads the environment"),
]
# `lint_policy` alone looks beside the policy for the notice files that it names.
POLICY_READS_FILES = ("policy/load/", "policy/review/lint.cpp")
POLICY_IO = re.compile(r"\b[io]?fstream\b|\bfopen\b|\bstd::filesystem\b|\bopen\s*\(\s*\"")

# A name that says nothing of what it hides.
EMPTY_NAMES = re.compile(r"(Manager|Helper|Util)(s|ity|ities)?(?![a-z])")

LONG_FILE_LINES = 500

# Temporaries of these are trivial, so that gcc 12 does not destroy them twice.
TRIVIAL_TEMPORARY = re.compile(
    r"(std::)?chrono::\w+$|^(milliseconds|seconds|minutes|microseconds)$"
    r"|^asio::use_awaitable_t$|^(std::)?(uint|int)\d+_t$|^std::size_t$")
