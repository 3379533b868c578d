"""What a reader of the plan should know before approving, though nothing forbids it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from math import ceil

from declarative import humanize
from declarative import humanize as counting
from declarative.model import mark
from declarative.model.capabilities import Capabilities
from declarative.model.policy import RECIPIENT
from declarative.model.resource import Kind, Resource, Route
from declarative.planning import calling_hours as hours
from declarative.planning import notices
from declarative.planning.blocks import taken_off
from declarative.planning.decide import Reason, Verb
from declarative.planning.facts import Facts
from declarative.planning.plan import Notice, Plan, Task

_EDITED = "a call is rung once in its life: editing it changes nothing; to ring again, give it a new name"


def warnings(
    plan: Plan, resources: Sequence[Resource], abilities: Callable[[str, Route], Capabilities]
) -> Iterator[Notice]:
    """Warnings by address, in the order of the resources; at the end of whom no plan can take off, and of what an
    apply has to look into in time."""
    edited = {action.address for action in plan.of(Verb.KEEP) if action.reason is Reason.RUNG_ONCE}
    for resource in resources:
        yield from _nobody_left(resource)
        rings = plan.rings.get(resource.address, 0)
        able = abilities(resource.provider, resource.route)
        if rings:
            yield from _no_longer_counted(plan, resource)
            yield from _concurrency(resource, rings, able)
            yield from _too_late(plan, resource, rings, able)
            yield from _after_hours(plan, resource, rings, able)
            yield from _abroad(plan, resource, able)
            yield from _one_by_one(resource, rings, able)
        if resource.address in edited:
            yield Notice(resource.address, _EDITED)
        yield from _cancelled_by_others(plan, resource)
        yield from _expired(plan, resource)
        yield from _forgone(plan, resource)
        yield from _no_zone(resource)
    for address, work in plan.tasks.items():
        yield from _placed(address, work)
        yield from (Notice(address, said) for said in notices.doubt_notices(work.case))


def _nobody_left(resource: Resource) -> Iterator[Notice]:
    """Everybody of it is kept out by policies: it has nothing to do for another reason than that all is done."""
    held = resource.people.held
    if held and not resource.people.count and not resource.paused:
        kept = ", ".join(f"{count:,} held back by {name}" for name, count in held.items())
        yield Notice(resource.address, f"nobody is left to ring: {kept}")


def _no_longer_counted(plan: Plan, resource: Resource) -> Iterator[Notice]:
    work = plan.tasks.get(resource.address)
    left = sorted({*work.case.record.also} - {*resource.also}) if work else []
    if left:
        what = f"spec.also named {', '.join(left)} when it was last applied"
        yield Notice(resource.address, f"{what}: people rung by it alone count as new, and are rung again")


def _cancelled_by_others(plan: Plan, resource: Resource) -> Iterator[Notice]:
    """A batch under `also` is its owners' to stop: nobody of it is submitted again for that."""
    work = plan.tasks.get(resource.address)
    if work is None:
        return
    for key in [key for key in resource.also if key in work.case.remotes]:
        if count := taken_off(work.case, work.case.remotes[key]):
            who = counting.plural(count, "person was taken off and is", "people were taken off and are")
            yield Notice(resource.address, f"{key} (spec.also) was cancelled: {who} not rung, by this manifest neither")


def _no_zone(resource: Resource) -> Iterator[Notice]:
    allowed = resource.policy.calling_hours
    if allowed and allowed.column and hours.column_is_missing(allowed.column, resource.people.frame):
        yield Notice(resource.address, f'nobody has the column "{allowed.column}": time zones are those of the numbers')
    count = hours.count_without_zone(allowed, resource.people.frame) if allowed else 0
    if count:
        who = counting.plural(count, "person has no known time zone and is", "people have none known and are")
        yield Notice(resource.address, f"calling hours by time zone: {who} never rung; name a column, or a fixed zone")


def _concurrency(resource: Resource, rings: int, able: Capabilities) -> Iterator[Notice]:
    shards = ceil(rings / able.max_people)
    limit = resource.settings.get("target_concurrency_limit")
    if shards > 1 and resource.route is Route.BATCH and isinstance(limit, int):
        yield Notice(
            resource.address,
            f"{shards} remote batches of up to {limit} calls at once each: up to {shards * limit} at once in all",
        )


def _too_late(plan: Plan, resource: Resource, rings: int, able: Capabilities) -> Iterator[Notice]:
    takes, said = _takes(resource, rings, able)
    if resource.expires_at and _starts(plan, resource) + takes > resource.expires_at:
        yield Notice(resource.address, f"{said}; not all can be through before expires_at")


