# Read by the other steps: `dialctl` in an environment of its own, isolated, so that no file of the checkout is code.
#
#   DIALCTL_TOOLS  the environment that install.sh made

dialctl() {
  "${DIALCTL_TOOLS:?names no environment; install.sh makes it}/bin/python" -I -m declarative "$@"
}

# Whoever may commit may commit a .dialctl/, too: caches, a lease, a sandbox. It is this machine's alone, and goes.
drop_committed_caches() {
  if [ -n "$(git ls-files -- "$1/.dialctl" 2>/dev/null)" ]; then
    echo "$1/.dialctl is committed, and belongs in .gitignore: it is removed for this run." >&2
    rm -rf -- "$1/.dialctl"
  fi
}

# A saved plan that leaves the machine is sealed with the person key. Without it whoever can write the file can forge it.
require_seal() {
  if [ -n "${PLAN_FILE:-}" ] && [ "${SANDBOX:-false}" != true ] && [ -z "${DIALCTL_PERSON_KEY:-}" ]; then
    echo "PLAN_FILE needs DIALCTL_PERSON_KEY: it is the seal of a saved plan, without which anybody could write one." >&2
    exit 1
  fi
}
