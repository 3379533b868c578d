"""Policies: small named rules over the time of calls and over the whole plan. Pure; the clock comes in as a value."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl

from declarative import humanize
from declarative.model.capabilities import Capabilities
from declarative.model.people import People
from declarative.model.resource import Desired, Project, Resource, Route
from declarative.planning import calling_hours as hours
from declarative.planning import closing
from declarative.planning.closing import CallRate, Closing
from declarative.planning.decide import Reason, Timing, Verb
from declarative.planning.facts import Facts
from declarative.planning.plan import Action, Notice, Plan

SHRINK_FROM = 20
"""With fewer people waiting, taking off most of them needs no --allow-shrink."""
EXPLICIT = (Reason.PAUSED, Reason.EXPIRED, Reason.CALLING_HOURS, Reason.TOO_EARLY, Reason.HALTED)
"""Reasons to take people off that a manifest states outright, so that they count as no accident."""
STILL_LISTED = (Reason.BATCH_MATES, Reason.TWINS, Reason.REVOKED)
"""Reasons to take off people whom the manifest still names."""


def call_timing(
    resource: Resource, now: datetime, guard: timedelta, get_people: Callable[[], People] | None = None
) -> tuple[Timing | pl.DataFrame, datetime | None]:
    """Return whether a call may be requested now, and when it may be if it is too early or closed.

    The timing is one value for all people, or a frame of `number` and `timing`. `get_people` returns the people to
    judge; None means all recipients. Expiry and calling hours are judged at the moment of the call, not of the request.
    """
    if resource.expires_at and resource.expires_at <= now:
        return Timing.EXPIRED, None
    if resource.scheduled_at and resource.scheduled_at - now > resource.most_ahead:
        return Timing.TOO_EARLY, resource.scheduled_at - resource.most_ahead
    moment = earliest_call(resource, now, guard)
    if resource.expires_at and resource.expires_at <= moment:
        return Timing.TOO_LATE, None
    return hours.hours_timing(resource.policy.calling_hours, get_people or (lambda: resource.recipients.people), moment)


def earliest_call(resource: Resource, now: datetime, guard: timedelta) -> datetime:
    """Return when the first call may begin if it is requested now."""
    # Protocol 6: a batch starts no sooner than the guard after it is sent. Its start is sent in whole seconds, rounded
    # up, so that the guard is never shorter than wanted.
    ahead = max(guard, resource.least_guard) if resource.route is Route.BATCH else timedelta()
    earliest = (now + ahead + timedelta(seconds=1)).replace(microsecond=0) if ahead else now
    return max(earliest, resource.scheduled_at or earliest)


def add_times(facts: Facts, resource: Resource, guard: timedelta, capabilities: Capabilities | None) -> Facts:
    """Add when the people of an address may be called. `capabilities` are those of its route; None: it has none."""
    timing, opens_at = call_timing(resource, facts.now, guard)
    rate = CallRate.of(resource, capabilities, facts.remotes.values()) if capabilities else None
    end = find_closing(resource, facts.now, guard, rate) if rate else None
    openings = filter(None, (opens_at, end.reopens_at if end else None))
    return replace(facts, timing=timing, closing=end, opens_at=min(openings, default=None))


def find_closing(
    resource: Resource,
    now: datetime,
    guard: timedelta,
    rate: CallRate,
    get_people: Callable[[], People] | None = None,
) -> Closing | None:
    """Return when the calling hours end of a batch that is requested now; None where that bounds nobody."""
    begins_at = earliest_call(resource, now, guard)
    return closing.find_closing(resource, begins_at, rate, get_people or (lambda: resource.recipients.people))


def find_refusals(
    plan: Plan,
    project: Project,
    resources: Sequence[Resource],
    max_dials: int | None,
    allow_shrink: Collection[str],
    *,
    sandbox: bool = False,
) -> list[str]:
    """Return sentences that say why the plan may not be applied as it is; empty where it may."""
    return [
        *refuse_without_project(project, sandbox=sandbox),
        *refuse_over_max_dials(plan, project, resources, max_dials),
        *_refuse_shrinking(plan, allow_shrink),
    ]


def refuse_without_project(project: Project, *, sandbox: bool) -> list[str]:
    """Refuse a real provider without a Project document: the project's name is part of every mark (protocol 4)."""
    if project.declared or sandbox:
        return []
    return [
        "a real provider needs a Project document, whose name is part of every mark; dialctl init shows one, "
        "--sandbox needs none"
    ]


