"""Whether a lock belongs to the project, the person key and the hosts of a run. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from declarative.errors import StateError
from declarative.model.digest import PersonKey
from declarative.model.lock import Lock


def check_lock(lock: Lock, location: str, project_name: str, key: PersonKey, hosts: Mapping[str, str]) -> None:
    """Raises StateError for a lock whose people and batches could not be recognized here: everyone in it would look as
    if they were never called."""
    if lock.is_unused:
        return
    if lock.project != project_name:
        raise StateError(
            f'the lock at {location} is of project "{lock.project}", the manifests are of "{project_name}"',
            hint="a project keeps its name for life; check that this is the right directory",
        )
    if lock.person_key != key.fingerprint:
        raise StateError(
            f"the lock at {location} was written {'under another' if lock.person_key else 'without a'} "
            "DIALCTL_PERSON_KEY",
            hint="set the key it was written under" if lock.person_key else "unset DIALCTL_PERSON_KEY",
        )
    for name, host in hosts.items():
        locked_host = lock.hosts.get(name, host)
        if locked_host != host:
            raise StateError(
                f"the lock at {location} was written against {locked_host}, {name} is now at {host}",
                hint="check the base URL in the environment; calls of another host need a lock of their own",
            )
