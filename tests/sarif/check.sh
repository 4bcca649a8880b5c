#!/usr/bin/env bash
# Holds what `policy check --format sarif` prints against the schema of SARIF 2.1.0: check.sh FIELDGATE
# The pinned packages must be there already (npm ci).
set -euo pipefail
binary=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")"
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

# report NAME EXIT-CODE DIR
report() {
  local status=0
  (cd ../.. && "$binary" policy check "$3" --format sarif) >"$logs/$1.sarif" || status=$?
  ((status == $2)) || { echo "policy check $3 exited with $status"; exit 1; }
}
report faults 1 tests/golden/policy/many-faults
report clean 0 docs/examples/bookshop/policy
node check.mjs "$logs"/*.sarif
