"""A memory begins: with the first apply, by a person's word, or from what bears our marks. Writes a new lock; never
dials, never cancels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from declarative import humanize as counting
from declarative.app.session import Session
from declarative.engine.listing import Listing
from declarative.errors import ProviderError, Refused, StateError
from declarative.model import frames as people
from declarative.model import mark, records
from declarative.model.lock import Lock, ResourceRecord
from declarative.model.remote import Remote
from declarative.model.resource import Kind, Route
from declarative.providers.base import EVERY_AGENT
from declarative.state.ledger import Ledger

BRING_BACK = "bring dialctl.lock back, from version control or a backup"
NEVER_DIALED = f"if this project has never dialed: dialctl state new; else {BRING_BACK}"
_BEFORE = timedelta(minutes=5)
"""How much older than the first thing sent a lineage is taken to be: stamps of one provider may differ a little."""


def new_lock(session: Session, hosts: Mapping[str, str], first: datetime) -> Lock:
    """A new lineage, under which nothing was sent before `first`: from here on, marks are told from those of every
    other lock."""
    return Lock(
        project=session.desired.project.name,
        lineage=mark.new_lineage(),
        born=(first - _BEFORE).replace(microsecond=0),
        hosts=hosts,
        person_key=session.key.fingerprint,
    )


def new(session: Session, wait: float) -> str:
    """Starts a memory where none is, for a project that has never dialed. Raises Refused where marks prove it has."""
    with session.open_ledger(wait) as (ledger, _):
        _must_be_absent(ledger)
        if marks := _marks(session):
            raise Refused(
                f"this project has dialed before: {len(marks)} of its marks are at the providers",
                hint="dialctl state rebuild",
            )
        ledger.start(new_lock(session, _hosts(session), _now(session)))
        said = f"a new lock at {session.backend.where}, lineage {ledger.lock.lineage}"
        blind = _without_marks(session)
        return f"{said}; nobody can see at {', '.join(blind)} whether this project has dialed before" if blind else said


def rebuild(session: Session, wait: float) -> list[str]:
    """Starts a memory from the marks at the providers. Exact settings stay unknown (their short hash in the mark is
    enough to see a change), and so does who cancelled a batch: that is asked of a person."""
    with session.open_ledger(wait) as (ledger, _):
        _must_be_absent(ledger)
        if not session.desired.whole:
            raise Refused("a lock is rebuilt for the whole project", hint="name the project's directory with --path")
        if blind := _without_marks(session):
            raise Refused(f"calls at {', '.join(blind)} show no mark: no lock can be made from them", hint=BRING_BACK)
        marks = _marks(session)
        lineages = {remote.mark.lineage for remote in marks if remote.mark}
        if len(lineages) != 1:
            what = f"marks of {len(lineages)} lineages" if lineages else "no mark of this project"
            raise Refused(f"{what} at the providers", hint="dialctl drift" if lineages else NEVER_DIALED)
        first = min((remote.created_at for remote in marks if remote.created_at), default=_now(session))
        lineage = lineages.pop()
        found = _by_address(session, marks)
        made = {
            address: _rebuilt(session, lineage, address, found.get(address, []))
            for address in session.desired.resources
            if address in found or _unprovable(session, address)
        }
        lock = new_lock(session, _hosts(session), first)
        ledger.start(replace(lock, lineage=lineage, resources=made))
        return [line for address, record in made.items() for line in _said_of_rebuilt(address, record)]


def _said_of_rebuilt(address: str, record: ResourceRecord) -> Iterator[str]:
    yield f"{address}: {len(record.remotes)} found by their marks"
    if record.unseen:
        who = counting.plural(len(record.unseen), "person was", "people were")
        yield (
            f"{address}: {who} not found, and no list proves that nobody rang them; held back until you say: "
            f"dialctl resolve {address} --placed | --not-placed"
        )


def _unprovable(session: Session, address: str) -> bool:
    """Whether no list can prove that somebody was never rung."""
    resource = session.desired.resources[address]
    return not session.abilities(resource.provider, resource.route).provable


def _rebuilt(session: Session, lineage: str, address: str, theirs: list[Remote]) -> ResourceRecord:
    known = {remote.id: records.from_mark(remote) for remote in theirs}
    for remote in theirs:
        if remote.route is Route.CALL and remote.members is not None and len(remote.members):
            person = session.key.of_person(lineage, remote.members.item(0, "number"))
            known[remote.id] = records.refreshed(replace(known[remote.id], person=person), remote)
    resource = session.desired.resources[address]
    unseen: set[str] = set()
    if _unprovable(session, address) and not (resource.kind is Kind.CALL and known):
        persons = people.with_person_digest(resource.people.frame, session.key, lineage).get_column("person")
        unseen = {*persons} - {record.person for record in known.values()}
    return ResourceRecord(
        generation=max((remote.mark.generation for remote in theirs if remote.mark), default=0),
        provider=resource.provider,
        remotes=known,
        unseen=tuple(sorted(unseen)),
    )


def _must_be_absent(ledger: Ledger) -> None:
    if ledger.started:
        raise StateError(
            "there is a lock already", hint="look at it with dialctl state list; move it away only if it is of no use"
        )


def _hosts(session: Session) -> dict[str, str]:
    return {
        name: provider.host for name, provider in session.connected_providers.items() if name in session.used_providers
    }


def _now(session: Session) -> datetime:
    return min((session.connected_providers[name].now() for name in _hosts(session)), default=datetime.now(UTC))


def _marks(session: Session) -> list[Remote]:
    """Everything at every provider that bears a mark of this project, under whichever agent it rang. Raises
    ProviderError: half a memory is none."""
    found: list[Remote] = []
    ours = mark.project_hash(session.desired.project.name)
    wanted = {str(r.settings["agent_id"]) for r in session.desired.resources.values() if r.settings.get("agent_id")}
    for provider in session.used_providers.values():
        if isinstance(provider, ProviderError):
            raise provider
        for channel in provider.channels.values():
            listing = Listing(provider.now, *channel.list_pages([*sorted(wanted), EVERY_AGENT]))
            listing.read_all()
            found += [remote for remote in listing.seen.values() if remote.mark and remote.mark.project == ours]
    return found


def _without_marks(session: Session) -> list[str]:
    """Names of the providers that do not give back the mark of a single call."""
    connected = {
        name: provider for name, provider in session.connected_providers.items() if name in session.used_providers
    }
    return [
        name
        for name, provider in connected.items()
        if Route.CALL in provider.channels and not session.abilities(name, Route.CALL).returns_data
    ]


def _by_address(session: Session, marks: list[Remote]) -> dict[str, list[Remote]]:
    """Marks by the address that they are of; those of earlier addresses count as the present one's."""
    hashes = {
        mark.address_hash(address): resource.address
        for resource in session.desired.resources.values()
        for address in (resource.address, *resource.previously)
    }
    found: dict[str, list[Remote]] = {}
    for remote in marks:
        address = hashes.get(remote.mark.address) if remote.mark else None
        if address is None:
            raise Refused(
                f"{remote.id} bears a mark of an address that no manifest has",
                hint="bring its manifest back for the rebuild (or name it under metadata.previously)",
            )
        found.setdefault(address, []).append(remote)
    return found
