#!/usr/bin/env bash
# Plans, and writes what a reviewer should see to $PLAN_MARKDOWN, also when the plan fails. Exits as dialctl did.
#
#   PROJECT_PATH   directory of the Project (default .)
#   PLAN_MARKDOWN  file for the comment (default plan.md)
#   PLAN_FILE      save the plan there for `dialctl apply FILE` (default: not saved); needs DIALCTL_PERSON_KEY
#   PLAN_COUNTS    append people-to-call=3 and the like to this file (default: nowhere)
#   BASE_REF       target branch, so that what the pull request did not cause is set apart (default: none)
#   ALLOW_SHRINK   addresses that may lose more than half of their waiting people, separated by spaces or lines
#   SANDBOX        true: plan against the embedded simulator
set -uo pipefail
. "$(dirname "$0")/dialctl.sh"

path=${PROJECT_PATH:-.}
markdown=${PLAN_MARKDOWN:-plan.md}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
drop_committed_caches "$path"

global=()
flags=()
if [ "${SANDBOX:-false}" = true ]; then
  global+=(--sandbox)
elif [ -z "${CARTESIA_API_KEY:-}${CALLINGBOX_API_KEY:-}" ]; then
  flags+=(--offline) # a fork's pull request gets no key
fi
if [ -n "${BASE_REF:-}" ]; then flags+=(--base-ref "$BASE_REF"); fi
set -f
for address in ${ALLOW_SHRINK:-}; do flags+=(--allow-shrink "$address"); done
set +f
saved=()
case " ${flags[*]-} " in
  *" --offline "*) ;; # a plan made without a key cannot be saved
  *)
    require_seal
    saved=(--out "$scratch/saved")
    ;;
esac
plan() { dialctl ${global[@]+"${global[@]}"} plan ${flags[@]+"${flags[@]}"} "$@" -- "$path"; }

plan --quiet --format markdown ${saved[@]+"${saved[@]}"} >"$scratch/plan" 2>"$scratch/problems"
code=$?
cat "$scratch/problems" >&2
if [ -n "${PLAN_FILE:-}" ] && [ -f "$scratch/saved" ]; then
  cp -- "$scratch/saved" "$PLAN_FILE" || code=1
fi

# The same plan again: as saved, or without a request where it is offline.
again() {
  if [ -f "$scratch/saved" ]; then
    dialctl show "$@" -- "$scratch/saved"
  elif [ -s "$scratch/plan" ] && [ "${#saved[@]}" = 0 ]; then
    plan "$@"
  elif [ "$*" = "--format github" ]; then
    dialctl validate "$@" -- "$path"
  fi 2>/dev/null
}
if [ "${GITHUB_ACTIONS:-}" = true ]; then again --format github; fi
if [ -n "${PLAN_COUNTS:-}" ]; then
  again --json | "$DIALCTL_TOOLS/bin/python" -I -c '
import json, sys
try:
    plan = json.load(sys.stdin)
except ValueError:
    sys.exit()  # there is no plan
people = {verb: sum(a["people"] for a in plan["actions"] if a["verb"] == verb) for verb in ("cancel", "wait")}
summary = plan["summary"]
print("people-to-call=%d" % (summary["people_to_call"] - summary["people_moved"]))
print("people-moved=%d" % summary["people_moved"])
print("people-taken-off=%d" % people["cancel"])
print("people-waiting=%d" % people["wait"])
print("blocked=%d" % summary["block"])' >>"$PLAN_COUNTS"
fi

# The first line finds the comment again, whatever the plan came to; a path is no place for a comment's end.
{
  printf '<!-- dialctl at %s -->\n' "$(printf %s "$path" | tr -cd '[:alnum:]._/-' | tr -s -)"
  if [ -s "$scratch/plan" ]; then
    cat "$scratch/plan"
  else
    printf '### The plan failed (exit %s)\n\n' "$code"
    head -c 40000 "$scratch/problems" | iconv -c -f utf-8 -t utf-8 | tr -d '\000-\010\013-\037\177' | sed 's/^/    /'
  fi
} >"$markdown"
exit "$code"
