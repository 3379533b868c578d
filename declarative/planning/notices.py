"""Warnings: what a reader of the plan should know before approving, though nothing forbids it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from math import ceil

from declarative import humanize
from declarative.model import mark
from declarative.model.capabilities import Capabilities
from declarative.model.recipients import HELD_BACK
from declarative.model.resource import Resource, Route
from declarative.planning import calling_hours as hours
from declarative.planning.blocks import count_taken_off
from declarative.planning.decide import Reason, Verb
from declarative.planning.facts import Facts
from declarative.planning.plan import Notice, Plan, Task
from declarative.planning.repeatable import may_repeat
from declarative.planning.route_notices import RouteNotices, unsettled_notices
from declarative.planning.stuck import endless_notices
from declarative.privacy import clean, mask

PENDING_TOO_LONG = timedelta(hours=1)
"""How long after its time a batch may wait for its first call before it is worth a warning."""
_EDITED = "a call is called once in its life: editing it changes nothing; to call again, give it a new name"


def plan_notices(
    plan: Plan,
    resources: Sequence[Resource],
    capabilities_of: Callable[[str, Route], Capabilities],
    guard: timedelta = timedelta(),
) -> Iterator[Notice]:
    """Yield warnings by address, in the order of the resources. `guard` is the project's.

    At the end come warnings of placed calls, which no plan can take off, and of doubts, which an apply settles in time.
    """
    edited = {action.address for action in plan.actions_with_verb(Verb.KEEP) if action.reason is Reason.CALLED_ONCE}
    routes, batches = RouteNotices(plan, guard), Counter[str]()
    for action in plan.actions:
        batches[action.address] += action.counts.get("batches", 0)
    for resource in resources:
        yield from _warn_no_one_left(resource)
        call_count = plan.calls_by_address.get(resource.address, 0)
        capabilities = capabilities_of(resource.provider, resource.route)
        if call_count:
            yield from _warn_also_removed(plan, resource)
            yield from _warn_concurrency(
                resource, max(batches[resource.address], ceil(call_count / capabilities.max_people))
            )
            yield from _warn_too_late(plan, resource, call_count, capabilities)
            yield from routes.list_notices(resource, call_count, capabilities)
        yield from _warn_after_hours(plan, resource)
        yield from unsettled_notices(plan, resource)
        if resource.address in edited:
            yield Notice(resource.address, _EDITED)
        yield from _warn_cancelled_by_others(plan, resource)
        yield from _warn_expired(plan, resource)
        yield from _warn_dropped_retries(plan, resource)
        yield from _warn_unapproved_mates(plan, resource)
        yield from _warn_time_zones(resource)
        yield from (Notice(resource.address, message) for message in resource.recipients.warnings)
    for address, task in plan.tasks.items():
        yield from _warn_placed_calls(address, task)
        yield from (Notice(address, message) for message in (*doubt_notices(task.facts), *endless_notices(task.facts)))


def _warn_no_one_left(resource: Resource) -> Iterator[Notice]:
    """Warn where policies exclude all people: then the resource has nothing to do, though nothing was done."""
    held_counts = resource.recipients.excluded_counts
    if held_counts and not resource.recipients.count and not resource.paused:
        reasons = [f"{count:,} held back ({HELD_BACK.get(name, name)})" for name, count in held_counts.items()]
        exclusions = ", ".join(reasons)
        yield Notice(resource.address, f"nobody is left to call: {exclusions}")


def _warn_also_removed(plan: Plan, resource: Resource) -> Iterator[Notice]:
    task = plan.tasks.get(resource.address)
    removed_ids = sorted({*task.facts.resource_record.also} - {*resource.also}) if task else []
    if removed_ids:
        change = f"spec.also named {', '.join(removed_ids)} when it was last applied"
        yield Notice(resource.address, f"{change}: people called by it alone count as new, and are called again")


def _warn_cancelled_by_others(plan: Plan, resource: Resource) -> Iterator[Notice]:
    """Warn of a batch under `also` that its owner stopped: its people are not submitted again."""
    task = plan.tasks.get(resource.address)
    if task is None:
        return
    for remote_id in [remote_id for remote_id in resource.also if remote_id in task.facts.remotes]:
        if count := count_taken_off(task.facts, task.facts.remotes[remote_id]):
            phrase = humanize.plural(count, "person was taken off", "people were taken off")
            message = f"{remote_id} (spec.also) was cancelled: {phrase}, and this manifest does not call them either"
            yield Notice(resource.address, message)


def _warn_time_zones(resource: Resource) -> Iterator[Notice]:
    calling_hours = resource.policy.calling_hours
    if (
        calling_hours
        and calling_hours.column
        and hours.column_is_missing(calling_hours.column, resource.recipients.frame)
    ):
        yield Notice(
            resource.address, f'nobody has the column "{calling_hours.column}": time zones are those of the numbers'
        )
    count = hours.count_without_zone(calling_hours, resource.recipients.people) if calling_hours else 0
    if count:
        phrase = humanize.plural(count, "person has no known time zone and is", "people have none known and are")
        yield Notice(
            resource.address, f"calling hours by time zone: {phrase} never called; name a column, or a fixed zone"
        )


def _warn_concurrency(resource: Resource, shards: int) -> Iterator[Notice]:
    limit = resource.fields.at_once_of(resource.settings)
    if shards > 1 and resource.route is Route.BATCH and limit is not None:
        yield Notice(
            resource.address,
            f"{shards} remote batches of up to {limit} calls at once each: up to {shards * limit} at once in all",
        )


def _warn_too_late(plan: Plan, resource: Resource, call_count: int, capabilities: Capabilities) -> Iterator[Notice]:
    duration, message = _minimum_duration(resource, call_count, capabilities)
    if resource.expires_at and _start_time(plan, resource) + duration > resource.expires_at:
        yield Notice(resource.address, f"{message}; not all can be through before expires_at")


def _warn_after_hours(plan: Plan, resource: Resource) -> Iterator[Notice]:
    """Warn of people who wait since a batch could not begin their calls before the calling hours end."""
    task = plan.tasks.get(resource.address)
    if task is None or not task.late_count or task.facts.closing is None:
        return
    closing = task.facts.closing
    rate = closing.rate
    paces = [f"{rate.at_once:,} at once", f"{humanize.duration(rate.expected_call)} a call"]
    if rate.per_second:
        paces.append(f"{rate.per_second:g} begun a second")
    phrase = humanize.plural(task.late_count, "person waits", "people wait")
    until = f" until {humanize.when(closing.reopens_at, plan.created_at)}" if closing.reopens_at else ""
    yield Notice(
        resource.address,
        f"{phrase}{until}: they cannot be begun before their calling hours end ({', '.join(paces)}); "
        f"{resource.fields.at_once or 'concurrency'} and expected_call decide how many can",
    )


def _start_time(plan: Plan, resource: Resource) -> datetime:
    return max(plan.created_at, resource.scheduled_at or plan.created_at)


def _minimum_duration(resource: Resource, call_count: int, capabilities: Capabilities) -> tuple[timedelta, str]:
    """Return the least time that so many calls take, and a sentence of it; zero and "" where no pace is known."""
    pace = capabilities.per_second if resource.route is Route.BATCH else resource.pace.calls_per_second
    if not pace:
        return timedelta(), ""
    least = timedelta(seconds=call_count / pace)
    minutes = ceil(least / timedelta(minutes=1))
    phrase = humanize.plural(call_count, "person takes", "people take")
    return least, f"{phrase} at least {minutes:,} minutes at {pace:g} calls a second"


def _warn_expired(plan: Plan, resource: Resource) -> Iterator[Notice]:
    task = plan.tasks.get(resource.address)
    if task is not None and task.expired_count and resource.expires_at:
        has_expired = resource.expires_at <= plan.created_at
        cause = (
            "expires_at is over"
            if has_expired
            else "a batch begins to call after the guard, and expires_at comes before"
        )
        phrase = humanize.plural(task.expired_count, "person is", "people are")
        yield Notice(resource.address, f"{phrase} not called: {cause}")


def _warn_dropped_retries(plan: Plan, resource: Resource) -> Iterator[Notice]:
    """Warn of people who are taken off while they wait for a retry. They count as called, and read `cancelled`, which
    no retry follows."""
    task = plan.tasks.get(resource.address)
    if task is None or resource.retry is None:
        return
    if task.retries_dropped_now:
        phrase = humanize.plural(
            task.retries_dropped_now, "person who waits for a retry is", "people who wait for a retry are"
        )
        yield Notice(resource.address, f"{phrase} taken off, and will not be called again by this resource")
    if task.retries_dropped_earlier:
        phrase = humanize.plural(task.retries_dropped_earlier, "person was", "people were")
        yield Notice(resource.address, f"{phrase} taken off while waiting for a retry, and will not be called again")


def _warn_unapproved_mates(plan: Plan, resource: Resource) -> Iterator[Notice]:
    task = plan.tasks.get(resource.address)
    if task is not None and task.unapproved_mates:
        verb = "shares" if task.unapproved_mates == 1 else "share"
        phrase = humanize.people(task.unapproved_mates)
        yield Notice(
            resource.address, f"{phrase} {verb} a batch that is cancelled for others: they wait for approval, too"
        )


def _warn_placed_calls(address: str, task: Task) -> Iterator[Notice]:
    if not task.placed_count:
        return
    if any(remote.route is Route.CALL for remote in task.facts.remotes.values()):
        singular, plural = "person no longer wanted has a call that was", "people no longer wanted have calls that were"
        phrase = humanize.plural(task.placed_count, singular, plural)
        yield Notice(address, f"{phrase} placed already: a single call is neither moved nor taken off")
        return
    singular, plural = "person no longer wanted waits", "people no longer wanted wait"
    phrase = humanize.plural(task.placed_count, singular, plural)
    yield Notice(
        address,
        f"{phrase} in what begins within 30 seconds, or has begun: nobody is taken off there any more, since a cancel "
        f"proves nothing then. To stop it all the same: dialctl halt {address}",
    )


def doubt_notices(facts: Facts) -> Iterator[str]:
    """Yield sentences for `plan` and `status`: how a lost request is disproved, until when one may still arrive, and
    which batch does not begin."""
    yield from _announce_repeat(facts)
    yield from _announce_probe(facts)
    yield from _warn_revoked(facts)
    yield from _warn_pending(facts)


def _announce_repeat(facts: Facts) -> Iterator[str]:
    """Yield what apply sends again under an idempotency key, where it may."""
    capabilities = facts.capabilities
    intents = [
        intent for intent in facts.open_intents() if capabilities and may_repeat(intent, capabilities, facts.now)
    ]
    if intents:
        sent_at = humanize.when(min(intent.sent_at for intent in intents))
        count = humanize.people(sum(intent.count for intent in intents))
        yield (
            f"an answer was lost at {sent_at}: apply sends the same request for {count} again under its key, while "
            "exactly they are due; either answer names the same calls"
        )


def _announce_probe(facts: Facts) -> Iterator[str]:
    """Yield what apply does to prove that a lost batch never arrived, where it may."""
    lost_intents = [intent for intent in facts.open_intents() if intent.is_batch and intent.fence]
    if not lost_intents:
        return
    sent_at = humanize.when(min(intent.sent_at for intent in lost_intents))
    fence = max(intent.fence for intent in lost_intents if intent.fence)
    resource = facts.resource
    number = facts.probe_number or (resource.fields.caller_of(resource.settings) if resource else "")
    own_number = f"our own number {mask(number)}" if number else "our own calling number"
    yield (
        f"an answer was lost at {sent_at}; where the list shows nothing younger than {humanize.when(fence)}, apply "
        f"will make a batch of {own_number}, cancelled at once, to prove that the request never arrived"
    )


def _warn_pending(facts: Facts) -> Iterator[str]:
    """Yield a sentence for each batch that should have begun an hour ago, and has called nobody."""
    if facts.resource is None or facts.resource.paused:
        return
    for remote in facts.remotes.values():
        starts = remote.scheduled_at or remote.created_at
        is_idle = remote.route is Route.BATCH and not remote.cancelled and not remote.dispatched and not remote.finished
        if is_idle and starts is not None and facts.now - starts >= PENDING_TOO_LONG:
            hours = int((facts.now - starts) / timedelta(hours=1))
            late = humanize.plural(hours, "hour", "hours")
            limit = facts.resource.fields.at_once_of(facts.resource.settings)
            limit_note = f"; it asks for {limit} calls at once ({facts.resource.fields.at_once})" if limit else ""
            yield (
                f"{remote.id} was to begin at {humanize.when(starts, facts.now)}, and after {late} nobody in it was "
                f"called (the provider says {clean(remote.status)}): other batches may hold its capacity{limit_note}"
            )


def _warn_revoked(facts: Facts) -> Iterator[str]:
    """Yield a sentence where a request that was given up may still be accepted.

    The provider accepts a request with a later start of its own until that time. The lock keeps no start of a revoked
    mark; the settings in the mark tell that it was the manifest's.
    """
    starts = facts.resource.scheduled_at if facts.resource else None
    if facts.resource is None or starts is None or starts <= facts.now:
        return
    settings = mark.settings_hash(facts.resource.settings_digest)
    revoked_marks = [
        revoked_mark
        for text in facts.resource_record.revoked
        if (revoked_mark := mark.parse(text)) and revoked_mark.settings == settings
    ]
    if revoked_marks:
        yield (
            "a request that was given up as lost may still arrive and be accepted: run dialctl apply once more before "
            f"{humanize.when(starts)}"
        )
