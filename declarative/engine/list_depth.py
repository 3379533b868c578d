"""How far back the lists of one provider must be read before a missing entry means anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from declarative.engine.listing import Listing
from declarative.errors import ProviderError, Unauthorized
from declarative.model.capabilities import Capabilities
from declarative.model.lock import Lock
from declarative.model.resource import Route
from declarative.model.settings_fields import SettingsFields
from declarative.planning.facts import Managed
from declarative.providers.base import EVERY_AGENT, Provider

CLOCK_MARGIN = timedelta(minutes=2)
"""How much earlier than a recorded moment the provider may have stamped the same thing."""
BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)
"""Earlier than everything that a list can show."""


@dataclass(eq=False)
class CallListing:
    """The list of calls of some agents, as far as it was read. A list that cannot be read says nothing of these agents,
    and nothing about others."""

    agent_ids: frozenset[str]
    """The agents whose calls it holds; EVERY_AGENT for all of them."""
    listing: Listing
    """What was read of it."""
    error: ProviderError | None = None
    """Why it could not be read; None where it could."""

    def read_until(self, is_enough: Callable[[Listing], bool]) -> None:
        """Reads on, and keeps the error where that fails. Raises Unauthorized, which holds for the whole provider."""
        try:
            self.listing.read_until(is_enough)
        except Unauthorized:
            raise
        except ProviderError as error:
            self.error = error


def open_batch_listing(provider: Provider) -> Listing | None:
    """The list of batches, of which nothing is read yet; None where the provider has no batches."""
    channel = provider.channels.get(Route.BATCH)
    return Listing(provider.latest_now, *channel.list_pages(())) if channel else None


def open_call_listings(provider: Provider, managed_list: Sequence[Managed]) -> list[CallListing]:
    """The lists of single calls, of which nothing is read yet: those of the agents of these addresses, and of every
    agent where a call is known by its mark alone, unless the list shows no marks."""
    channel = provider.channels.get(Route.CALL)
    # A list without marks tells nothing of what is ours.
    if channel is None or not channel.capabilities.shows_mark:
        return []
    fields = channel.capabilities.settings
    agent_ids = sorted(call_agents(managed_list, fields))
    histories = channel.list_pages(agent_ids)
    if len(histories) == len(agent_ids):
        call_listings = [
            CallListing(frozenset({agent_id}), Listing(provider.latest_now, pages))
            for agent_id, pages in zip(agent_ids, histories, strict=True)
        ]
    else:  # one list of several agents
        call_listings = [CallListing(frozenset(agent_ids), Listing(provider.latest_now, *histories))]
    if channel.capabilities.returns_data and has_calls_of_unknown_agent(managed_list):
        everything = Listing(provider.latest_now, *channel.list_pages([EVERY_AGENT]))
        call_listings.append(CallListing(frozenset({EVERY_AGENT}), everything))
    return call_listings


def find_list_errors(
    call_listings: Sequence[CallListing], managed: Managed, capabilities: Capabilities | None
) -> list[ProviderError]:
    """Why the calls of an address could not be listed; empty where they could, or none of them had to be."""
    failed = [calls for calls in call_listings if calls.error is not None]
    if capabilities is None or not failed or not needs_call_list(managed):
        return []
    agent_ids = call_agents([managed], capabilities.settings) | (
        {EVERY_AGENT} if has_calls_of_unknown_agent([managed]) else set()
    )
    return [calls.error for calls in failed if calls.error is not None and calls.agent_ids & agent_ids]


def find_missing_settled(listing: Listing, lock: Lock | None, managed_list: Sequence[Managed]) -> list[str]:
    """Ids of settled batches that the list was read past, and does not show."""
    if lock is None:
        return []
    return [
        remote_id
        for managed in managed_list
        for remote_id, remote_record in managed.batch_records().items()
        if remote_record.settled
        and remote_id not in listing.entries
        and listing.reaches(remote_record.created_at or lineage_start(lock))
    ]


def call_agents(managed_list: Sequence[Managed], fields: SettingsFields) -> set[str]:
    """Agents whose calls may be of these addresses: those wanted now, those applied last, and those of lost calls.
    `fields` are those of single calls at their provider."""
    agent_ids = {
        agent_id
        for managed in managed_list
        if managed.route is Route.CALL
        for settings in (
            managed.resource_here.settings if managed.resource_here else {},
            managed.resource_record.settings,
        )
        if (agent_id := fields.agent_of(settings))
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


def has_lost_batches(managed_list: Sequence[Managed]) -> bool:
    """Whether a batch may be at the provider that only its mark in the list can show."""
    return any(intent.is_batch for managed in managed_list for intent in managed.resource_record.intents.values())


def unsettled_depth(lock: Lock | None, managed_list: Sequence[Managed]) -> Callable[[Listing], bool]:
    """Return what tells whether the batch list was read back past every batch that may still change and past every open
    intent."""
    if lock is None:
        return lambda _: False
    remote_records = {
        remote_id: remote_record
        for managed in managed_list
        for remote_id, remote_record in managed.batch_records().items()
    }
    unsettled_times = {
        remote_id: (remote_record.created_at or lineage_start(lock)) - CLOCK_MARGIN
        for remote_id, remote_record in remote_records.items()
        if not remote_record.settled
    }
    send_times = [
        intent.sent_at - CLOCK_MARGIN for managed in managed_list for intent in managed.resource_record.intents.values()
    ]

    def is_reached(listing: Listing) -> bool:
        # Protocol 12: a list without any batch that we know was not read far enough. What is newer than all of them may
        # be ours too, from a later run's lock.
        if remote_records and remote_records.keys().isdisjoint(listing.entries.keys()):
            return False
        unlisted_times = [time for remote_id, time in unsettled_times.items() if remote_id not in listing.entries]
        return all(map(listing.reaches, [*unlisted_times, *send_times]))

    return is_reached
