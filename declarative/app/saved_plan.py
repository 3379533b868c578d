"""Between a session and a saved plan: saves what was shown, and holds an apply to it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from declarative.app.session import Session
from declarative.errors import PlanFileError
from declarative.model.digest import PersonKey
from declarative.planning import planfile
from declarative.planning.plan import Action, Plan
from declarative.planning.planfile import SavedPlan, is_plan
from declarative.privacy import clean

__all__ = ["is_plan", "load", "narrow", "save"]


def save(session: Session, plan: Plan, file: Path) -> None:
    """Raises PlanFileError where the file cannot be written."""
    saved = planfile.of(
        plan,
        path=session.options.path,
        targets=tuple(session.options.targets),
        desired=session.desired.digest,
        hosts=_hosts(session),
        key=session.key,
    )
    planfile.write(saved, file, session.key)


def load(file: Path) -> SavedPlan:
    """Raises PlanFileError, for a plan of a project that is not where we stand, too."""
    saved = planfile.read(file, PersonKey(os.environ.get("DIALCTL_PERSON_KEY")))
    if not Path(saved.path).exists():
        raise PlanFileError(
            f'{file} is a plan of "{clean(saved.path)}", which is not here', hint="apply it from where it was made"
        )
    return saved


def narrow(saved: SavedPlan) -> Callable[[Session, Plan], Plan]:
    """Holds every plan of an apply to the saved one. What the run itself has done meanwhile makes nothing stale: only
    the first plan is compared with the lock, later ones ring nobody else."""
    first: list[tuple[Action, ...]] = []

    def to_saved(session: Session, plan: Plan) -> Plan:
        if not first:
            planfile.hold(plan, saved, desired=session.desired.digest, hosts=_hosts(session), key=session.key)
            first.append(planfile.skipped(saved, plan))
        return replace(plan, skipped=first[0])

    return to_saved


def _hosts(session: Session) -> dict[str, str]:
    return {name: provider.host for name, provider in session.connected_providers.items()}
