"""Warnings of what a provider's route cannot do, where a manifest counts on it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import polars as pl

from declarative import humanize
from declarative.model.capabilities import Cancellable, Capabilities
from declarative.model.remote import Phase
from declarative.model.resource import Kind, Resource, Route
from declarative.planning import columns
from declarative.planning.decide import Reason, Verb
from declarative.planning.plan import Notice, Plan
from declarative.planning.shards import fit_window

_NUMBER = {"number": pl.String}
_ONLY_SHARED_STATE = (
    "the provider's list does not show by their marks the calls that this lock knows: an older copy of the lock would "
    "not notice that it is older, and call again; only a shared state protects from that (spec.state.url)"
)
_WHEN_PLACED = {
    True: "once placed, a call is neither moved nor taken off",
    False: "once its phone is called, a call is neither moved nor taken off, and before that only while it waits in "
    "the provider's queue",
}
"""What holds of a call that was placed, by whether its provider never takes it back."""


class RouteNotices:
    """Warnings of one plan. `guard` is the project's."""

    def __init__(self, plan: Plan, guard: timedelta) -> None:
        self._plan = plan
        self._guard = guard
        self._abroad_counts = _count_abroad(plan)
        replacing = [action for action in plan.actions_with_verb(Verb.REPLACE) if not action.changes]
        self._moved_counts = {action.address: action.reasons.get(Reason.SETTINGS_CHANGED, 0) for action in replacing}

    def list_notices(self, resource: Resource, call_count: int, capabilities: Capabilities) -> Iterator[Notice]:
        """Yield the warnings of an address that would call `call_count` people."""
        yield from self._warn_abroad(resource, capabilities)
        yield from _warn_guard(resource, self._guard)
        yield from _warn_window(resource, call_count, capabilities)
        yield from self._warn_moved_together(resource, capabilities)
        yield from _warn_single_calls(self._plan, resource, call_count, capabilities)

    def _warn_abroad(self, resource: Resource, capabilities: Capabilities) -> Iterator[Notice]:
        """Warn of numbers outside +1. `+1` is as near to a country as a number tells."""
        abroad = self._abroad_counts.get(resource.address, 0)
        if abroad and capabilities.destinations:
            outside = humanize.plural(abroad, "of the numbers is", "of the numbers are")
            yield Notice(resource.address, f"{outside} outside +1: {capabilities.destinations}")

    def _warn_moved_together(self, resource: Resource, capabilities: Capabilities) -> Iterator[Notice]:
        """Warn where it is known of a batch alone, and of no person in it, that data changed."""
        moved = self._moved_counts.get(resource.address, 0)
        if capabilities.returns_data or not moved:
            return
        if _has_unknown_data(self._plan, resource.address):
            message = f"{humanize.people(moved)} move together: it is not known any more with which data they wait"
            yield Notice(resource.address, f"{message}, and {resource.provider} does not return them")
        elif moved > 1:
            message = f"{humanize.people(moved)} move together: somebody's data changed in a batch where they wait"
            yield Notice(resource.address, f"{message}, and {resource.provider} does not return data that say whose")


def unsettled_notices(plan: Plan, resource: Resource) -> Iterator[Notice]:
    """Yield a warning where people were taken off so lately that nobody knows yet whether they are free, and where
    single calls wait at the provider."""
    task = plan.tasks.get(resource.address)
    if task is None:
        return
    queued = [
        remote
        for remote in task.facts.remotes.values()
        if remote.route is Route.CALL and remote.has_phase(Phase.QUEUED) and remote.id not in task.cancels
    ]
    if queued and task.facts.takes_calls_back:
        message = f"{humanize.plural(len(queued), 'call waits', 'calls wait')} in the provider's queue"
        yield Notice(
            resource.address,
            f"{message}: apply looks for a minute whether they go out, and takes back those that do not; whoever is "
            "taken back is called by a later apply",
        )
    if task.facts.has_unsettled_cancel():
        settles = humanize.duration(task.facts.cancel_settles)
        message = f"a batch was cancelled less than {settles} ago, and a call may still go out of it"
        yield Notice(resource.address, f"{message}; apply again in {settles} for whoever was taken off")


def _count_abroad(plan: Plan) -> dict[str, int]:
    """Count the people of each address whose numbers are outside +1; addresses without any are left out."""
    tasks = list(plan.tasks.values())
    people = columns.stack(((place, task.to_call) for place, task in enumerate(tasks)), _NUMBER)
    abroad = people.filter(~pl.col("number").str.starts_with("+1")).get_column("address").value_counts()
    return {tasks[place].address: count for place, count in abroad.iter_rows()}


def _warn_guard(resource: Resource, guard: timedelta) -> Iterator[Notice]:
    """Warn where the provider takes no start as early as the project's guard wants it."""
    if resource.route is Route.BATCH and guard < resource.least_guard:
        least = humanize.duration(resource.least_guard)
        message = f"{resource.provider} takes no start sooner than {least}: calls begin {least} after the request"
        yield Notice(resource.address, f"{message}, not after the guard of {humanize.duration(guard)}")


def _warn_window(resource: Resource, call_count: int, capabilities: Capabilities) -> Iterator[Notice]:
    """Warn where the people need more than one batch, of which each ends by itself."""
    most = fit_window(capabilities, resource).max_people
    if capabilities.window is not None and call_count > most:
        window = humanize.duration(capabilities.window)
        message = f"a batch at {resource.provider} calls for {window} at most, {most:,} people at this concurrency"
        yield Notice(resource.address, f"{message}; whoever is not called in time is called by a later apply")


def _has_unknown_data(plan: Plan, address: str) -> bool:
    """Whether the lock does not know with which data the people were sent who move."""
    task = plan.tasks.get(address)
    remote_records = task.facts.resource_record.remotes if task is not None else {}
    left = {*task.cancels, *task.removals.get_column("remote")} if task is not None else set[str]()
    return any(key not in remote_records or remote_records[key].payloads is None for key in left)


def _warn_single_calls(plan: Plan, resource: Resource, call_count: int, capabilities: Capabilities) -> Iterator[Notice]:
    """Warn of what a provider without batches cannot do, and of a route that proves little."""
    if resource.route is not Route.CALL:
        return
    task = plan.tasks.get(resource.address)
    if task is not None and not task.facts.marks_are_listed:
        yield Notice(resource.address, _ONLY_SHARED_STATE)
    if resource.kind is Kind.BATCH and call_count > 1:
        yield Notice(
            resource.address,
            f"{call_count:,} calls are placed one by one while apply runs, {resource.pace.calls_per_second:g} a "
            f"second; {_WHEN_PLACED[capabilities.cancellable is Cancellable.NEVER]}",
        )
    per_second, pace = capabilities.per_second, resource.pace.calls_per_second
    if capabilities.most_queued is not None and per_second is not None and pace > per_second and call_count > 1:
        message = f"unless more is bought, {resource.provider} lets {per_second:g} a second out of its queue"
        yield Notice(resource.address, f"{message}, and a pace of {pace:g} a second waits for it")
    if not capabilities.returns_data:
        yield Notice(resource.address, capabilities.notes)
