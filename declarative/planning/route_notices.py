"""Warnings of what a provider's route cannot do, where a manifest counts on it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from declarative import humanize
from declarative.model.capabilities import Cancellable, Capabilities
from declarative.model.resource import Kind, Resource, Route
from declarative.planning.decide import Reason, Verb
from declarative.planning.plan import Notice, Plan

_ONLY_SHARED_STATE = (
    "the provider's list does not show by their marks the calls that this lock knows: an older copy of the lock would "
    "not notice that it is older, and call again; only a shared state protects from that (spec.state.url)"
)


def route_notices(
    plan: Plan, resource: Resource, call_count: int, capabilities: Capabilities, guard: timedelta
) -> Iterator[Notice]:
    """Yield the warnings of an address that would call `call_count` people. `guard` is the project's."""
    yield from _warn_abroad(plan, resource, capabilities)
    yield from _warn_guard(resource, guard)
    yield from _warn_moved_together(plan, resource, capabilities)
    yield from _warn_single_calls(plan, resource, call_count, capabilities)


def _warn_abroad(plan: Plan, resource: Resource, capabilities: Capabilities) -> Iterator[Notice]:
    """Warn of numbers outside +1. `+1` is as near to a country as a number tells."""
    task = plan.tasks.get(resource.address)
    if task is None or not capabilities.destinations:
        return
    abroad = int((~task.to_call.get_column("number").str.starts_with("+1")).sum()) if len(task.to_call) else 0
    if abroad:
        outside = humanize.plural(abroad, "of the numbers is", "of the numbers are")
        yield Notice(resource.address, f"{outside} outside +1: {capabilities.destinations}")


def _warn_guard(resource: Resource, guard: timedelta) -> Iterator[Notice]:
    """Warn where the provider takes no start as early as the project's guard wants it."""
    if resource.route is Route.BATCH and guard < resource.least_guard:
        least = humanize.duration(resource.least_guard)
        message = f"{resource.provider} takes no start sooner than {least}: calls begin {least} after the request"
        yield Notice(resource.address, f"{message}, not after the guard of {humanize.duration(guard)}")


def _warn_moved_together(plan: Plan, resource: Resource, capabilities: Capabilities) -> Iterator[Notice]:
    """Warn where it is known of a batch alone, and of no person in it, that data changed."""
    if capabilities.returns_data:
        return
    for action in plan.actions_with_verb(Verb.REPLACE):
        moved = action.reasons.get(Reason.SETTINGS_CHANGED, 0) if action.address == resource.address else 0
        if moved > 1 and not action.changes:
            message = f"{humanize.people(moved)} move together: somebody's data changed in a batch where they wait"
            yield Notice(resource.address, f"{message}, and {resource.provider} does not return data that say whose")


def _warn_single_calls(plan: Plan, resource: Resource, call_count: int, capabilities: Capabilities) -> Iterator[Notice]:
    """Warn of what a provider without batches cannot do, and of a route that proves little."""
    if capabilities.cancellable is not Cancellable.NEVER:
        return
    task = plan.tasks.get(resource.address)
    if task is not None and not task.facts.marks_are_listed:
        yield Notice(resource.address, _ONLY_SHARED_STATE)
    if resource.kind is Kind.BATCH and call_count > 1:
        yield Notice(
            resource.address,
            f"{call_count:,} calls are placed one by one while apply runs, {resource.pace.calls_per_second:g} a "
            "second; once placed, a call is neither moved nor taken off",
        )
    if not capabilities.returns_data:
        yield Notice(resource.address, capabilities.notes)
