"""Reads what exists at the providers, as far as the decisions ahead need it. Nothing here dials or cancels.

The batch list is read back to the oldest entry that is not settled. Where people may be submitted it is read back to
the start of the lineage, since a missing entry means something only in a list that was read in full. People are read
only for resources where something changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property

from declarative.engine import list_depth, lock_evidence
from declarative.engine.candidates import find_candidates
from declarative.engine.likeness import add_call_facts, find_alike, list_open_calls
from declarative.engine.list_depth import BEFORE_ALL
from declarative.engine.listing import Listing
from declarative.engine.members import MemberCache, MemberReader
from declarative.engine.ownership import Ownership
from declarative.errors import NoSandbox, ProviderError
from declarative.model.capabilities import Capabilities
from declarative.model.digest import PersonKey
from declarative.model.halts import NO_HALTS, Halts
from declarative.model.lock import LONGEST_GUARD, Lock
from declarative.model.remote import Remote
from declarative.model.resource import Desired, Route
from declarative.planning import blocks, call_window, policy, unchanged
from declarative.planning.decide import Reason
from declarative.planning.facts import Block, Facts, Managed, Observation
from declarative.planning.managed import list_managed
from declarative.planning.membership import hold_against_lock
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
    halts: Halts = NO_HALTS
    """The emergency stops that stand."""
    lock_is_authoritative: bool = False
    """Whether the lock cannot have been lost, as in the embedded sandbox, which keeps lock and calls together."""
    parallelism: int = 8
    """How many batches or calls are read at once."""
    applying: str | None = None
    """Who holds the lease now, as text for people. None where no one does, or where this run does."""
    everything: bool = False
    """Whether people are also read for resources where nothing changed."""
    following: bool = False
    """Whether this only follows what the lock knows. No batch list is read then, so nothing may be decided by it."""
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
    return [
        replace(observations[managed.address], read_only=True) if managed.read_only else observations[managed.address]
        for managed in all_managed
    ]


def _observe_provider(scope: ObserveScope, name: str, managed_list: Sequence[Managed]) -> list[Observation]:
    provider = scope.providers.get(name) or ProviderError(
        f'no provider "{name}" is declared any more', hint="declare it under spec.providers while the lock names it"
    )
    if isinstance(provider, ProviderError):
        return [_build_unread_observation(scope, managed, provider) for managed in managed_list]
    try:
        return _Observer(scope, name, provider, managed_list).observe()
    except ProviderError as error:
        return [_build_unread_observation(scope, managed, error) for managed in managed_list]


def _build_unread_observation(scope: ObserveScope, managed: Managed, error: ProviderError) -> Observation:
    facts = _build_facts(scope, managed, {}, BEFORE_ALL)
    if facts.is_tombstone:  # it needs nothing from the provider
        return Observation(facts=facts, provider=managed.provider, unchanged=True)
    reason = Reason.NO_SANDBOX if isinstance(error, NoSandbox) else Reason.NOT_READ
    return Observation(facts=facts, provider=managed.provider, block=Block(reason, error.message, error.hint))


class _Observer:
    """Observes the addresses of one provider."""

    def __init__(self, scope: ObserveScope, name: str, provider: Provider, managed_list: Sequence[Managed]) -> None:
        self.scope = scope
        self.name = name
        self.provider = provider
        self.managed_list = managed_list
        self.provider_time = BEFORE_ALL
        self.ownership = Ownership(scope.desired.project.name, managed_list, scope.lock)
        self.reader = MemberReader(
            provider,
            managed_list,
            scope.caches.get(name),
            parallelism=scope.parallelism,
            progress=scope.progress,
        )
        is_listed = not scope.following or list_depth.has_lost_batches(managed_list)
        self.batch_listing = list_depth.open_batch_listing(provider) if is_listed else None
        self.call_listings = list_depth.open_call_listings(provider, managed_list)
        self.unmarked_calls: list[Remote] = []
        self.open_calls = list_open_calls(scope.desired.project, scope.lock, name)

    def observe(self) -> list[Observation]:
        self._read_unsettled_batches()
        to_read = self._select_to_read()
        self._read_to_lineage_start(to_read)
        listed = self._list_entries()
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
        observations = [
            self._build_observation(managed, by_address[managed.address], quiet=managed.address not in read_addresses)
            for managed in self.managed_list
        ]
        return lock_evidence.block_unproven_calls(observations, self._capabilities(Route.CALL))

    def _list_entries(self) -> dict[str, Remote]:
        """Everything that the lists showed so far, by id."""
        listings = [self.batch_listing, *(calls.listing for calls in self.call_listings)]
        return {remote_id: remote for listing in listings if listing for remote_id, remote in listing.entries.items()}

    def _read_unsettled_batches(self) -> None:
        """Reads the batch list back to every batch that may change, the time, and by id the batches that it lacks."""
        if self.batch_listing is not None:
            self.scope.progress(f"reading the batch list of {self.name}")
            self.batch_listing.read_until(list_depth.unsettled_depth(self.scope.lock, self.managed_list))
        # Protocol 8: every batch is read later than this time. The list's answer told it, so it costs no request.
        self.provider_time = self.provider.now()
        if self.batch_listing is None:
            return
        for managed in self.managed_list:
            self.reader.read_unlisted_batches(managed, self.batch_listing.entries)

    def _select_to_read(self) -> list[Managed]:
        """The addresses whose people must be read: something changed there, or everything was asked for."""
        by_address = self.ownership.group_by_address({**self._list_entries(), **self.reader.remotes})
        return [
            managed
            for managed in self.managed_list
            if self.scope.everything or not self._is_quiet(managed, by_address[managed.address])
        ]

    def _is_quiet(self, managed: Managed, remotes: Mapping[str, Remote]) -> bool:
        frequency = self.scope.desired.project.policy.frequency
        if call_window.may_hold_calls(frequency, managed.resource_record, self.provider_time):
            return False
        is_halted = self.scope.halts.find(*managed.names) is not None
        return not managed.renamed_from and unchanged.is_unchanged(
            managed.resource, managed.resource_record, remotes, self.provider_time, halted=is_halted
        )

    def _read_to_lineage_start(self, to_read: Sequence[Managed]) -> None:
        # Protocol 12: people are called because no remote holds them. That is a fact only if the list was read back to
        # the start of the lineage: no mark of ours is older.
        start = list_depth.lineage_start(self.scope.lock)
        if to_read and self.batch_listing:
            self.batch_listing.read_until(lambda listing: listing.reaches(start))
            self._ask_for_missing_batches(self.batch_listing)
        if not any(list_depth.needs_call_list(managed) for managed in to_read):
            return
        # A call of which only the mark is known may be anywhere in the list, so the list is read to its end.
        is_every_agent = list_depth.has_calls_of_unknown_agent(self.managed_list)
        self.scope.progress(f"reading the call list of {self.name}")
        for calls in self.call_listings:
            calls.read_until(lambda listing: not is_every_agent and listing.reaches(start))

    def _ask_for_missing_batches(self, batch_listing: Listing) -> None:
        # Protocol 12: settled is not known to be here. A list that reaches past the birth of a batch and does not show
        # it may be another account's, where nobody of ours was ever called.
        if not self.provider.channels[Route.BATCH].capabilities.list_ends:
            missing_ids = list_depth.find_missing_settled(batch_listing, self.scope.lock, self.managed_list)
            self.reader.read_missing_batches(missing_ids)

    def _read_block(self, managed: Managed, remotes: Mapping[str, Remote], *, quiet: bool) -> Block | None:
        """Why nothing can be decided about an address: something of its own could not be read."""
        ids = {*managed.resource_record.remotes, *managed.also, *remotes}
        errors = [error for remote_id, error in self.reader.errors.items() if remote_id in ids]
        if not quiet:
            errors += list_depth.find_list_errors(self.call_listings, managed, self._capabilities(Route.CALL))
        return Block(Reason.NOT_READ, errors[0].message, errors[0].hint) if errors else None

    def _lock_block(self, own_remotes: Mapping[str, Remote]) -> Block | None:
        """Why nothing at this provider may be decided by this lock; None where it may."""
        has_single_calls = any(managed.resource_here and managed.route is Route.CALL for managed in self.managed_list)
        needs_lock = has_single_calls and not self.scope.lock_is_authoritative
        return blocks.lock_block(self.scope.desired.project.name, self.scope.lock, own_remotes, single_calls=needs_lock)

    def _build_observation(self, managed: Managed, remotes: Mapping[str, Remote], *, quiet: bool) -> Observation:
        able = self._capabilities(Route.BATCH) or self._capabilities(Route.CALL)
        facts = replace(
            _build_facts(self.scope, managed, remotes, self.provider_time, self._capabilities(managed.route)),
            cancel_settles=timedelta(seconds=able.cancel_settles if able else 0),
            marks_are_listed=quiet or managed.route is not Route.CALL or self._shows_newest_call,
        )
        facts = add_call_facts(managed, facts, self._capabilities(Route.CALL), self.open_calls)
        facts = facts if quiet else hold_against_lock(facts)
        unmarked_calls = [*self.unmarked_calls, *find_alike(self.provider, facts)]
        unknown_ids = frozenset(self.reader.unknown_ids)
        return Observation(
            facts=facts,
            unchanged=quiet,
            provider=self.name,
            block=self._read_block(managed, remotes, quiet=quiet)
            or blocks.resource_block(facts, unknown_ids, routes=self.provider.channels, unchanged=quiet)
            or (None if quiet else self._lag_block(managed))
            or (None if quiet else self._account_block),
            to_adopt=tuple(
                remote
                for remote_id, remote in remotes.items()
                if remote_id not in managed.resource_record.remotes and remote_id not in facts.also
            ),
            renamed_from=managed.renamed_from,
            lease_holder=self.scope.applying if managed.resource_record.intents else None,
            candidates=tuple(find_candidates(facts, self.managed_list, unmarked_calls)),
        )

    def _lag_block(self, managed: Managed) -> Block | None:
        seconds = self.scope.lock.guards.get(self.name, 0) if self.scope.lock else 0
        if managed.route is not Route.BATCH or seconds <= LONGEST_GUARD.total_seconds():
            return None
        return lock_evidence.lag_block(self.name, self.managed_list, self.batch_listing, self.provider_time)

    def _capabilities(self, route: Route) -> Capabilities | None:
        channel = self.provider.channels.get(route)
        return channel.capabilities if channel else None

    @cached_property
    def _account_block(self) -> Block | None:
        """Why this may be another account. What was read is the same for all addresses."""
        unknown_ids, capabilities = self.reader.unknown_ids, self._capabilities(Route.BATCH)
        return lock_evidence.account_block(self.name, self.managed_list, unknown_ids, capabilities)

    @cached_property
    def _shows_newest_call(self) -> bool:
        return lock_evidence.are_marks_listed(self.managed_list, self._list_entries(), self._capabilities(Route.CALL))

    def _build_blocked_observation(self, managed: Managed, remotes: Mapping[str, Remote], block: Block) -> Observation:
        facts = _build_facts(self.scope, managed, remotes, self.provider_time)
        return Observation(facts=facts, provider=self.name, block=block)


def _build_facts(
    scope: ObserveScope,
    managed: Managed,
    remotes: Mapping[str, Remote],
    provider_time: datetime,
    capabilities: Capabilities | None = None,
) -> Facts:
    spec = scope.desired.project.providers.get(managed.provider)
    facts = Facts(
        address=managed.address,
        resource=managed.resource,
        resource_record=managed.resource_record,
        remotes=remotes,
        now=provider_time,
        key=scope.key,
        lineage=scope.lock.lineage if scope.lock else "",
        probe_number=spec.probe_number if spec else "",
        also=frozenset(managed.also),
        emergency=scope.halts.find(*managed.names),
        capabilities=capabilities,
    )
    if managed.resource is None or provider_time == BEFORE_ALL:
        return facts
    own_guard = scope.desired.project.guard
    guard = scope.lock.guard(managed.provider, own_guard) if scope.lock else own_guard
    return policy.add_times(facts, managed.resource, guard, capabilities)
