"""What a reader of the plan should know before approving, though nothing forbids it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from math import ceil

from declarative.abilities import Abilities
from declarative.model import Kind, Resource, Route
from declarative.planning import hours
from declarative.planning.decide import Reason, Verb
from declarative.planning.plan import Notice, Plan


def warnings(
    plan: Plan, resources: Sequence[Resource], abilities: Callable[[str, Route], Abilities]
) -> Iterator[Notice]:
    """Warnings by address, in the order of the resources."""
    for resource in resources:
        rings = sum(a.people for a in plan.actions if a.address == resource.address and a.verb.dials)
        able = abilities(resource.provider, resource.route)
        if rings:
            yield from _concurrency(resource, rings, able)
            yield from _too_late(plan, resource, rings, able)
            yield from _abroad(plan, resource, able)
            yield from _one_by_one(resource, rings, able)
        yield from _edited_call(plan, resource)
        yield from _no_zone(resource)


def _no_zone(resource: Resource) -> Iterator[Notice]:
    allowed = resource.policy.calling_hours
    if allowed and allowed.column and hours.is_nobodys(allowed.column, resource.people.frame):
        yield Notice(resource.address, f'nobody has the column "{allowed.column}": time zones are those of the numbers')
    count = hours.never_rung(allowed, resource.people.frame) if allowed else 0
    if count:
        who = "1 person has no known time zone and is" if count == 1 else f"{count:,} people have none known and are"
        yield Notice(resource.address, f"calling hours by time zone: {who} never rung; name a column, or a fixed zone")


def _concurrency(resource: Resource, rings: int, able: Abilities) -> Iterator[Notice]:
    shards = ceil(rings / able.max_people)
    limit = resource.settings.get("target_concurrency_limit")
    if shards > 1 and resource.route is Route.BATCH and isinstance(limit, int):
        yield Notice(
            resource.address,
            f"{shards} remote batches of up to {limit} calls at once each: up to {shards * limit} at once in all",
        )


def _too_late(plan: Plan, resource: Resource, rings: int, able: Abilities) -> Iterator[Notice]:
    pace = able.per_second if resource.route is Route.BATCH else resource.pace.calls_per_second
    if resource.expires_at is None or not pace:
        return
    starts = max(plan.created_at, resource.scheduled_at or plan.created_at)
    minutes = ceil(rings / pace / 60)
    if starts + timedelta(seconds=rings / pace) > resource.expires_at:
        yield Notice(
            resource.address,
            f"{rings:,} people take at least {minutes:,} minutes at {pace:g} calls a second; not all can be through "
            f"before expires_at",
        )


def _abroad(plan: Plan, resource: Resource, able: Abilities) -> Iterator[Notice]:
    """Cartesia numbers reach US destinations only (cartesia.md 5.3); `+1` is as near as a number itself tells."""
    work = plan.works.get(resource.address)
    if work is None or not able.reach:
        return
    abroad = int((~work.ring.get_column("number").str.starts_with("+1")).sum()) if len(work.ring) else 0
    if abroad:
        verb = "is" if abroad == 1 else "are"
        yield Notice(resource.address, f"{abroad:,} of the numbers {verb} outside +1: {able.reach}")


def _one_by_one(resource: Resource, rings: int, able: Abilities) -> Iterator[Notice]:
    """What a provider without batches cannot do, and how little of an old route can be proven."""
    if able.cancellable:
        return
    if resource.kind is Kind.BATCH and rings > 1:
        took = timedelta(seconds=ceil((rings - 1) / resource.pace.calls_per_second))
        yield Notice(
            resource.address,
            f"{rings:,} calls are placed one by one while apply runs, {resource.pace.calls_per_second:g} a second "
            f"({took} at least); once placed, a call is neither moved nor taken off",
        )
    if not able.echoes:
        yield Notice(resource.address, able.notes)


def _edited_call(plan: Plan, resource: Resource) -> Iterator[Notice]:
    for action in plan.of(Verb.KEEP):
        if action.address == resource.address and action.reason is Reason.RUNG_ONCE:
            yield Notice(
                resource.address,
                "a call is rung once in its life: editing it changes nothing; to ring again, give it a new name",
            )