def held_counts(desired: Desired) -> dict[str, int]:
    """Count the people that each policy excludes, by the policy's name."""
    counts: dict[str, int] = {}
    for resource in desired.resources.values():
        for name, count in resource.recipients.excluded_counts.items():
            counts[name] = counts.get(name, 0) + count
    return counts


def refuse_over_max_dials(
    plan: Plan, project: Project, resources: Sequence[Resource], max_dials: int | None
) -> list[str]:
    """Refuse a plan that calls more people than --max-dials, the project's or a resource's `max_dials` allows."""
    messages = []
    limits = [limit for limit in (max_dials, project.policy.max_dials) if limit is not None]
    if limits and plan.people_to_call > min(limits):
        message = f"the plan calls {humanize.people(plan.people_to_call)}, max_dials allows {min(limits):,}"
        if plan.people_moved:  # the headline counts them apart
            message += f" ({plan.people_to_call - plan.people_moved:,} to call and {plan.people_moved:,} moved)"
        messages.append(f"{message}: raise it, or apply in parts with --target")
    for resource in resources:
        call_count = plan.calls_by_address.get(resource.address, 0)
        if resource.policy.max_dials is not None and call_count > resource.policy.max_dials:
            limit = resource.policy.max_dials
            messages.append(f"{resource.address} calls {humanize.people(call_count)}, its max_dials is {limit:,}")
    return messages


def refuse_unknown_shrink(allow_shrink: Collection[str], addresses: Collection[str]) -> list[str]:
    """Refuse --allow-shrink with a word that is no address: it would allow nothing, against what the user expects."""
    return [
        f'--allow-shrink: no resource has the address "{address}"; an address is batch/NAME or call/NAME'
        for address in allow_shrink
        if address not in addresses
    ]


def _refuse_shrinking(plan: Plan, allow_shrink: Collection[str]) -> list[str]:
    """Refuse to take off more than half of the people who wait only because a manifest no longer names them."""
    return [
        f"{action.address}: {action.people:,} of {waiting:,} waiting people would be taken off; if that is meant, pass "
        f"--allow-shrink {action.address}, or name it under allow_shrink in the Project's policy"
        for action, waiting in _find_shrinking(plan)
        if action.address not in allow_shrink
    ]


def warn_of_allowed_shrink(plan: Plan, project: Project) -> Iterator[Notice]:
    """Warn of each address that the project allows to shrink. One that does not is named as well: the next accident
    there would pass unseen."""
    shrinking = {action.address: (action.people, waiting) for action, waiting in _find_shrinking(plan)}
    for address in sorted(project.policy.allow_shrink):
        if address in shrinking:
            people, waiting = shrinking[address]
            yield Notice(address, f"{people:,} of {waiting:,} waiting people are taken off, as allow_shrink allows")
        else:
            message = f"allow_shrink names {address}, where most of the waiting people stay: take it out again"
            yield Notice(project.name, message)


def _find_shrinking(plan: Plan) -> list[tuple[Action, int]]:
    """Return the cancels that take off more than half of the people who wait, and how many wait there."""
    waiting_counts = {action.address: action.counts.get("queued", 0) for action in plan.actions if action.counts}
    return [
        (action, waiting_counts[action.address])
        for action in plan.actions_with_verb(Verb.CANCEL)
        if _count_undesired(action) * 2 > waiting_counts.get(action.address, 0) >= SHRINK_FROM
    ]


def _count_undesired(action: Action) -> int:
    """Count the people who leave only because they are no longer named, without a pause, an expiry and the like."""
    not_removed = sum(count for reason, count in action.reasons.items() if reason in (*EXPLICIT, *STILL_LISTED))
    return action.people - not_removed
