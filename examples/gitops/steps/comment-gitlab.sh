#!/usr/bin/env bash
# Posts $PLAN_MARKDOWN on a merge request, or updates the note that an earlier run posted. Needs curl and Python.
#
#   PLAN_MARKDOWN           the file (default plan.md); its first line finds the note again
#   GITLAB_TOKEN            a project access token with the scope api (CI_JOB_TOKEN may not write notes)
#   CI_API_V4_URL, CI_PROJECT_ID, CI_MERGE_REQUEST_IID   set by GitLab
set -euo pipefail

markdown=${PLAN_MARKDOWN:-plan.md}
notes="$CI_API_V4_URL/projects/$CI_PROJECT_ID/merge_requests/$CI_MERGE_REQUEST_IID/notes"

# The token goes by a file: a command line can be read by every process.
secret=$(mktemp)
trap 'rm -f "$secret"' EXIT
printf 'header = "PRIVATE-TOKEN: %s"\n' "$GITLAB_TOKEN" >"$secret"
ask() { curl --silent --show-error --fail --config "$secret" "$@"; }

find_note='
import json, sys
marker = open(sys.argv[1], encoding="utf-8").readline().strip()
me = json.loads(sys.argv[2])["id"]
print(next((n["id"] for n in json.load(sys.stdin) if n["author"]["id"] == me and n["body"].startswith(marker)), ""))'

me=$(ask "$CI_API_V4_URL/user")
existing=$(ask "$notes?per_page=100&order_by=created_at&sort=asc" | python3 -c "$find_note" "$markdown" "$me")
if [ -n "$existing" ]; then
  ask --request PUT --data-urlencode "body@$markdown" --output /dev/null "$notes/$existing"
else
  ask --request POST --data-urlencode "body@$markdown" --output /dev/null "$notes"
fi
