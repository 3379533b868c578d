"""Saves a plan to a file, reads it again, and limits an apply to what the file allows. What such a file means is
planning/planfile.py's business."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from declarative import atomicfile
from declarative.app.session import Session
from declarative.errors import PlanFileError
from declarative.model.digest import PersonKey
from declarative.planning import planfile, released, shown_plan
from declarative.planning.plan import Action, Plan
from declarative.planning.planfile import SavedPlan
from declarative.privacy import clean

_HEAD_BYTES = 64
"""How much of a file is read to recognize a saved plan: its kind stands at the very beginning."""


def is_plan_file(file: Path) -> bool:
    """Whether a path names a saved plan rather than manifests. A file that cannot be read is none."""
    try:
        with file.open("rb") as stream:
            return planfile.KIND.encode() in stream.read(_HEAD_BYTES)
    except OSError:
        return False


def digest_plan_file(file: Path) -> str:
    """The digest of a saved plan, as `sha256sum` prints it. Raises OSError."""
    return f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"


def save_plan(
    session: Session,
    plan: Plan,
    file: Path,
    allow_release: Collection[str] = (),
    allow_shrink: Collection[str] = (),
) -> None:
    """Write the plan to `file`, readable by its owner only, with what it was allowed: the do-not-call lists that it may
    release, and the addresses that may shrink. Raises PlanFileError if the file cannot be written."""
    saved_plan = planfile.from_plan(
        plan,
        path=session.options.path,
        targets=tuple(session.desired.resources) if session.options.selection else (),
        desired=session.desired.digest,
        hosts=session.connections.hosts,
        key=session.key,
        releases=released.find_allowed(session.desired, allow_release),
        allow_shrink=allow_shrink,
    )
    write_plan_file(saved_plan, file, session.key)


def write_plan_file(saved_plan: SavedPlan, file: Path, key: PersonKey) -> None:
    """Raises PlanFileError if the file cannot be written; a file that was there before is whole then."""
    try:
        atomicfile.write_private(file, planfile.render_plan_file(saved_plan, key))
    except OSError as error:
        hint = "" if file.parent.is_dir() else "name a directory that exists"
        raise PlanFileError(f"{file} cannot be written: {error.strerror}", hint=hint) from None


def read_plan_file(file: Path, key: PersonKey) -> SavedPlan:
    """Raises PlanFileError for a file that is missing, truncated, changed, or saved under another person key."""
    try:
        content = file.read_bytes()
    except OSError:
        content = b""
    for other in key.others:  # a plan is saved under the key of its lock, whichever of them that is
        with suppress(PlanFileError):
            return planfile.parse_plan_file(content, file, other)
    return planfile.parse_plan_file(content, file, key)


def load_plan(file: Path) -> SavedPlan:
    """Read a saved plan that is to be applied here. Raises PlanFileError, also if its project is not at the path that
    it was saved with."""
    saved_plan = read_plan_file(file, PersonKey.from_environment(os.environ))
    if not Path(saved_plan.path).exists():
        raise PlanFileError(
            f'{file} is a plan of "{clean(saved_plan.path)}", which is not here', hint="apply it from where it was made"
        )
    return saved_plan


def show_plan(file: Path, key: PersonKey) -> Plan:
    """The plan in a file, to be shown again. Raises PlanFileError as `read_plan_file` does."""
    saved_plan = read_plan_file(file, key)
    try:
        return shown_plan.restore(saved_plan.project, saved_plan.shown)
    except (KeyError, TypeError, ValueError):
        raise PlanFileError(
            f"{file} was saved by another version of dialctl", hint="show it with the version that saved it"
        ) from None


def find_releases(saved_plan: SavedPlan, session: Session) -> list[str]:
    """Return the do-not-call lists that a saved plan allows to hold fewer numbers than at the last apply. A list that
    lost more since then is not one of them."""
    sizes = released.find_allowed(session.desired, list(saved_plan.releases))
    return [name for name, size in saved_plan.releases.items() if sizes[name] >= size]


def restrict_to_saved(saved_plan: SavedPlan) -> Callable[[Session, Plan], Plan]:
    """A function for `ApplyOptions.restrict`: it raises PlanFileError for a plan that does more than the saved one.

    Only the first plan of an apply is compared. Later ones are made after the run itself changed the lock, which makes
    nothing stale, and by then the approved people limit every request.
    """
    first_skipped: list[tuple[Action, ...]] = []

    def restrict(session: Session, plan: Plan) -> Plan:
        if not first_skipped:
            planfile.check_against_saved(
                plan, saved_plan, desired=session.desired.digest, hosts=session.connections.hosts, key=session.key
            )
            first_skipped.append(planfile.find_skipped(saved_plan, plan))
        return replace(plan, skipped=first_skipped[0])

    return restrict
