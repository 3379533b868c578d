#!/usr/bin/env bash
# Shows what changed at the provider without dialctl. Exits as dialctl did: 0 nothing, 2 something. Changes nothing.
#
#   PROJECT_PATH  directory of the Project (default .)
#   DRIFT_FILE    write what was found there, too (default: nowhere)
#   SANDBOX       true: look at the embedded simulator
set -euo pipefail
. "$(dirname "$0")/dialctl.sh"

path=${PROJECT_PATH:-.}
drop_committed_caches "$path"
global=()
if [ "${SANDBOX:-false}" = true ]; then global+=(--sandbox); fi
dialctl ${global[@]+"${global[@]}"} drift -- "$path" | tee -- "${DRIFT_FILE:-/dev/null}"