def _after_hours(plan: Plan, resource: Resource, rings: int, able: Capabilities) -> Iterator[Notice]:
    """Single calls are placed within the hours one by one; a batch goes on by itself."""
    allowed, starts = resource.policy.calling_hours, _starts(plan, resource)
    if allowed is None or allowed.zone == RECIPIENT or resource.route is not Route.BATCH:
        return
    takes, said = _takes(resource, rings, able)
    if starts + takes > (ends := hours.closes(allowed, starts)):
        rest = "apply again then, or whoever is left is rung outside them"
        yield Notice(resource.address, f"{said}; calling hours end at {ends:%H:%M} UTC: {rest}")


def _starts(plan: Plan, resource: Resource) -> datetime:
    return max(plan.created_at, resource.scheduled_at or plan.created_at)


def _takes(resource: Resource, rings: int, able: Capabilities) -> tuple[timedelta, str]:
    """The least time that so many rings take, and the same in words; nothing where no pace is known."""
    pace = able.per_second if resource.route is Route.BATCH else resource.pace.calls_per_second
    if not pace:
        return timedelta(), ""
    least = timedelta(seconds=rings / pace)
    minutes = ceil(least / timedelta(minutes=1))
    return (
        least,
        f"{counting.plural(rings, 'person takes', 'people take')} at least {minutes:,} minutes at {pace:g} calls a second",
    )


def _expired(plan: Plan, resource: Resource) -> Iterator[Notice]:
    work = plan.tasks.get(resource.address)
    if work is not None and work.expired and resource.expires_at:
        over = resource.expires_at <= plan.created_at
        why = "expires_at is over" if over else "a batch begins to ring after the guard, and expires_at comes before"
        who = counting.plural(work.expired, "person is", "people are")
        yield Notice(resource.address, f"{who} not rung: {why}")


def _forgone(plan: Plan, resource: Resource) -> Iterator[Notice]:
    """Whoever is taken off while they wait for a retry counts as rung, and reads as nothing that a retry follows."""
    work = plan.tasks.get(resource.address)
    if work is None or resource.retry is None:
        return
    if work.retries_dropped_now:
        who = counting.plural(
            work.retries_dropped_now, "person who waits for a retry is", "people who wait for a retry are"
        )
        yield Notice(resource.address, f"{who} taken off, and will not be rung again by this resource")
    if work.retries_dropped_earlier:
        who = counting.plural(work.retries_dropped_earlier, "person was", "people were")
        yield Notice(resource.address, f"{who} taken off while waiting for a retry, and will not be rung again")


def _placed(address: str, work: Task) -> Iterator[Notice]:
    if work.placed:
        one, several = "person no longer wanted has a call that was", "people no longer wanted have calls that were"
        whose = counting.plural(work.placed, one, several)
        yield Notice(address, f"{whose} placed already: a single call is neither moved nor taken off")


def _abroad(plan: Plan, resource: Resource, able: Capabilities) -> Iterator[Notice]:
    """Cartesia numbers reach US destinations only (cartesia.md 5.3); `+1` is as near as a number itself tells."""
    work = plan.tasks.get(resource.address)
    if work is None or not able.destinations:
        return
    abroad = int((~work.ring.get_column("number").str.starts_with("+1")).sum()) if len(work.ring) else 0
    if abroad:
        outside = counting.plural(abroad, "of the numbers is", "of the numbers are")
        yield Notice(resource.address, f"{outside} outside +1: {able.destinations}")


def _one_by_one(resource: Resource, rings: int, able: Capabilities) -> Iterator[Notice]:
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
    if not able.returns_data:
        yield Notice(resource.address, able.notes)


def doubt_notices(case: Facts) -> Iterator[str]:
    """Sentences for whoever plans or looks: another apply, in time, finds out and takes back what is one too many."""
    for key, known in case.record.remotes.items():
        remote = case.remotes.get(key)
        starts = remote.scheduled_at if remote and known.doubts and not remote.cancelled else None
        if starts is not None and starts > case.now:
            yield (
                f"{key} was sent since an earlier request seemed lost, and its run ended before the list proved it: "
                f"run dialctl apply before {humanize.when(starts)}, or people may be rung twice"
            )
    yield from _given_up(case)


def _given_up(case: Facts) -> Iterator[str]:
    """The provider takes a request with a later time of its own until then. The lock keeps no time of a mark that was
    given up; the settings in it tell that it is the manifest's."""
    starts = case.resource.scheduled_at if case.resource else None
    if case.resource is None or starts is None or starts <= case.now:
        return
    settings = mark.settings_hash(case.resource.settings_digest)
    given_up = [found for text in case.record.revoked if (found := mark.parse(text)) and found.settings == settings]
    if given_up:
        yield (
            "a request that was given up as lost would still be taken, should it arrive late: run dialctl apply "
            f"once more before {humanize.when(starts)}"
        )
