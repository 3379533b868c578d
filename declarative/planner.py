"""Plan: observe, compose each address, look across them, apply the policies. Changes nothing anywhere."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import polars as pl

from declarative.abilities import Abilities
from declarative.errors import ProviderError
from declarative.model import Kind, Route
from declarative.observe import Scene, observe
from declarative.planning import offline as from_memory
from declarative.planning import policy, warn
from declarative.planning.blocks import Block
from declarative.planning.compose import compose
from declarative.planning.decide import Reason
from declarative.planning.outlook import Outlook
from declarative.planning.plan import Action, Notice, Plan, Work, in_order
from declarative.providers.base import Provider
from declarative.session import Session

CLOCKS_DIFFER = 120.0
"""Seconds between the clocks here and at a provider from which on it is worth a warning."""


def plan(
    session: Session, *, max_dials: int | None = None, may_shrink: Collection[str] = (), offline: bool = False
) -> Plan:
    """What `dialctl plan` shows. Raises the first ProviderError where no provider at all could be read."""
    if offline:
        return from_memory.plan(session.desired, session.memory(), datetime.now(UTC), max_dials)
    holder = session.holder()
    scene = session.scene(session.lock(), applying=str(holder) if holder else None)
    made = make_plan(scene, session.abilities, max_dials=max_dials, may_shrink=may_shrink)
    failures = [failure for failure in session.providers.values() if isinstance(failure, ProviderError)]
    if failures and made.actions and all(action.reason is Reason.NOT_READ for action in made.actions):
        raise failures[0]
    return made


def make_plan(
    scene: Scene,
    abilities: Callable[[str, Route], Abilities],
    *,
    max_dials: int | None = None,
    may_shrink: Collection[str] = (),
    shrinking_is_meant: bool = False,
) -> Plan:
    """The plan for what is wanted, from what is there now. Providers that cannot be read block their own addresses."""
    outlooks = _looked_renamed(observe(scene))
    scene.progress("deciding")
    actions: list[Action] = []
    works: dict[str, Work] = {}
    for outlook in outlooks:
        resource = outlook.case.resource
        some, work = compose(outlook, abilities(resource.provider, resource.route) if resource else None)
        actions += some
        if work is not None:
            works[outlook.case.address] = work
    resources = list(scene.desired.resources.values())
    plan = Plan(
        project=scene.desired.project.name,
        created_at=max((o.case.now for o in outlooks), default=datetime.now(UTC)),
        actions=in_order(actions, list(scene.desired.resources)),
        works=works,
        held=policy.held(scene.desired),
    )
    refusals = policy.refusals(
        plan,
        scene.desired.project,
        resources,
        max_dials,
        [a.address for a in actions] if shrinking_is_meant else may_shrink,
    )
    warnings = (*_skewed(scene), *warn.warnings(plan, resources, abilities))
    return replace(plan, refusals=tuple(refusals), warnings=warnings)


def _skewed(scene: Scene) -> list[Notice]:
    """Times are the provider's, so a wrong clock here does no harm; it is worth knowing all the same."""
    if scene.born_together:  # the sandbox's clock is moved on purpose
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
    return {address: work.rung for address, work in plan.works.items()}


def _looked_renamed(outlooks: Sequence[Outlook]) -> list[Outlook]:
    """A new Batch whose people overlap those of an address that leaves in the same plan is held back: it is probably
    the same campaign under a new name, and would ring them all again. The one that leaves stays as well, or the next
    run would see no overlap any more."""
    leaving = [o for o in outlooks if o.case.resource is None and not o.tombstone and o.case.remotes]
    blocks: dict[str, Block] = {}
    for other in leaving:
        old = other.case.address
        shared = {o.case.address: count for o in outlooks if (count := _shared_by_a_new_one(o, other))}
        new = " and ".join(shared)
        way_out = f"if it is the same campaign: metadata.previously: [{old}]; if not, apply once without {new}"
        for address, count in shared.items():
            detail = f"{count:,} of its people are those of {old}, which leaves in this plan"
            blocks.setdefault(address, Block(Reason.LOOKS_RENAMED, detail, way_out))
        if shared:
            blocks[old] = Block(Reason.LOOKS_RENAMED, f"it leaves while {new} would ring its people", way_out)
    return [replace(o, block=o.block or blocks.get(o.case.address)) for o in outlooks]


def _shared_by_a_new_one(outlook: Outlook, leaving: Outlook) -> int:
    """How many people a new Batch has in common with an address that leaves; 0 for whatever is not new."""
    resource, record = outlook.case.resource, outlook.case.record
    if resource is None or resource.kind is not Kind.BATCH or record.generation or outlook.block is not None:
        return 0
    frames = [remote.members for remote in leaving.case.remotes.values() if remote.members is not None]
    if not frames:
        return 0
    known = pl.concat([frame.select("number") for frame in frames]).unique()
    return len(resource.people.frame.join(known, on="number", how="semi"))
