"""Reads what exists at the providers, as far as the decisions ahead need it. Nothing here dials or cancels.

The batch list is read back to the oldest entry that is not settled. Where people may be submitted it is read back to
the start of the lineage, since a missing entry means something only in a list that was read in full. People are read
only for resources where something changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from declarative.engine import list_depth
from declarative.engine.list_depth import BEFORE_ALL, CLOCK_MARGIN
from declarative.engine.listing import Listing
from declarative.engine.members import MemberCache, MemberReader
from declarative.engine.ownership import Ownership
from declarative.errors import ProviderError
from declarative.model.digest import PersonKey
from declarative.model.lock import Lock
from declarative.model.remote import Remote
from declarative.model.resource import Desired, Route
from declarative.planning import blocks, policy, unchanged
from declarative.planning.decide import Reason
from declarative.planning.facts import Block, Facts, Managed, Observation, list_managed
from declarative.providers.base import Provider


@dataclass(frozen=True, kw_only=True)
class ObserveScope:
    """What to observe, and by which means."""

    desired: Desired
    """What the manifests want."""
    lock: Lock | None
    """What earlier runs recorded. None where there is no lock yet."""
    providers: Mapping[str, Provider | ProviderError]
    """By name: the connection, or why there is none."""
    key: PersonKey
    """The key that digests of people are made with."""
    caches: Mapping[str, MemberCache] = field(default_factory=dict)
    """By provider name: members of batches that are over. A provider without a cache is read in full."""
    lock_is_authoritative: bool = False
    """Whether the lock cannot have been lost, as in the embedded sandbox, which keeps lock and calls together."""
    parallelism: int = 8
    """How many batches or calls are read at once."""
    applying: str | None = None
    """Who holds the lease now, as text for people. None where no one does, or where this run does."""
    everything: bool = False
    """Whether people are also read for resources where nothing changed."""
    include_removed: bool = False
    """Whether a run over some resources also observes addresses that no manifest names any more, as read-only."""
    progress: Callable[[str], None] = lambda _: None
    """Shows a line of progress."""


def observe(scope: ObserveScope) -> list[Observation]:
    """One observation per managed address, in order. A provider that cannot be read blocks its own resources alone."""
    observations: dict[str, Observation] = {}
    all_managed = list_managed(scope.desired, scope.lock, include_removed=scope.include_removed)
    for name in dict.fromkeys(managed.provider for managed in all_managed):
        managed_list = [managed for managed in all_managed if managed.provider == name]
        for observation in _observe_provider(scope, name, managed_list):
            observations[observation.facts.address] = observation
    return [replace(observations[managed.address], read_only=managed.read_only) for managed in all_managed]


def _observe_provider(scope: ObserveScope, name: str, managed_list: Sequence[Managed]) -> list[Observation]:
    provider = scope.providers.get(name) or ProviderError(f'no provider "{name}" is declared any more')
    if isinstance(provider, ProviderError):
        return [_build_unread_observation(scope, managed, provider) for managed in managed_list]
    try:
        return _Observer(scope, name, provider, managed_list).observe()
    except ProviderError as error:
        return [_build_unread_observation(scope, managed, error) for managed in managed_list]


def _build_unread_observation(scope: ObserveScope, managed: Managed, error: ProviderError) -> Observation:
    facts = _build_facts(scope, managed, {}, BEFORE_ALL)
    if facts.is_tombstone and not facts.resource_record.intents:  # it needs nothing from the provider
        return Observation(facts=facts, provider=managed.provider, unchanged=True)
    return Observation(facts=facts, provider=managed.provider, block=Block(Reason.NOT_READ, error.message, error.hint))


class _Observer:
    """Observes the addresses of one provider."""

    def __init__(self, scope: ObserveScope, name: str, provider: Provider, managed_list: Sequence[Managed]) -> None:
        self.scope = scope
        self.name = name
        self.provider = provider
        self.managed_list = managed_list
        self.provider_time = provider.now()
        self.ownership = Ownership(scope.desired.project.name, managed_list)
        self.reader = MemberReader(
            provider,
            managed_list,
            scope.caches.get(name),
            parallelism=scope.parallelism,
            progress=scope.progress,
        )
        self.unmarked_calls: list[Remote] = []

    def observe(self) -> list[Observation]:
        listings = {
            route: list_depth.open_listing(self.provider, route, self.managed_list) for route in self.provider.channels
        }
        self._read_unsettled_batches(listings)
        to_read = self._select_to_read(listings)
        self._read_to_lineage_start(listings, to_read)
        listed = _merge_listings(listings)
        own_remotes = self.ownership.select_own({**listed, **self.reader.remotes})
        self.unmarked_calls = [remote for remote in listed.values() if remote.route is Route.CALL and not remote.mark]
        by_address = self.ownership.group_by_address(own_remotes)
        if block := self._lock_block(own_remotes):
            return [
                self._build_blocked_observation(managed, by_address[managed.address], block)
                for managed in self.managed_list
            ]
        self.reader.read_open_calls(to_read, own_remotes)
        self.reader.read_batches(self.name, to_read, by_address)
        by_address = self.ownership.group_by_address({**own_remotes, **self.reader.remotes})
        read_addresses = {managed.address for managed in to_read}
        return [
            self._build_observation(managed, by_address[managed.address], quiet=managed.address not in read_addresses)
            for managed in self.managed_list
        ]

    def _read_unsettled_batches(self, listings: Mapping[Route, Listing]) -> None:
        """Reads the batch list back to every batch that may still change, and by id those that it does not show."""
        batch_listing = listings.get(Route.BATCH)
        if batch_listing is None:
            return
        self.scope.progress(f"reading the batch list of {self.name}")
        batch_listing.read_until(
            lambda listing: list_depth.reaches_all_unsettled(listing, self.scope.lock, self.managed_list)
        )
        for managed in self.managed_list:
            self.reader.read_unlisted_batches(managed, batch_listing.entries)

    def _select_to_read(self, listings: Mapping[Route, Listing]) -> list[Managed]:
        """The addresses whose people must be read: something changed there, or everything was asked for."""
        by_address = self.ownership.group_by_address({**_merge_listings(listings), **self.reader.remotes})
        return [
            managed
            for managed in self.managed_list
            if self.scope.everything or not self._is_quiet(managed, by_address[managed.address])
        ]

    def _is_quiet(self, managed: Managed, remotes: Mapping[str, Remote]) -> bool:
        return not managed.renamed_from and unchanged.is_unchanged(
            managed.resource, managed.resource_record, remotes, self.provider_time
        )

    def _read_to_lineage_start(self, listings: Mapping[Route, Listing], to_read: Sequence[Managed]) -> None:
        # Protocol 12: people are called because no remote holds them. That is a fact only if the list was read back to
        # the start of the lineage: no mark of ours is older.
        start = list_depth.lineage_start(self.scope.lock)
        if to_read and (batch_listing := listings.get(Route.BATCH)):
            batch_listing.read_until(lambda listing: listing.reaches(start))
        if any(list_depth.needs_call_list(managed) for managed in to_read) and (
            call_listing := listings.get(Route.CALL)
        ):
            # A call of which only the mark is known may be anywhere in the list, so the list is read to its end.
            is_every_agent = list_depth.has_calls_of_unknown_agent(self.managed_list)
            self.scope.progress(f"reading the call list of {self.name}")
            call_listing.read_until(lambda listing: not is_every_agent and listing.reaches(start))

    def _lock_block(self, own_remotes: Mapping[str, Remote]) -> Block | None:
        """Why nothing at this provider may be decided by this lock; None where it may."""
        has_single_calls = any(
            managed.resource and managed.resource.route is Route.CALL for managed in self.managed_list
        )
        needs_lock = has_single_calls and not self.scope.lock_is_authoritative
        return blocks.lock_block(self.scope.desired.project.name, self.scope.lock, own_remotes, single_calls=needs_lock)

    def _build_observation(self, managed: Managed, remotes: Mapping[str, Remote], *, quiet: bool) -> Observation:
        facts = _build_facts(self.scope, managed, remotes, self.provider_time)
        return Observation(
            facts=facts,
            unchanged=quiet,
            provider=self.name,
            block=blocks.resource_block(
                facts, frozenset(self.reader.unknown_ids), routes=self.provider.channels, unchanged=quiet
            ),
            to_adopt=tuple(
                remote
                for remote_id, remote in remotes.items()
                if remote_id not in managed.resource_record.remotes and remote_id not in facts.also
            ),
            renamed_from=managed.renamed_from,
            lease_holder=self.scope.applying if managed.resource_record.intents else None,
            candidates=tuple(self._candidates(facts)),
        )

    def _candidates(self, facts: Facts) -> Iterator[Remote]:
        """Calls that may be the answer to a lost request, where the list returns no marks: to the same person, placed
        since it was sent, and not in the lock. Only a person can tell."""
        lost_since = {intent.person: intent.sent_at - CLOCK_MARGIN for intent in facts.open_intents() if intent.person}
        recorded_ids = (
            {remote_id for managed in self.managed_list for remote_id in managed.resource_record.remotes}
            if lost_since
            else set()
        )
        for remote in self.unmarked_calls if lost_since else []:
            numbers = remote.members.get_column("number") if remote.members is not None else ()
            lost_times = [
                lost_since[person_digest]
                for number in numbers
                if (person_digest := self.scope.key.digest_person(facts.lineage, number)) in lost_since
            ]
            if (
                remote.id not in recorded_ids
                and remote.created_at
                and any(moment <= remote.created_at for moment in lost_times)
            ):
                yield remote

    def _build_blocked_observation(self, managed: Managed, remotes: Mapping[str, Remote], block: Block) -> Observation:
        facts = _build_facts(self.scope, managed, remotes, self.provider_time)
        return Observation(facts=facts, provider=self.name, block=block)


def _merge_listings(listings: Mapping[Route, Listing]) -> dict[str, Remote]:
    return {remote_id: remote for listing in listings.values() for remote_id, remote in listing.entries.items()}


def _build_facts(
    scope: ObserveScope, managed: Managed, remotes: Mapping[str, Remote], provider_time: datetime
) -> Facts:
    facts = Facts(
        address=managed.address,
        resource=managed.resource,
        resource_record=managed.resource_record,
        remotes=remotes,
        now=provider_time,
        key=scope.key,
        lineage=scope.lock.lineage if scope.lock else "",
        also=frozenset(managed.also),
    )
    if managed.resource is None or provider_time == BEFORE_ALL:
        return facts
    timing, opens_at = policy.call_timing(
        managed.resource, provider_time, managed.resource_record.guard(scope.desired.project.guard)
    )
    return replace(facts, timing=timing, opens_at=opens_at)
