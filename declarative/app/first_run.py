"""The run that starts the lock of a project: whether it may, and what it leaves to do. Contacts no provider."""

from __future__ import annotations

from declarative.app.session import Session
from declarative.errors import ManifestError
from declarative.model.lock import Lock
from declarative.model.resource import Desired, Route
from declarative.planning.plan import Plan

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


def describe_new_lock(session: Session, plan: Plan) -> str:
    """Say that the lock file which this run started wants to be committed; empty where it was there before, or is kept
    elsewhere."""
    file = session.project_directory / "dialctl.lock"
    is_kept_here = not session.options.sandbox and "://" not in session.backend.location
    if plan.lock is not None or not is_kept_here or not file.exists():
        return ""
    return f"{file.name} is new: commit it. Without it, another checkout does not know who was called."


def _list_routes(desired: Desired) -> set[tuple[str, Route]]:
    return {(resource.provider, resource.route) for resource in desired.resources.values()}
