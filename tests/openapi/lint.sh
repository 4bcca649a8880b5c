#!/usr/bin/env bash
# Lints the OpenAPI document that a gateway really serves: lint.sh FIELDGATE
# The pinned linter must be there already (npm ci).
set -euo pipefail
binary=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")"

home=$(mktemp -d)
stop() {
  if [[ -n ${demo:-} ]]; then
    kill "$demo" 2>/dev/null || true
    wait "$demo" 2>/dev/null || true
  fi
  rm -rf "$home"
}
trap stop EXIT

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
(cd ../.. && exec env FIELDGATE_HOME="$home/state" FIELDGATE_PORT="$port" "$binary" demo) >"$home/demo.log" 2>&1 &
demo=$!
for _ in $(seq 300); do
  if curl -fsS "http://127.0.0.1:$port/openapi.json" -o "$home/openapi.json" 2>/dev/null; then
    break
  fi
  kill -0 "$demo" 2>/dev/null || { cat "$home/demo.log"; exit 1; }
  sleep 0.1
done
[[ -s $home/openapi.json ]] || { echo 'no /openapi.json within 30 s'; exit 1; }

REDOCLY_TELEMETRY=off node_modules/.bin/redocly lint --config redocly.yaml "$home/openapi.json"
