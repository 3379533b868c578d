#!/usr/bin/env bash
# Plans, and writes what a reviewer should see to $PLAN_MARKDOWN, also when the plan fails. Exits as dialctl did.
#
#   PROJECT_PATH   directory of the Project (default .)
#   PLAN_MARKDOWN  file for the comment (default plan.md)
#   PLAN_FILE      save the plan there for `dialctl apply FILE` (default: not saved)
#   BASE_REF       target branch, so that what the pull request did not cause is set apart (default: none)
#   SANDBOX        true: plan against the embedded simulator
set -uo pipefail

path=${PROJECT_PATH:-.}
markdown=${PLAN_MARKDOWN:-plan.md}
problems=$(mktemp)
plan=$(mktemp)
trap 'rm -f "$problems" "$plan"' EXIT

global=()
flags=(--format markdown)
if [ "${SANDBOX:-false}" = true ]; then
  global+=(--sandbox)
elif [ -z "${CARTESIA_API_KEY:-}${CALLINGBOX_API_KEY:-}" ]; then
  flags+=(--offline) # a fork's pull request gets no key
fi
if [ -n "${BASE_REF:-}" ]; then flags+=(--base-ref "$BASE_REF"); fi
case " ${flags[*]} " in
  *" --offline "*) ;; # a plan made without a key cannot be saved
  *) if [ -n "${PLAN_FILE:-}" ]; then flags+=(--out "$PLAN_FILE"); fi ;;
esac

dialctl ${global[@]+"${global[@]}"} plan "${flags[@]}" -- "$path" >"$plan" 2>"$problems"
code=$?
cat "$problems" >&2

# The first line finds the comment again, whatever the plan came to; a path is no place for a comment's end.
{
  printf '<!-- dialctl at %s -->\n' "$(printf %s "$path" | tr -cd '[:alnum:]._/-' | tr -s -)"
  if [ -s "$plan" ]; then
    cat "$plan"
  else
    printf '### The plan failed (exit %s)\n\n' "$code"
    head -c 40000 "$problems" | iconv -c -f utf-8 -t utf-8 | tr -d '\000-\010\013-\037\177' | sed 's/^/    /'
  fi
} >"$markdown"
exit "$code"
