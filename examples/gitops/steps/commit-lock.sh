#!/usr/bin/env bash
# Commits dialctl.lock (and its journal, should a run have died) with the history beside it, and pushes them. Nothing to
# commit is fine. The line in .gitattributes makes git keep the lines of both where two runs added to the history.
#
#   PROJECT_PATH  directory of the Project (default .)
#   BRANCH        branch to push to (default: the one checked out)
#   REMOTE        where to push (default origin)
#   PUSH_USER     name to push under, with PUSH_TOKEN: read from here alone, never in a command line or a file
set -euo pipefail

path=${PROJECT_PATH:-.}
remote=${REMOTE:-origin}
branch=${BRANCH:-$(git rev-parse --abbrev-ref HEAD)}

git_with_token() {
  if [ -z "${PUSH_TOKEN:-}" ]; then
    git "$@"
  else
    # shellcheck disable=SC2016 # git's own shell reads the two variables
    git -c credential.helper= -c credential.helper='!f() { echo "username=$PUSH_USER"; echo "password=$PUSH_TOKEN"; }; f' "$@"
  fi
}

for file in "$path/dialctl.lock" "$path/dialctl.lock.journal" "$path/dialctl.history.jsonl"; do
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
  if git_with_token push --quiet "$remote" "HEAD:$branch"; then exit 0; fi
  echo "The push was refused; trying again on top of what is there now ($attempt of 5)." >&2
  if ! git_with_token pull --quiet --rebase --autostash "$remote" "$branch"; then
    git rebase --abort || true
    break
  fi
done
cat >&2 <<END
The lock could not be pushed. It says who was called: $path/dialctl.lock, kept with the artifacts of this job, and so is
$path/dialctl.history.jsonl.
Until it is in $branch, runs are held back (lock_is_older, no_memory). The way back:
  1. download them over those in a checkout of $branch (and dialctl.lock.journal, if there is one); of the history keep
     the lines of both;
  2. where git shows a conflict with the one in $branch: dialctl state merge;
  3. git add $path/dialctl.lock $path/dialctl.history.jsonl && git commit -m "Remember who was called" && git push
If it is lost: dialctl state rebuild --over-older.
END
exit 1
