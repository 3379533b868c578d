"""Starts a lock: with the first apply, by `dialctl state new`, or by `dialctl state rebuild` from our marks at the
providers. Never dials, never cancels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from declarative import humanize
from declarative.app.session import Session
from declarative.engine.listing import Listing
from declarative.errors import ProviderError, Refused, StateError
from declarative.model import frames, mark, records
from declarative.model.lock import Lock, ResourceRecord
from declarative.model.remote import Remote
from declarative.model.resource import Kind, Route
from declarative.providers.base import EVERY_AGENT
from declarative.state.ledger import Ledger

BRING_BACK = "bring dialctl.lock back, from version control or a backup"
NEVER_DIALED = f"if this project has never dialed: dialctl state new; else {BRING_BACK}"
_CLOCK_MARGIN = timedelta(minutes=5)
"""How much older than the first request a lineage counts: clocks of one provider's machines may differ a little."""


def new_lock(session: Session, hosts: Mapping[str, str], first_sent_at: datetime) -> Lock:
    """A lock with a new lineage, which tells its marks from those of every other lock. `hosts` are those of its
    providers by name; `first_sent_at`, by a provider's clock, is before everything that is sent under it."""
    return Lock(
        project=session.desired.project.name,
        lineage=mark.new_lineage(),
        born=(first_sent_at - _CLOCK_MARGIN).replace(microsecond=0),
        hosts=hosts,
        person_key=session.key.fingerprint,
    )


def start_lock(session: Session, wait: float) -> str:
    """Start a lock for a project that has never dialed, and return a sentence about it. `wait` is how many seconds to
    wait for the lease. Raises StateError if there is a lock, Refused if marks prove that the project has dialed."""
    with session.open_ledger(wait) as (ledger, _):
        _refuse_existing_lock(ledger)
        if marked_remotes := _list_marked_remotes(session):
            raise Refused(
                f"this project has dialed before: {len(marked_remotes)} of its marks are at the providers",
                hint="dialctl state rebuild",
            )
        ledger.start(new_lock(session, _used_hosts(session), _earliest_provider_time(session)))
        message = f"a new lock at {session.backend.location}, lineage {ledger.lock.lineage}"
        blind_providers = _list_blind_providers(session)
        return (
            f"{message}; whether this project has dialed before cannot be seen at {', '.join(blind_providers)}"
            if blind_providers
            else message
        )


def rebuild_lock(session: Session, wait: float) -> list[str]:
    """Start a lock from our marks at the providers, and return a sentence for each address.

    Exact settings stay unknown; their short hash in the mark is enough to see a change. Who cancelled a batch stays
    unknown too: that is left for a person to say. `wait` is how many seconds to wait for the lease. Raises StateError
    if there is a lock, Refused if the marks cannot make one, ProviderError if a provider cannot be read.
    """
    with session.open_ledger(wait) as (ledger, _):
        _refuse_existing_lock(ledger)
        if not session.desired.is_complete:
            raise Refused("a lock is rebuilt for the whole project", hint="name the project's directory with --path")
        if blind_providers := _list_blind_providers(session):
            raise Refused(
                f"calls at {', '.join(blind_providers)} show no mark: no lock can be made from them", hint=BRING_BACK
            )
        marked_remotes = _list_marked_remotes(session)
        lineage = _find_only_lineage(marked_remotes)
        first_sent_at = min(
            (remote.created_at for remote in marked_remotes if remote.created_at),
            default=_earliest_provider_time(session),
        )
        remotes_by_address = _group_by_address(session, marked_remotes)
        resource_records = {
            address: _rebuild_record(session, lineage, address, remotes_by_address.get(address, []))
            for address in session.desired.resources
            if address in remotes_by_address or _is_unprovable(session, address)
        }
        lock = new_lock(session, _used_hosts(session), first_sent_at)
        ledger.start(replace(lock, lineage=lineage, resources=resource_records))
        return [
            line
            for address, resource_record in resource_records.items()
            for line in _rebuild_messages(address, resource_record)
        ]


def _find_only_lineage(marked_remotes: list[Remote]) -> str:
    """The lineage that all marks share. Raises Refused if there is no mark, or if they have several."""
    lineages = {remote.mark.lineage for remote in marked_remotes if remote.mark}
    if len(lineages) != 1:
        cause = f"marks of {len(lineages)} lineages" if lineages else "no mark of this project"
        raise Refused(f"{cause} at the providers", hint="dialctl drift" if lineages else NEVER_DIALED)
    return lineages.pop()


