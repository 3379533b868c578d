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
from declarative.planning.planfile import SavedPlan, is_plan_file
from declarative.privacy import clean

__all__ = ["is_plan_file", "load_plan", "restrict_to_saved", "save_plan"]


def save_plan(session: Session, plan: Plan, file: Path) -> None:
    """Raises PlanFileError where the file cannot be written."""
    saved_plan = planfile.from_plan(
        plan,
        path=session.options.path,
        targets=tuple(session.options.targets),
        desired=session.desired.digest,
        hosts=_connected_hosts(session),
        key=session.key,
    )
    planfile.write_plan_file(saved_plan, file, session.key)


def load_plan(file: Path) -> SavedPlan:
    """Raises PlanFileError, for a plan of a project that is not where we stand, too."""
    saved_plan = planfile.read_plan_file(file, PersonKey(os.environ.get("DIALCTL_PERSON_KEY")))
    if not Path(saved_plan.path).exists():
        raise PlanFileError(
            f'{file} is a plan of "{clean(saved_plan.path)}", which is not here', hint="apply it from where it was made"
        )
    return saved_plan


def restrict_to_saved(saved_plan: SavedPlan) -> Callable[[Session, Plan], Plan]:
    """Holds every plan of an apply to the saved one. What the run itself has done meanwhile makes nothing stale: only
    the first plan is compared with the lock, later ones call nobody else."""
    first_skipped: list[tuple[Action, ...]] = []

    def restrict(session: Session, plan: Plan) -> Plan:
        if not first_skipped:
            planfile.check_against_saved(
                plan, saved_plan, desired=session.desired.digest, hosts=_connected_hosts(session), key=session.key
            )
            first_skipped.append(planfile.find_skipped(saved_plan, plan))
        return replace(plan, skipped=first_skipped[0])

    return restrict


def _connected_hosts(session: Session) -> dict[str, str]:
    return {name: provider.host for name, provider in session.connections.connected_providers.items()}
