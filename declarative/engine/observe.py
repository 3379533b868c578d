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
from declarative.planning.facts import Block, Facts, Managed, Observation, subjects
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


def observe(scene: ObserveScope) -> list[Observation]:
    """An outlook for every subject, in order. A provider that cannot be read blocks its own resources alone."""
    outlooks: dict[str, Observation] = {}
    everyone = subjects(scene.desired, scene.lock, with_those_left=scene.include_removed)
    for name in dict.fromkeys(subject.provider for subject in everyone):
        theirs = [subject for subject in everyone if subject.provider == name]
        for outlook in _at_provider(scene, name, theirs):
            outlooks[outlook.case.address] = outlook
    return [replace(outlooks[subject.address], read_only=subject.read_only) for subject in everyone]


def _at_provider(scene: ObserveScope, name: str, theirs: Sequence[Managed]) -> list[Observation]:
    provider = scene.providers.get(name) or ProviderError(f'no provider "{name}" is declared any more')
    if isinstance(provider, ProviderError):
        return [_unread(scene, subject, provider) for subject in theirs]
    try:
        return _Observer(scene, name, provider, theirs).outlooks()
    except ProviderError as error:
        return [_unread(scene, subject, error) for subject in theirs]


def _unread(scene: ObserveScope, subject: Managed, error: ProviderError) -> Observation:
    case = _case(scene, subject, {}, BEFORE_ALL)
    if case.buried and not case.record.intents:  # nothing is asked of it, so nothing is missed
        return Observation(case=case, provider=subject.provider, quiet=True)
    return Observation(case=case, provider=subject.provider, block=Block(Reason.NOT_READ, error.message, error.hint))


