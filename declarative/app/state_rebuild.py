"""`dialctl state rebuild`: makes a lock from our marks at the providers, or adds to a lock what they show. Never dials,
never cancels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from declarative import humanize
from declarative.app import state_init
from declarative.app.run_history import Purpose, open_ledger
from declarative.app.session import Session
from declarative.errors import Refused, StateError
from declarative.model import frames, mark, records
from declarative.model.lock import Lock, RemoteRecord, ResourceRecord
from declarative.model.remote import Phase, Remote
from declarative.model.resource import Kind, Route

BRING_BACK = "bring dialctl.lock back, from version control or a backup"
NEVER_DIALED = f"if this project has never dialed: dialctl state new; else {BRING_BACK}"


@dataclass(frozen=True, kw_only=True)
class RebuildOptions:
    """What the user asked of a rebuild."""

    keep: str | None = None
    """The lineage to go on with, where the providers show several. None: there is only one."""
    over_older: bool = False
    """Start from the lock that is here, and add what a later run has done whose lock is gone."""
    lock_timeout: float = 0.0
    """Seconds to wait for the lease."""
    reason: str = ""
    """Why, for the history."""


def rebuild_lock(session: Session, options: RebuildOptions) -> list[str]:
    """Make a lock from our marks at the providers, and return a sentence for each thing that it says.

    Exact settings stay unknown; their short hash in the mark is enough to see a change. Who cancelled a batch stays
    unknown too: that is left for a person to say. Raises StateError if there is a lock and no reason to go over it,
    Refused if the marks cannot make one, ProviderError if a provider cannot be read.
    """
    purpose = Purpose(command="state rebuild", reason=options.reason or None)
    with open_ledger(session, options.lock_timeout, purpose) as (ledger, _):
        old_lock = ledger.lock if ledger.is_started and not ledger.lock.is_unused else None
        _check_rebuild(session, options, old_lock)
        marked_remotes = state_init.list_marked_remotes(session, old_lock)
        lineage = _choose_lineage(session, options, old_lock, marked_remotes)
        base_lock = old_lock or _empty_lock(session, lineage)
        remotes_by_address = _group_by_address(session, base_lock, marked_remotes)
        if old_lock is not None and not remotes_by_address:
            raise Refused("the providers show nothing that this lock does not know", hint="dialctl plan")
        rebuilt_records = {
            address: _rebuild_record(session, base_lock, address, remotes_by_address.get(address, []))
            for address in dict.fromkeys([*session.desired.resources, *base_lock.resources])
            if address in remotes_by_address or _is_unprovable(session, address)
        }
        created = [remote.created_at for remote in marked_remotes if remote.created_at]
        born = min([base_lock.born, *(moment - state_init.CLOCK_MARGIN for moment in created)]).replace(microsecond=0)
        messages = [
            line
            for address, record in rebuilt_records.items()
            for line in _describe_record(session, base_lock, address, remotes_by_address.get(address, []), record)
        ]
        ledger.start(replace(base_lock, born=born, resources={**base_lock.resources, **rebuilt_records}))
        return messages


def _check_rebuild(session: Session, options: RebuildOptions, old_lock: Lock | None) -> None:
    if old_lock is not None and not options.over_older and options.keep is None:
        raise StateError(
            "there is a lock already",
            hint="see what it knows with dialctl state list; if a later run has written another that is gone: dialctl "
            "state rebuild --over-older",
        )
    if old_lock is None and options.over_older:
        raise StateError("there is no lock to start from", hint="without --over-older it is made from the marks alone")
    if not session.desired.is_complete:
        raise Refused("a lock is rebuilt for the whole project", hint="name the project's directory with --path")


def _empty_lock(session: Session, lineage: str) -> Lock:
    first_sent_at = state_init.earliest_provider_time(session)
    return replace(state_init.new_lock(session, state_init.used_hosts(session), first_sent_at), lineage=lineage)


def _choose_lineage(
    session: Session, options: RebuildOptions, old_lock: Lock | None, marked_remotes: Sequence[Remote]
) -> str:
    """The lineage that the lock goes on with. Raises Refused where nothing tells which one, or where it is another one
    than that of the lock: its people's digests could not be read any more."""
    counts = Counter(remote.mark.lineage for remote in marked_remotes if remote.mark)
    if old_lock is not None:
        if options.keep not in (None, old_lock.lineage):
            raise Refused(
                f"the lock here is of lineage {old_lock.lineage}, not {options.keep}",
                hint=f"--keep {old_lock.lineage}; or move this lock away, and what it alone knows is lost",
            )
        counts.setdefault(old_lock.lineage, 0)
    if options.keep is not None:
        if options.keep not in counts:
            raise Refused(f"no mark of lineage {options.keep} at the providers", hint=_describe_lineages(counts))
        return options.keep
    if len(counts) > 1:
        raise Refused(f"marks of {len(counts)} lineages at the providers", hint=_describe_lineages(counts))
    if counts:
        return next(iter(counts))
    # A lock made of nothing would look as if it knew whom it holds back.
    if not any(
        _is_unprovable(session, address) and _bears_mark(session, address) for address in session.desired.resources
    ):
        raise Refused("no mark of this project at the providers", hint=NEVER_DIALED)
    return mark.new_lineage()


def _describe_lineages(counts: Mapping[str, int]) -> str:
    sizes = {lineage: humanize.plural(count, "batch or call", "batches or calls") for lineage, count in counts.items()}
    commands = " | ".join(f"dialctl state rebuild --keep {lineage} ({size})" for lineage, size in sorted(sizes.items()))
    return f"say which one goes on; nobody of the others is called again: {commands}" if counts else NEVER_DIALED


