#!/usr/bin/env bash
# Applies, and exits as dialctl did. Run commit-lock.sh afterwards whatever the exit code: the lock remembers who was
# called, also by a run that failed.
#
#   PROJECT_PATH  directory of the Project (default .)
#   PLAN_FILE     a plan saved by plan.sh: apply exactly it (default: plan afresh)
#   LOCK_TIMEOUT  how long to wait for another run to end (default 10m)
#   SANDBOX       true: apply against the embedded simulator
set -euo pipefail

global=()
if [ "${SANDBOX:-false}" = true ]; then global+=(--sandbox); fi
exec dialctl ${global[@]+"${global[@]}"} apply \
  --auto-approve --lock-timeout "${LOCK_TIMEOUT:-10m}" -- "${PLAN_FILE:-${PROJECT_PATH:-.}}"
