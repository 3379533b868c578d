#!/usr/bin/env bash
# Installs dialctl into an environment of its own: what it needs by the hashes in requirements.txt, itself by a commit.
#
#   DIALCTL_TOOLS   where to make the environment, outside the checkout
#   DIALCTL_SOURCE  what to install: a directory, or git+https://HOST/dialctl@COMMIT with all 40 digits of the commit
#   PYTHON          Python 3.11 or newer (default python3)
set -euo pipefail

case $DIALCTL_SOURCE in
  git+*) [[ $DIALCTL_SOURCE =~ @[0-9a-f]{40}$ ]] || { echo "DIALCTL_SOURCE names no commit: ...@COMMIT" >&2 && exit 1; } ;;
  *) [ -d "$DIALCTL_SOURCE" ] || { echo "DIALCTL_SOURCE is no directory: $DIALCTL_SOURCE" >&2 && exit 1; } ;;
esac
"${PYTHON:-python3}" -I -m venv "$DIALCTL_TOOLS"
pip() { "$DIALCTL_TOOLS/bin/python" -I -m pip install --quiet --disable-pip-version-check "$@"; }
pip --require-hashes --only-binary :all: --requirement "$(dirname "$0")/requirements.txt"
pip --no-deps --no-build-isolation -- "$DIALCTL_SOURCE"
"$DIALCTL_TOOLS/bin/python" -I -m declarative version