def _is_unprovable(session: Session, address: str) -> bool:
    """Whether it is wanted, and no list can prove that a person was never called."""
    resource = session.desired.resources.get(address)
    return resource is not None and not session.connections.capabilities(resource.provider, resource.route).provable


def _bears_mark(session: Session, address: str) -> bool:
    """Whether what is sent for an address comes back with our mark."""
    resource = session.desired.resources[address]
    return session.connections.capabilities(resource.provider, resource.route).shows_mark


def _group_by_address(session: Session, lock: Lock, remotes: Sequence[Remote]) -> dict[str, list[Remote]]:
    """What the lock does not know, by the address in its mark; an earlier address counts as the present one
    (`metadata.previously`) unless the lock has it still. Raises Refused for a mark of an address that neither has."""
    resources = session.desired.resources
    address_by_hash = {
        **{mark.address_hash(earlier): address for address in resources for earlier in resources[address].previously},
        **{mark.address_hash(address): address for address in (*lock.resources, *resources)},
    }
    known_ids = {remote_id for record in lock.resources.values() for remote_id in record.remotes}
    open_marks = {open_mark for record in lock.resources.values() for open_mark in record.intents}
    remotes_by_address: dict[str, list[Remote]] = {}
    for remote in remotes:
        if remote.id in known_ids or str(remote.mark) in open_marks:
            continue
        address = address_by_hash.get(remote.mark.address) if remote.mark else None
        if address is None:
            raise Refused(
                f"{remote.id} has a mark of an address that no manifest has",
                hint="bring its manifest back for the rebuild (or name it under metadata.previously)",
            )
        remotes_by_address.setdefault(address, []).append(remote)
    return remotes_by_address


def _rebuild_record(session: Session, lock: Lock, address: str, remotes: Sequence[Remote]) -> ResourceRecord:
    """What the lock knows of an address, with these remotes added to it."""
    old_record = lock.resources.get(address) or ResourceRecord()
    resource = session.desired.resources.get(address)
    remote_records = {
        **old_record.remotes,
        **{remote.id: _record_remote(session, lock.lineage, remote) for remote in remotes},
    }
    record = replace(
        old_record,
        generation=max([old_record.generation, *(remote.mark.generation for remote in remotes if remote.mark)]),
        provider=old_record.provider or (resource.provider if resource else ""),
        tombstone=old_record.tombstone and not remotes,
        remotes=remote_records,
        quiet=None,
    )
    unseen = {*old_record.unseen, *_find_unseen(session, lock, address, record)}
    return replace(record, unseen=tuple(sorted(unseen)))


def _record_remote(session: Session, lineage: str, remote: Remote) -> RemoteRecord:
    remote_record = records.from_mark(remote)
    if remote.route is Route.BATCH or remote.members is None or not len(remote.members):
        return remote_record
    person_digest = session.key.digest_person(lineage, remote.members.item(0, "number"))
    return records.refreshed(replace(remote_record, person=person_digest), remote)


def _find_unseen(session: Session, lock: Lock, address: str, record: ResourceRecord) -> set[str]:
    """Digests of wanted people whom nothing shows, where no list can prove that they were never called."""
    resource = session.desired.resources.get(address)
    if resource is None or not _is_unprovable(session, address):
        return set()
    earlier_records = [lock.resources[earlier] for earlier in resource.previously if earlier in lock.resources]
    all_records = [record, *earlier_records]
    if resource.kind is Kind.CALL and any(known.remotes or known.intents or known.placed for known in all_records):
        return set()
    wanted = frames.with_person_digest(resource.recipients.rows, session.key, lock.lineage).get_column("person")
    known_persons = {
        person
        for known in all_records
        for person in (
            *(remote_record.person for remote_record in known.remotes.values()),
            *(intent.person for intent in known.intents.values()),
            *known.placed,
        )
    }
    return {*wanted} - known_persons


def _describe_record(
    session: Session, lock: Lock, address: str, remotes: Sequence[Remote], record: ResourceRecord
) -> Iterator[str]:
    kept = [remote for remote in remotes if remote.mark and remote.mark.lineage == lock.lineage]
    others = [remote for remote in remotes if remote.mark and remote.mark.lineage != lock.lineage]
    if kept or not others:
        yield f"{address}: {len(kept)} found by their marks"
    if others:
        yield f"{address}: {len(others)} taken over from another lineage; {_describe_people(session, record, others)}"
    if record.unseen:
        missing = humanize.plural(len(record.unseen), "person was", "people were")
        yield (
            f"{address}: {missing} not found, and no list proves that they were never called; blocked until you say: "
            f"dialctl resolve {address} --placed | --not-placed"
        )


def _describe_people(session: Session, record: ResourceRecord, remotes: Sequence[Remote]) -> str:
    """How many people of these remotes still wait, and how many count as called."""
    provider = session.connections.connected_providers[record.provider]
    waiting, called = 0, 0
    for remote in remotes:
        full = provider.channels[remote.route].read(remote.id) if remote.members is None else remote
        if full is None or full.members is None:
            called += remote.total
            continue
        phases = full.members.get_column("phase")
        waiting += int((phases == Phase.QUEUED).sum())
        called += int((~phases.is_in([Phase.QUEUED, Phase.CANCELLED, Phase.REFUSED, Phase.UNFUNDED])).sum())
    return f"{humanize.plural(called, 'person counts', 'people count')} as called, {waiting:,} still wait there"
