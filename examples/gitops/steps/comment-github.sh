#!/usr/bin/env bash
# Posts $PLAN_MARKDOWN on a pull request, or updates the comment that an earlier run posted.
#
#   PLAN_MARKDOWN   the file (default plan.md); its first line finds the comment again
#   REPOSITORY      owner/name
#   PULL_REQUEST    its number
#   COMMENT_AUTHOR  whose comments may be updated (default github-actions[bot])
#   GH_TOKEN        for gh; needs pull-requests: write
set -euo pipefail

markdown=${PLAN_MARKDOWN:-plan.md}
author=${COMMENT_AUTHOR:-github-actions[bot]}
marker=$(head -n 1 -- "$markdown")
mine='.[] | select(.user.login == env.AUTHOR and (.body | startswith(env.MARKER))) | .id'
comments="repos/$REPOSITORY/issues/$PULL_REQUEST/comments"

existing=$(AUTHOR=$author MARKER=$marker gh api --paginate "$comments" --jq "$mine" | sed -n 1p)
if [ -n "$existing" ]; then
  gh api --method PATCH "repos/$REPOSITORY/issues/comments/$existing" -F "body=@$markdown" --silent
else
  gh api --method POST "$comments" -F "body=@$markdown" --silent
fi
