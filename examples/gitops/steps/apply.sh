#!/usr/bin/env bash
# Applies, and exits as dialctl did. Run commit-lock.sh afterwards whatever the exit code: the lock remembers who was
# called, also by a run that failed.
#
#   PROJECT_PATH     directory of the Project (default .)
#   PLAN_FILE        a plan saved by plan.sh: apply exactly it (default: plan afresh); needs DIALCTL_PERSON_KEY
#   APPROVED_COMMIT  apply only if the project is as in this commit, but for its lock (default: not compared)
#   ONLY_APPROVED    true, for schedules: call only for what an apply without it was approved to do
#   ALLOW_SHRINK     addresses that may lose more than half of their waiting people, separated by spaces or lines
#   LOCK_TIMEOUT     how long to wait for another run to end (default 10m)
#   SANDBOX          true: apply against the embedded simulator
set -euo pipefail
. "$(dirname "$0")/dialctl.sh"

path=${PROJECT_PATH:-.}
require_seal
drop_committed_caches "$path"

# The branch may have moved on while somebody looked at an older commit.
if [ -n "${APPROVED_COMMIT:-}" ] &&
  ! git diff --quiet "$APPROVED_COMMIT" HEAD -- "$path" ":(exclude)$path/dialctl.lock*" ":(exclude)$path/dialctl.history.jsonl"; then
  echo "Not applied: $path changed since $APPROVED_COMMIT, which was approved. Approve the run of the newest commit:" >&2
  echo "it applies these changes, too." >&2
  exit 1
fi

global=()
flags=(--auto-approve --lock-timeout "${LOCK_TIMEOUT:-10m}")
if [ "${SANDBOX:-false}" = true ]; then global+=(--sandbox); fi
if [ "${ONLY_APPROVED:-false}" = true ]; then flags+=(--only-approved); fi
set -f
for address in ${ALLOW_SHRINK:-}; do flags+=(--allow-shrink "$address"); done
set +f
dialctl ${global[@]+"${global[@]}"} apply "${flags[@]}" -- "${PLAN_FILE:-$path}"
