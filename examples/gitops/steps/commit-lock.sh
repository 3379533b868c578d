#!/usr/bin/env bash
# Commits dialctl.lock (and its journal, should a run have died) and pushes it. Nothing to commit is fine.
#
#   PROJECT_PATH  directory of the Project (default .)
#   BRANCH        branch to push to (default: the one checked out)
#   REMOTE        where to push (default origin)
set -euo pipefail

path=${PROJECT_PATH:-.}
remote=${REMOTE:-origin}
branch=${BRANCH:-$(git rev-parse --abbrev-ref HEAD)}

for file in "$path/dialctl.lock" "$path/dialctl.lock.journal"; do
  if [ -e "$file" ] || git ls-files --error-unmatch -- "$file" >/dev/null 2>&1; then
    git add --all -- "$file"
  fi
done
if git diff --cached --quiet; then
  echo "The lock did not change."
  exit 0
fi
git commit --quiet -m "Remember who was called [skip ci]"
for attempt in 1 2 3 4 5; do
  if git push --quiet "$remote" "HEAD:$branch"; then exit 0; fi
  echo "The push was refused; trying again on top of what is there now ($attempt of 5)." >&2
  if ! git pull --quiet --rebase --autostash "$remote" "$branch"; then
    git rebase --abort || true
    break
  fi
done
echo "The lock could not be pushed. Keep this file, it says who was called: $path/dialctl.lock" >&2
echo "Until it is in the branch, runs are held back as lock_is_older or no_memory." >&2
exit 1
