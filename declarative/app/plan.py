"""Plan: observe, compose each address, look across them, apply the policies. Changes nothing anywhere."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import polars as pl

from declarative.app.session import Session
from declarative.engine.observe import ObserveScope, observe
from declarative.errors import ProviderError
from declarative.model.capabilities import Capabilities
from declarative.model.resource import Route
from declarative.planning import notices as warn
from declarative.planning import offline as from_memory
from declarative.planning import policy
from declarative.planning import renames as renamed
from declarative.planning.actions import compose
from declarative.planning.decide import Reason
from declarative.planning.facts import Observation
from declarative.planning.plan import Action, Notice, Plan, Task, in_order
from declarative.providers.base import Provider

CLOCKS_DIFFER = 120.0
"""Seconds between the clocks here and at a provider from which on it is worth a warning."""


def plan(
    session: Session, *, max_dials: int | None = None, may_shrink: Collection[str] = (), offline: bool = False
) -> Plan:
    """What `dialctl plan` shows. Raises the first ProviderError where no provider at all could be read."""
    if offline:
        now, sandbox = datetime.now(UTC), session.options.sandbox
        return from_memory.plan(session.desired, session.local_lock(), now, session.key, max_dials, sandbox=sandbox)
    holder = session.holder()
    scene = session.scene(session.lock(), applying=str(holder) if holder else None)
    made = make_plan(scene, session.abilities, max_dials=max_dials, allow_shrink=may_shrink)
    failures = [failure for failure in session.providers.values() if isinstance(failure, ProviderError)]
    if failures and made.actions and all(action.reason is Reason.NOT_READ for action in made.actions):
        raise failures[0]
    return made


def make_plan(
    scene: ObserveScope,
    abilities: Callable[[str, Route], Capabilities],
    *,
    max_dials: int | None = None,
    allow_shrink: Collection[str] = (),
    allow_all_shrink: bool = False,
) -> Plan:
    """The plan for what is wanted, from what is there now. Providers that cannot be read block their own addresses."""
    outlooks = renamed.block_renames(observe(replace(scene, include_removed=True)))
    scene.progress("deciding")
    plan = _composed(scene, outlooks, abilities)
    project, resources = scene.desired.project, list(scene.desired.resources.values())
    may_leave = [action.address for action in plan.actions] if allow_all_shrink else allow_shrink
    refusals = policy.refusals(plan, project, resources, max_dials, may_leave, sandbox=scene.lock_is_authoritative)
    if allow_shrink:
        known = {*scene.desired.resources, *scene.desired.named(), *(scene.lock.resources if scene.lock else ())}
        refusals += policy.unknown_shrinking(allow_shrink, known)
    warnings = (*_skewed(scene), *warn.warnings(plan, resources, abilities))
    return replace(plan, refusals=tuple(refusals), warnings=warnings)


def _composed(
    scene: ObserveScope, outlooks: Sequence[Observation], abilities: Callable[[str, Route], Capabilities]
) -> Plan:
    """Every address with its actions and its work; nothing is forbidden or warned of yet."""
    actions: list[Action] = []
    works: dict[str, Task] = {}
    for outlook in outlooks:
        resource = outlook.case.resource
        some, work = compose(outlook, abilities(resource.provider, resource.route) if resource else None)
        actions += some
        if work is not None:
            works[outlook.case.address] = work
    return Plan(
        project=scene.desired.project.name,
        created_at=max((o.case.now for o in outlooks), default=datetime.now(UTC)),
        actions=in_order(actions, list(scene.desired.resources)),
        lock=scene.lock,
        tasks=works,
        held=policy.held_counts(scene.desired),
    )


def _skewed(scene: ObserveScope) -> list[Notice]:
    """Times are the provider's, so a wrong clock here does no harm; it is worth knowing all the same."""
    if scene.lock_is_authoritative:  # the sandbox's clock is moved on purpose
        return []
    used = {resource.provider for resource in scene.desired.resources.values()}
    found = []
    for name, provider in scene.providers.items():
        skew = 0.0 if isinstance(provider, ProviderError) or name not in used else _skew(provider)
        if abs(skew) > CLOCKS_DIFFER:
            way = "behind" if skew > 0 else "ahead of"
            found.append(Notice(name, f"this machine's clock is {abs(skew):,.0f} s {way} the provider's"))
    return found


def _skew(provider: Provider) -> float:
    try:
        return provider.skew()
    except ProviderError:
        return 0.0  # it is said elsewhere that it could not be read


def approved_people(plan: Plan) -> Mapping[str, pl.Series]:
    """Who may be rung under this plan, by address: those submitted, moved or retried in it."""
    return {address: work.rung for address, work in plan.tasks.items()}