class _Observer:
    """One provider's part of a scene."""

    def __init__(self, scene: ObserveScope, name: str, provider: Provider, theirs: Sequence[Managed]) -> None:
        self.scene = scene
        self.name = name
        self.provider = provider
        self.theirs = theirs
        self.now = provider.now()
        self.project = mark.project_hash(scene.desired.project.name)
        self.unknown: set[str] = set()
        self.full: dict[str, Remote] = {}
        self.unsigned: list[Remote] = []
        self.addresses = {
            mark.address_hash(address): subject.address
            for subject in theirs
            for address in (subject.address, *(subject.resource.previously if subject.resource else ()))
        }

    def outlooks(self) -> list[Observation]:
        listings = {route: self._listing(route) for route in self.provider.channels}
        if batches := listings.get(Route.BATCH):
            self.scene.progress(f"reading the batch list of {self.name}")
            batches.read_until(self._enough_for_the_settled)
        for subject in self.theirs:
            self._ask_for_unlisted(subject, batches)
        own = self._by_address({**self._listed(listings), **self.full})
        busy = [s for s in self.theirs if self.scene.everything or not self._is_quiet(s, own[s.address])]
        if busy and batches:
            batches.read_until(lambda listing: listing.reaches(self._born()))
        if any(self._needs_calls(subject) for subject in busy) and (calls := listings.get(Route.CALL)):
            self.scene.progress(f"reading the call list of {self.name}")
            calls.read_until(lambda listing: not self._of_any_agent() and listing.reaches(self._born()))
        seen = self._seen(listings)
        self.unsigned = [one for one in self._listed(listings).values() if one.route is Route.CALL and not one.mark]
        if block := self._memory_block(seen):
            own = self._by_address(seen)
            return [self._blocked(subject, own[subject.address], block) for subject in self.theirs]
        self._read_in_full(busy, seen)
        own, looked_at = self._by_address({**seen, **self.full}), {subject.address for subject in busy}
        return [self._outlook(s, own[s.address], quiet=s.address not in looked_at) for s in self.theirs]

    def _listing(self, route: Route) -> Listing:
        histories = self.provider.channels[route].list_pages
        if route is Route.BATCH:
            return Listing(self.provider.now, *histories(()))
        agents = {
            str(source.get("agent_id"))
            for subject in self.theirs
            if subject.route is Route.CALL
            for source in (subject.resource.settings if subject.resource else {}, subject.record.settings)
            if source.get("agent_id")
        } | {
            intent.agent_id
            for subject in self.theirs
            for intent in subject.record.intents.values()
            if intent.agent_id and intent.route is Route.CALL
        }
        return Listing(
            self.provider.now, *histories([*sorted(agents), *([EVERY_AGENT] if self._of_any_agent() else [])])
        )

    def _of_any_agent(self) -> bool:
        """Whether calls are looked for of which not even the agent that placed them is known, but their mark alone."""
        return any(s.resource and s.route is Route.CALL and s.was_forgotten for s in self.theirs)

    def _born(self) -> datetime:
        """No mark of this lineage is older. Without a lock only the end of the list is far enough."""
        return self.scene.lock.born if self.scene.lock else BEFORE_ALL

    def _enough_for_the_settled(self, listing: Listing) -> bool:
        if self.scene.lock is None:
            return False
        known = {key: record for subject in self.theirs for key, record in subject.batch_ids().items()}
        if known and not set(known) & set(listing.seen):
            return False  # what is newer than everything we know may be ours, by a later run's lock
        waiting_for = [record for key, record in known.items() if not record.settled and key not in listing.seen]
        sent = [intent.sent_at for subject in self.theirs for intent in subject.record.intents.values()]
        moments = [record.created_at or self._born() for record in waiting_for] + sent
        return all(listing.reaches(moment - CLOCK_MARGIN) for moment in moments)

    def _ask_for_unlisted(self, subject: Managed, batches: Listing | None) -> None:
        """An id that the lock knows and the list does not show is asked for by name before anything is concluded."""
        channel = self.provider.channels.get(Route.BATCH)
        for remote_id, known in subject.batch_ids().items():
            if channel and batches and not known.settled and remote_id not in batches.seen:
                self._read(channel, remote_id)

    def _read(self, channel: Channel, remote_id: str) -> None:
        remote = channel.read(remote_id)
        if remote is None:
            self.unknown.add(remote_id)
        else:
            self.full[remote_id] = remote

    def _is_quiet(self, subject: Managed, own: Mapping[str, Remote]) -> bool:
        return not subject.renamed and unchanged.is_unchanged(subject.resource, subject.record, own, self.now)

    def _needs_calls(self, subject: Managed) -> bool:
        return subject.route is Route.CALL or any(i.route is Route.CALL for i in subject.record.intents.values())

    def _listed(self, listings: Mapping[Route, Listing]) -> dict[str, Remote]:
        return {key: remote for listing in listings.values() for key, remote in listing.seen.items()}

    def _by_address(self, seen: Mapping[str, Remote]) -> dict[str, dict[str, Remote]]:
        """What of it is each subject's own: by its mark, by the lock, or by the manifest's `also`."""
        ids = {s.address: {*s.record.remotes, *s.also} for s in self.theirs}
        for key, remote in seen.items():
            address = self.addresses.get(remote.mark.address) if remote.mark and self._is_ours(remote) else None
            if address is not None:
                ids[address].add(key)
        return {address: {key: seen[key] for key in sorted(known) if key in seen} for address, known in ids.items()}

    def _is_ours(self, remote: Remote) -> bool:
        return remote.mark is not None and remote.mark.project == self.project

    def _seen(self, listings: Mapping[Route, Listing]) -> dict[str, Remote]:
        """Everything that bears a mark of this project, and what the lock or a manifest's `also` knows by id."""
        seen = {**self._listed(listings), **self.full}
        known = {key for subject in self.theirs for key in (*subject.record.remotes, *subject.also)}
        return {key: remote for key, remote in seen.items() if key in known or self._is_ours(remote)}

    def _memory_block(self, seen: Mapping[str, Remote]) -> Block | None:
        single = any(s.resource and s.resource.route is Route.CALL for s in self.theirs)
        wants_memory = single and not self.scene.lock_is_authoritative
        return blocks.lock_block(self.scene.desired.project.name, self.scene.lock, seen, single_calls=wants_memory)

    def _read_in_full(self, busy: Sequence[Managed], seen: Mapping[str, Remote]) -> None:
        """Reads the people of every batch of these subjects, from the cache where nothing can have changed; and single
        calls that have not ended as far as is known, where the list did not show them."""
        if calls := self.provider.channels.get(Route.CALL):
            unlisted = [key for subject in busy for key in subject.calls_to_ask_for() if key not in seen]
            with ThreadPoolExecutor(self.scene.parallelism) as pool:
                list(pool.map(lambda key: self._read(calls, key), unlisted))
        channel = self.provider.channels.get(Route.BATCH)
        own = self._by_address(seen)
        wanted = [key for s in busy for key in self._batches_of(s, own[s.address]) if key not in self.full]
        if channel is None or not wanted:
            return
        missing = [key for key in wanted if not self._recalled(key, seen)]
        self.scene.progress(f"reading the people of {counting.plural(len(missing), 'batch', 'batches')} of {self.name}")
        with ThreadPoolExecutor(self.scene.parallelism) as pool:
            list(pool.map(lambda key: self._read(channel, key), missing))
        cache = self.scene.caches.get(self.name)
        for key in missing:
            if cache and key in self.full and is_over(self.full[key]):
                cache.put(self.full[key])

    def _batches_of(self, subject: Managed, own: Mapping[str, Remote]) -> list[str]:
        marked = [key for key, remote in own.items() if remote.route is Route.BATCH]
        return list(dict.fromkeys([*subject.batch_ids(), *marked, *subject.also]))

    def _recalled(self, remote_id: str, seen: Mapping[str, Remote]) -> bool:
        cache = self.scene.caches.get(self.name)
        known = next((s.record.remotes[remote_id] for s in self.theirs if remote_id in s.record.remotes), None)
        listed = seen.get(remote_id)
        if cache is None or (listed is None and (known is None or not known.settled)):
            return False
        remote = listed or records.as_remote(remote_id, known or RemoteRecord(route=Route.BATCH))
        members = cache.get(remote_id, remote.state)
        if members is None:
            return False
        self.full[remote_id] = replace(remote, members=members)
        return True

    def _outlook(self, subject: Managed, own: Mapping[str, Remote], *, quiet: bool) -> Observation:
        case = _case(self.scene, subject, own, self.now)
        return Observation(
            case=case,
            quiet=quiet,
            provider=self.name,
            block=blocks.resource_block(case, frozenset(self.unknown), routes=self.provider.channels, quiet=quiet),
            adopt=tuple(
                remote for key, remote in own.items() if key not in subject.record.remotes and key not in case.also
            ),
            renamed=subject.renamed,
            applying=self.scene.applying if subject.record.intents else None,
            candidates=tuple(self._candidates(case)),
        )

    def _candidates(self, case: Facts) -> Iterator[Remote]:
        """Where a list gives no marks back: calls to the person of a lost request, placed since, that nobody knows."""
        lost = {intent.person: intent.sent_at - CLOCK_MARGIN for intent in case.open_intents() if intent.person}
        known = {key for other in self.theirs for key in other.record.remotes} if lost else set()
        for call in self.unsigned if lost else []:
            numbers = call.members.get_column("number") if call.members is not None else ()
            since = [lost[p] for n in numbers if (p := self.scene.key.of_person(case.lineage, n)) in lost]
            if call.id not in known and call.created_at and any(moment <= call.created_at for moment in since):
                yield call

    def _blocked(self, subject: Managed, own: Mapping[str, Remote], block: Block) -> Observation:
        case = _case(self.scene, subject, own, self.now)
        return Observation(case=case, provider=self.name, block=block)


def _case(scene: ObserveScope, subject: Managed, remotes: Mapping[str, Remote], now: datetime) -> Facts:
    case = Facts(
        address=subject.address,
        resource=subject.resource,
        record=subject.record,
        remotes=remotes,
        now=now,
        key=scene.key,
        lineage=scene.lock.lineage if scene.lock else "",
        also=frozenset(subject.also),
    )
    if subject.resource is None or now == BEFORE_ALL:
        return case
    timing, opens_at = policy.timing(subject.resource, now, subject.record.guard(scene.desired.project.guard))
    return replace(case, timing=timing, opens_at=opens_at)
