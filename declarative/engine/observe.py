"""Asks providers what exists, as far as the decisions ahead need it. Reads only: nothing here dials or cancels.

The batch list is read back to the oldest entry that is not settled; to the birth of the lineage where somebody may be
submitted, since not being seen means something only in a list that was read in full. People are read of those resources
alone for which something changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from declarative import humanize as counting
from declarative.engine.listing import Listing
from declarative.engine.members import MemberCache
from declarative.errors import ProviderError
from declarative.model import mark, records
from declarative.model.digest import PersonKey
from declarative.model.lock import Lock, RemoteRecord
from declarative.model.remote import Remote, is_over
from declarative.model.resource import Desired, Route
from declarative.planning import blocks, policy, unchanged
from declarative.planning.decide import Reason
from declarative.planning.facts import Block, Facts, Managed, Observation, list_managed
from declarative.providers.base import EVERY_AGENT, Channel, Provider

CLOCK_MARGIN = timedelta(minutes=2)
BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class ObserveScope:
    """What observing needs: what is wanted, what is remembered, whom to ask. `providers` holds a ProviderError where a
    connection could not be made. `born_together`: a lock that cannot have been lost (the sandbox's own).
    `with_those_left`: of a narrower run, also what no manifest names any more (subjects.Subject.only_seen)."""

    desired: Desired
    lock: Lock | None
    providers: Mapping[str, Provider | ProviderError]
    key: PersonKey
    caches: Mapping[str, MemberCache] = field(default_factory=dict)
    lock_is_authoritative: bool = False
    parallelism: int = 8
    applying: str | None = None
    everything: bool = False
    include_removed: bool = False
    progress: Callable[[str], None] = lambda _: None


def observe(scope: ObserveScope) -> list[Observation]:
    """An outlook for every subject, in order. A provider that cannot be read blocks its own resources alone."""
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
    if facts.is_tombstone and not facts.resource_record.intents:  # nothing is asked of it, so nothing is missed
        return Observation(facts=facts, provider=managed.provider, unchanged=True)
    return Observation(facts=facts, provider=managed.provider, block=Block(Reason.NOT_READ, error.message, error.hint))


class _Observer:
    """One provider's part of a scene."""

    def __init__(self, scope: ObserveScope, name: str, provider: Provider, managed_list: Sequence[Managed]) -> None:
        self.scope = scope
        self.name = name
        self.provider = provider
        self.managed_list = managed_list
        self.provider_time = provider.now()
        self.project_hash = mark.project_hash(scope.desired.project.name)
        self.unknown_ids: set[str] = set()
        self.full_remotes: dict[str, Remote] = {}
        self.unmarked_calls: list[Remote] = []
        self.address_by_hash = {
            mark.address_hash(address): managed.address
            for managed in managed_list
            for address in (managed.address, *(managed.resource.previously if managed.resource else ()))
        }

    def observe(self) -> list[Observation]:
        listings = {route: self._open_listing(route) for route in self.provider.channels}
        if batch_listing := listings.get(Route.BATCH):
            self.scope.progress(f"reading the batch list of {self.name}")
            batch_listing.read_until(self._reaches_all_unsettled)
        for managed in self.managed_list:
            self._read_unlisted_batches(managed, batch_listing)
        by_address = self._group_by_address({**self._merge_listings(listings), **self.full_remotes})
        to_read = [
            managed
            for managed in self.managed_list
            if self.scope.everything or not self._is_quiet(managed, by_address[managed.address])
        ]
        if to_read and batch_listing:
            batch_listing.read_until(lambda listing: listing.reaches(self._lineage_start()))
        if any(self._needs_calls(managed) for managed in to_read) and (call_listing := listings.get(Route.CALL)):
            self.scope.progress(f"reading the call list of {self.name}")
            call_listing.read_until(
                lambda listing: not self._has_calls_of_unknown_agent() and listing.reaches(self._lineage_start())
            )
        own_remotes = self._select_own_remotes(listings)
        self.unmarked_calls = [
            remote
            for remote in self._merge_listings(listings).values()
            if remote.route is Route.CALL and not remote.mark
        ]
        if block := self._lock_block(own_remotes):
            by_address = self._group_by_address(own_remotes)
            return [
                self._build_blocked_observation(managed, by_address[managed.address], block)
                for managed in self.managed_list
            ]
        self._read_members(to_read, own_remotes)
        by_address, read_addresses = (
            self._group_by_address({**own_remotes, **self.full_remotes}),
            {managed.address for managed in to_read},
        )
        return [
            self._build_observation(managed, by_address[managed.address], quiet=managed.address not in read_addresses)
            for managed in self.managed_list
        ]

    def _open_listing(self, route: Route) -> Listing:
        list_pages = self.provider.channels[route].list_pages
        if route is Route.BATCH:
            return Listing(self.provider.now, *list_pages(()))
        agent_ids = {
            str(settings.get("agent_id"))
            for managed in self.managed_list
            if managed.route is Route.CALL
            for settings in (managed.resource.settings if managed.resource else {}, managed.resource_record.settings)
            if settings.get("agent_id")
        } | {
            intent.agent_id
            for managed in self.managed_list
            for intent in managed.resource_record.intents.values()
            if intent.agent_id and intent.route is Route.CALL
        }
        return Listing(
            self.provider.now,
            *list_pages([*sorted(agent_ids), *([EVERY_AGENT] if self._has_calls_of_unknown_agent() else [])]),
        )

    def _has_calls_of_unknown_agent(self) -> bool:
        """Whether calls are looked for of which not even the agent that placed them is known, but their mark alone."""
        return any(
            managed.resource and managed.route is Route.CALL and managed.has_forgotten_requests
            for managed in self.managed_list
        )

    def _lineage_start(self) -> datetime:
        """No mark of this lineage is older. Without a lock only the end of the list is far enough."""
        return self.scope.lock.born if self.scope.lock else BEFORE_ALL

    def _reaches_all_unsettled(self, listing: Listing) -> bool:
        if self.scope.lock is None:
            return False
        remote_records = {
            remote_id: remote_record
            for managed in self.managed_list
            for remote_id, remote_record in managed.batch_records().items()
        }
        if remote_records and not set(remote_records) & set(listing.entries):
            return False  # what is newer than everything we know may be ours, by a later run's lock
        unlisted_records = [
            remote_record
            for remote_id, remote_record in remote_records.items()
            if not remote_record.settled and remote_id not in listing.entries
        ]
        send_times = [
            intent.sent_at for managed in self.managed_list for intent in managed.resource_record.intents.values()
        ]
        moments = [remote_record.created_at or self._lineage_start() for remote_record in unlisted_records] + send_times
        return all(listing.reaches(moment - CLOCK_MARGIN) for moment in moments)

    def _read_unlisted_batches(self, managed: Managed, batch_listing: Listing | None) -> None:
        """An id that the lock knows and the list does not show is asked for by name before anything is concluded."""
        channel = self.provider.channels.get(Route.BATCH)
        for remote_id, remote_record in managed.batch_records().items():
            if channel and batch_listing and not remote_record.settled and remote_id not in batch_listing.entries:
                self._read_remote(channel, remote_id)

    def _read_remote(self, channel: Channel, remote_id: str) -> None:
        remote = channel.read(remote_id)
        if remote is None:
            self.unknown_ids.add(remote_id)
        else:
            self.full_remotes[remote_id] = remote

    def _is_quiet(self, managed: Managed, remotes: Mapping[str, Remote]) -> bool:
        return not managed.renamed_from and unchanged.is_unchanged(
            managed.resource, managed.resource_record, remotes, self.provider_time
        )

    def _needs_calls(self, managed: Managed) -> bool:
        return managed.route is Route.CALL or any(
            intent.route is Route.CALL for intent in managed.resource_record.intents.values()
        )

    def _merge_listings(self, listings: Mapping[Route, Listing]) -> dict[str, Remote]:
        return {remote_id: remote for listing in listings.values() for remote_id, remote in listing.entries.items()}

    def _group_by_address(self, remotes: Mapping[str, Remote]) -> dict[str, dict[str, Remote]]:
        """What of it is each subject's own: by its mark, by the lock, or by the manifest's `also`."""
        ids_by_address = {
            managed.address: {*managed.resource_record.remotes, *managed.also} for managed in self.managed_list
        }
        for remote_id, remote in remotes.items():
            address = self.address_by_hash.get(remote.mark.address) if remote.mark and self._is_ours(remote) else None
            if address is not None:
                ids_by_address[address].add(remote_id)
        return {
            address: {remote_id: remotes[remote_id] for remote_id in sorted(remote_ids) if remote_id in remotes}
            for address, remote_ids in ids_by_address.items()
        }

    def _is_ours(self, remote: Remote) -> bool:
        return remote.mark is not None and remote.mark.project == self.project_hash

    def _select_own_remotes(self, listings: Mapping[Route, Listing]) -> dict[str, Remote]:
        """Everything that bears a mark of this project, and what the lock or a manifest's `also` knows by id."""
        remotes = {**self._merge_listings(listings), **self.full_remotes}
        own_ids = {
            remote_id
            for managed in self.managed_list
            for remote_id in (*managed.resource_record.remotes, *managed.also)
        }
        return {
            remote_id: remote for remote_id, remote in remotes.items() if remote_id in own_ids or self._is_ours(remote)
        }

    def _lock_block(self, own_remotes: Mapping[str, Remote]) -> Block | None:
        has_single_calls = any(
            managed.resource and managed.resource.route is Route.CALL for managed in self.managed_list
        )
        needs_lock = has_single_calls and not self.scope.lock_is_authoritative
        return blocks.lock_block(self.scope.desired.project.name, self.scope.lock, own_remotes, single_calls=needs_lock)

    def _read_members(self, to_read: Sequence[Managed], own_remotes: Mapping[str, Remote]) -> None:
        """Reads the people of every batch of these subjects, from the cache where nothing can have changed; and single
        calls that have not ended as far as is known, where the list did not show them."""
        if call_channel := self.provider.channels.get(Route.CALL):
            unlisted_ids = [
                remote_id
                for managed in to_read
                for remote_id in managed.open_call_ids()
                if remote_id not in own_remotes
            ]
            with ThreadPoolExecutor(self.scope.parallelism) as pool:
                list(pool.map(lambda remote_id: self._read_remote(call_channel, remote_id), unlisted_ids))
        channel = self.provider.channels.get(Route.BATCH)
        by_address = self._group_by_address(own_remotes)
        batch_ids = [
            remote_id
            for managed in to_read
            for remote_id in self._batch_ids(managed, by_address[managed.address])
            if remote_id not in self.full_remotes
        ]
        if channel is None or not batch_ids:
            return
        uncached_ids = [remote_id for remote_id in batch_ids if not self._read_from_cache(remote_id, own_remotes)]
        self.scope.progress(
            f"reading the people of {counting.plural(len(uncached_ids), 'batch', 'batches')} of {self.name}"
        )
        with ThreadPoolExecutor(self.scope.parallelism) as pool:
            list(pool.map(lambda remote_id: self._read_remote(channel, remote_id), uncached_ids))
        cache = self.scope.caches.get(self.name)
        for remote_id in uncached_ids:
            if cache and remote_id in self.full_remotes and is_over(self.full_remotes[remote_id]):
                cache.put(self.full_remotes[remote_id])

    def _batch_ids(self, managed: Managed, remotes: Mapping[str, Remote]) -> list[str]:
        observed_ids = [remote_id for remote_id, remote in remotes.items() if remote.route is Route.BATCH]
        return list(dict.fromkeys([*managed.batch_records(), *observed_ids, *managed.also]))

    def _read_from_cache(self, remote_id: str, own_remotes: Mapping[str, Remote]) -> bool:
        cache = self.scope.caches.get(self.name)
        remote_record = next(
            (
                managed.resource_record.remotes[remote_id]
                for managed in self.managed_list
                if remote_id in managed.resource_record.remotes
            ),
            None,
        )
        listed_remote = own_remotes.get(remote_id)
        if cache is None or (listed_remote is None and (remote_record is None or not remote_record.settled)):
            return False
        remote = listed_remote or records.as_remote(remote_id, remote_record or RemoteRecord(route=Route.BATCH))
        members = cache.get(remote_id, remote.state)
        if members is None:
            return False
        self.full_remotes[remote_id] = replace(remote, members=members)
        return True

    def _build_observation(self, managed: Managed, remotes: Mapping[str, Remote], *, quiet: bool) -> Observation:
        facts = _build_facts(self.scope, managed, remotes, self.provider_time)
        return Observation(
            facts=facts,
            unchanged=quiet,
            provider=self.name,
            block=blocks.resource_block(
                facts, frozenset(self.unknown_ids), routes=self.provider.channels, unchanged=quiet
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
        """Where a list gives no marks back: calls to the person of a lost request, placed since, that nobody knows."""
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