def _rebuild_messages(address: str, resource_record: ResourceRecord) -> Iterator[str]:
    yield f"{address}: {len(resource_record.remotes)} found by their marks"
    if resource_record.unseen:
        missing = humanize.plural(len(resource_record.unseen), "person was", "people were")
        yield (
            f"{address}: {missing} not found, and no list proves that they were never called; blocked until you say: "
            f"dialctl resolve {address} --placed | --not-placed"
        )


def _is_unprovable(session: Session, address: str) -> bool:
    """Whether no list can prove that a person was never called."""
    resource = session.desired.resources[address]
    return not session.connections.capabilities(resource.provider, resource.route).provable


def _rebuild_record(session: Session, lineage: str, address: str, remotes: list[Remote]) -> ResourceRecord:
    remote_records = {remote.id: records.from_mark(remote) for remote in remotes}
    for remote in remotes:
        if remote.route is Route.CALL and remote.members is not None and len(remote.members):
            person_digest = session.key.digest_person(lineage, remote.members.item(0, "number"))
            remote_records[remote.id] = records.refreshed(
                replace(remote_records[remote.id], person=person_digest), remote
            )
    resource = session.desired.resources[address]
    unseen: set[str] = set()
    if _is_unprovable(session, address) and not (resource.kind is Kind.CALL and remote_records):
        person_digests = frames.with_person_digest(resource.recipients.frame, session.key, lineage).get_column("person")
        unseen = {*person_digests} - {remote_record.person for remote_record in remote_records.values()}
    return ResourceRecord(
        generation=max((remote.mark.generation for remote in remotes if remote.mark), default=0),
        provider=resource.provider,
        remotes=remote_records,
        unseen=tuple(sorted(unseen)),
    )


def _refuse_existing_lock(ledger: Ledger) -> None:
    if ledger.is_started:
        raise StateError(
            "there is a lock already",
            hint="see what it knows with dialctl state list; move it away only if it is of no use",
        )


def _used_hosts(session: Session) -> dict[str, str]:
    """The hosts of the providers that some resource uses."""
    used_providers = session.connections.used_providers
    return {name: host for name, host in session.connections.hosts.items() if name in used_providers}


def _earliest_provider_time(session: Session) -> datetime:
    return min(
        (session.connections.connected_providers[name].now() for name in _used_hosts(session)),
        default=datetime.now(UTC),
    )


def _list_marked_remotes(session: Session) -> list[Remote]:
    """Everything at the used providers with a mark of this project, under every agent. Raises ProviderError if one of
    them cannot be read: a lock made from the rest would let people be called twice."""
    marked_remotes: list[Remote] = []
    project_hash = mark.project_hash(session.desired.project.name)
    agent_ids = {
        str(resource.settings["agent_id"])
        for resource in session.desired.resources.values()
        if resource.settings.get("agent_id")
    }
    for provider in session.connections.used_providers.values():
        if isinstance(provider, ProviderError):
            raise provider
        for channel in provider.channels.values():
            listing = Listing(provider.now, *channel.list_pages([*sorted(agent_ids), EVERY_AGENT]))
            listing.read_all()
            marked_remotes += [
                remote for remote in listing.entries.values() if remote.mark and remote.mark.project == project_hash
            ]
    return marked_remotes


def _list_blind_providers(session: Session) -> list[str]:
    """Names of the providers that do not return the mark of a single call."""
    connections = session.connections
    return [
        name
        for name, provider in connections.used_providers.items()
        if not isinstance(provider, ProviderError)
        and Route.CALL in provider.channels
        and not connections.capabilities(name, Route.CALL).returns_data
    ]


def _group_by_address(session: Session, marked_remotes: list[Remote]) -> dict[str, list[Remote]]:
    """The remotes by the address in their mark; an earlier address counts as the present one (`metadata.previously`).
    Raises Refused for a mark of an address that no manifest has."""
    address_by_hash = {
        mark.address_hash(address): resource.address
        for resource in session.desired.resources.values()
        for address in (resource.address, *resource.previously)
    }
    remotes_by_address: dict[str, list[Remote]] = {}
    for remote in marked_remotes:
        address = address_by_hash.get(remote.mark.address) if remote.mark else None
        if address is None:
            raise Refused(
                f"{remote.id} has a mark of an address that no manifest has",
                hint="bring its manifest back for the rebuild (or name it under metadata.previously)",
            )
        remotes_by_address.setdefault(address, []).append(remote)
    return remotes_by_address
