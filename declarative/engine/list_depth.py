"""How far back the lists of one provider must be read before a missing entry means anything."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from declarative.engine.listing import Listing
from declarative.model.lock import Lock
from declarative.model.resource import Route
from declarative.planning.facts import Managed
from declarative.providers.base import EVERY_AGENT, Provider

CLOCK_MARGIN = timedelta(minutes=2)
"""How much earlier than a recorded moment the provider may have stamped the same thing."""
BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)
"""Earlier than everything that a list can show."""


def open_listing(provider: Provider, route: Route, managed_list: Sequence[Managed]) -> Listing:
    """The list of one route, of which nothing is read yet. Calls are listed by agent: those of these addresses, and
    every agent where a call is known by its mark alone."""
    list_pages = provider.channels[route].list_pages
    if route is Route.BATCH:
        return Listing(provider.now, *list_pages(()))
    every_agent = [EVERY_AGENT] if has_calls_of_unknown_agent(managed_list) else []
    return Listing(provider.now, *list_pages([*sorted(_agent_ids(managed_list)), *every_agent]))


def _agent_ids(managed_list: Sequence[Managed]) -> set[str]:
    """Agents whose calls may be of these addresses: those wanted now, those applied last, and those of lost calls."""
    agent_ids = {
        str(settings.get("agent_id"))
        for managed in managed_list
        if managed.route is Route.CALL
        for settings in (managed.resource.settings if managed.resource else {}, managed.resource_record.settings)
        if settings.get("agent_id")
    }
    return agent_ids | {
        intent.agent_id
        for managed in managed_list
        for intent in managed.resource_record.intents.values()
        if intent.agent_id and intent.route is Route.CALL
    }


def has_calls_of_unknown_agent(managed_list: Sequence[Managed]) -> bool:
    """Whether a call is looked for by its mark alone: not even its agent is known."""
    return any(
        managed.resource and managed.route is Route.CALL and managed.has_forgotten_requests for managed in managed_list
    )


def needs_call_list(managed: Managed) -> bool:
    return managed.route is Route.CALL or any(
        intent.route is Route.CALL for intent in managed.resource_record.intents.values()
    )


def lineage_start(lock: Lock | None) -> datetime:
    """No mark of this lineage is older. Without a lock, a list must be read to its end."""
    return lock.born if lock else BEFORE_ALL


def reaches_all_unsettled(listing: Listing, lock: Lock | None, managed_list: Sequence[Managed]) -> bool:
    """Whether the batch list was read back past every batch that may still change and past every open intent."""
    if lock is None:
        return False
    remote_records = {
        remote_id: remote_record
        for managed in managed_list
        for remote_id, remote_record in managed.batch_records().items()
    }
    # Protocol 12: a list without any batch that we know was not read far enough. What is newer than all of them may be
    # ours too, from a later run's lock.
    if remote_records and not set(remote_records) & set(listing.entries):
        return False
    unlisted_records = [
        remote_record
        for remote_id, remote_record in remote_records.items()
        if not remote_record.settled and remote_id not in listing.entries
    ]
    send_times = [intent.sent_at for managed in managed_list for intent in managed.resource_record.intents.values()]
    moments = [remote_record.created_at or lineage_start(lock) for remote_record in unlisted_records] + send_times
    return all(listing.reaches(moment - CLOCK_MARGIN) for moment in moments)
