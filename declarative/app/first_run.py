"""Whether a run over a part of a project may start its lock. Contacts no provider."""

from __future__ import annotations

from declarative.app.session import Session
from declarative.errors import ManifestError
from declarative.model.lock import Lock
from declarative.model.resource import Desired, Route

_HINT = "run it over the whole project once, or start the lock with dialctl state new"


def find_partial_first_run(session: Session, lock: Lock | None) -> list[str]:
    """A sentence if there is no lock, and this run leaves out a provider that an earlier lock may have called at.

    A lock that was lost would be begun anew, and the next run would trust it.
    """
    if lock is not None or session.options.sandbox or session.desired.is_complete:
        return []
    try:
        unasked = _list_routes(session.load_whole_project()) - _list_routes(session.desired)
    except ManifestError:
        return [f"there is no lock, and the rest of the project cannot be read, which may have called before; {_HINT}"]
    names = sorted({name for name, _ in unasked})
    if not names:
        return []
    return [f"there is no lock, and this run does not ask {', '.join(names)} whether the project has called; {_HINT}"]


def _list_routes(desired: Desired) -> set[tuple[str, Route]]:
    return {(resource.provider, resource.route) for resource in desired.resources.values()}
