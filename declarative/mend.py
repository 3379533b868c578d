"""A human settles what no machine can prove, and mends the lock. Writes to the ledger; never dials, never cancels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum

from declarative import applier, counting, mark, people, records
from declarative.errors import ProviderError, Refused, StateError, UsageError
from declarative.listing import Listing
from declarative.memory import Cancel, Intent, Record, Request
from declarative.model import Kind, Route
from declarative.observe import observe
from declarative.planning import blocks, lost
from declarative.planning.case import Case
from declarative.privacy import mask
from declarative.providers.base import EVERY_AGENT
from declarative.remote import Remote
from declarative.session import Session
from declarative.state.ledger import Ledger

BRING_BACK = "bring dialctl.lock back, from version control or a backup"
NEVER_DIALED = f"if this project has never dialed: dialctl state new; else {BRING_BACK}"


class Verdict(StrEnum):
    PLACED = "placed"
    NOT_PLACED = "not-placed"
    RESUME = "resume"


def resolve(session: Session, address: str, person: str | None, verdict: Verdict, wait: float) -> list[str]:
    """Settles what is unsure at an address, or for one person of it (digest, or number). A sentence for each thing
    settled. Raises UsageError where there is nothing to settle."""
    with session.writing(wait) as (ledger, _):
        _take_over_earlier_addresses(session, ledger, address)
        record = ledger.lock.resources.get(address)
        if record is None:
            raise UsageError(f'the lock knows nothing of "{address}"')
        if verdict is Verdict.RESUME:
            return _resume(session, ledger, address, record)
        digest = _digest(session, ledger, person) if person else None
        intents = [i for i in record.intents.values() if digest is None or i.person == digest]
        unseen = {one for one in record.unseen if digest is None or one == digest}
        if not intents and not unseen:
            asked = f"{mask(person) if person.startswith('+') else person} at {address}" if person else address
            raise UsageError(f"nothing is unsure of {asked}", hint="dialctl status shows what is")
        said = [_settle_unseen(ledger, address, unseen, verdict)] if unseen else []
        return said + [_settle(session, ledger, address, intent, verdict) for intent in intents]


def _take_over_earlier_addresses(session: Session, ledger: Ledger, address: str) -> None:
    """What is unsure may still be remembered under the address that the resource had before."""
    resource = session.desired.resources.get(address)
    for old in resource.previously if resource else ():
        if old in ledger.lock.resources:
            ledger.rename(old, address)


def _digest(session: Session, ledger: Ledger, person: str) -> str:
    return session.key.of_person(ledger.lock.lineage, person) if person.startswith("+") else person


def _resume(session: Session, ledger: Ledger, address: str, record: Record) -> list[str]:
    """Somebody else's cancel is declared to be as good as ours, and what was created without our name to be a matter of
    the past: their people may be submitted again."""
    case = next((o.case for o in observe(session.scene(ledger.lock)) if o.case.address == address), None)
    seen = [r for key, r in case.remotes.items() if r.cancelled and key not in case.also] if case else []
    known = {remote.id: record.remotes.get(remote.id) or records.found(remote) for remote in seen}
    theirs = {key: one for key, one in known.items() if one.cancel is None and one.generation <= record.generation}
    freed = {key: replace(one, cancel=Cancel.DONE) for key, one in theirs.items()}
    unsigned = blocks.unsigned(record)
    if not freed and not unsigned:
        raise UsageError(f"no batch of {address} was cancelled by somebody else", hint="dialctl drift shows what was")
    ledger.update(address, remotes=freed, generation=record.generation + bool(unsigned), quiet=None)
    return [f"{key}: its people who were not rung may be submitted again" for key in sorted({*freed, *unsigned})]


def _settle_unseen(ledger: Ledger, address: str, persons: set[str], verdict: Verdict) -> str:
    record = ledger.record(address)
    placed = {*record.placed, *persons} if verdict is Verdict.PLACED else {*record.placed}
    unseen = {*record.unseen} - persons
    ledger.update(address, placed=tuple(sorted(placed)), unseen=tuple(sorted(unseen)), quiet=None)
    return _as_rung(len(persons)) if verdict is Verdict.PLACED else _as_not_rung(len(persons))


def _as_rung(count: int) -> str:
    return f"{counting.of(count, 'person counts as rung, and is', 'people count as rung, and are')} not rung again"


def _as_not_rung(count: int) -> str:
    return f"{counting.of(count, 'person counts', 'people count')} as not rung; the next apply decides them anew"


def _settle(session: Session, ledger: Ledger, address: str, intent: Intent, verdict: Verdict) -> str:
    if intent.request is Request.RETRY:
        return _settle_retry(ledger, address, intent, verdict)
    if verdict is Verdict.NOT_PLACED:
        revoked = tuple(sorted({*ledger.record(address).revoked, intent.mark}))
        ledger.update(address, intents={intent.mark: None}, revoked=revoked, quiet=None)
        return _as_not_rung(intent.count)
    if intent.person:
        return _count_as_rung(ledger, address, intent, [intent.person])
    return _settle_placed_batch(session, ledger, address, intent)


def _settle_placed_batch(session: Session, ledger: Ledger, address: str, intent: Intent) -> str:
    """Whoever was in it must never be forgotten with it: where nobody can tell who they are, it stays unsure."""
    case = _seen(session, ledger, address)
    found = {r.id: records.answered(intent, r) for r in case.remotes.values() if str(r.mark) == intent.mark}
    if found:
        ledger.update(address, intents={intent.mark: None}, remotes=found, quiet=None)
        return f"it was found by its mark: {', '.join(sorted(found))}"
    resource = case.resource
    size = session.abilities(resource.provider, intent.route).max_people if resource else intent.count
    numbers = lost.people_of(case, intent, size)
    if numbers is None:
        raise UsageError(
            f"who was in the lost batch of {intent.count:,} is not known: the manifest has changed since it was sent",
            hint=f"bring {address} and its recipients back as they were then, and resolve again; or, if none of them "
            f"will ever be wanted under this address: dialctl state rm {address}",
        )
    persons = [session.key.of_person(ledger.lock.lineage, number) for number in numbers]
    return _count_as_rung(ledger, address, intent, persons)


def _seen(session: Session, ledger: Ledger, address: str) -> Case:
    outlook = next((o for o in observe(session.scene(ledger.lock, everything=True)) if o.case.address == address), None)
    if outlook is None:
        raise UsageError(f"{address} is in no manifest that was read", hint="name the whole project with --path")
    if outlook.block is not None:
        raise Refused(f"{address}: {outlook.block.detail}", hint=outlook.block.way_out)
    return outlook.case


def _count_as_rung(ledger: Ledger, address: str, intent: Intent, persons: list[str]) -> str:
    placed = {*ledger.record(address).placed, *persons, intent.mark}
    ledger.update(address, intents={intent.mark: None}, placed=tuple(sorted(placed)), quiet=None)
    said = _as_rung(len(persons))
    if len(persons) == intent.count:
        return said
    return f"{said}: {intent.count:,} of them were in the lost batch, and which is not known"


def _settle_retry(ledger: Ledger, address: str, intent: Intent, verdict: Verdict) -> str:
    assert intent.remote is not None
    known = ledger.record(address).remotes[intent.remote]
    if verdict is Verdict.PLACED:
        counted = records.retried(known, intent)
        ledger.update(address, intents={intent.mark: None}, remotes={intent.remote: counted}, quiet=None)
        return f"{intent.remote} counts as retried"
    ledger.update(address, intents={intent.mark: None}, quiet=None)
    return f"{intent.remote} counts as not retried; the next apply decides its people anew"


def new(session: Session, wait: float) -> str:
    """Starts a memory where none is, for a project that has never dialed. Raises Refused where marks prove it has."""
    with session.writing(wait) as (ledger, _):
        _must_be_absent(ledger)
        if marks := _marks(session):
            raise Refused(
                f"this project has dialed before: {len(marks)} of its marks are at the providers",
                hint="dialctl state rebuild",
            )
        applier.begin(session, ledger, _hosts(session), _now(session) - applier.NEWBORN)
        said = f"a new lock at {session.backend.where}, lineage {ledger.lock.lineage}"
        blind = _without_marks(session)
        return f"{said}; nobody can see at {', '.join(blind)} whether this project has dialed before" if blind else said


def rebuild(session: Session, wait: float) -> list[str]:
    """Starts a memory from the marks at the providers. Exact settings stay unknown (their short hash in the mark is
    enough to see a change), and so does who cancelled a batch: that is asked of a person."""
    with session.writing(wait) as (ledger, _):
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
        born = min((remote.created_at for remote in marks if remote.created_at), default=_now(session))
        lineage = lineages.pop()
        found = _by_address(session, marks)
        made = {
            address: _rebuilt(session, lineage, address, found.get(address, []))
            for address in session.desired.resources
            if address in found or _unprovable(session, address)
        }
        ledger.start(
            session.desired.project.name,
            lineage,
            born - applier.NEWBORN,
            _hosts(session),
            session.key.fingerprint,
            made,
        )
        return [line for address, record in made.items() for line in _said_of_rebuilt(address, record)]


def _said_of_rebuilt(address: str, record: Record) -> Iterator[str]:
    yield f"{address}: {len(record.remotes)} found by their marks"
    if record.unseen:
        who = counting.of(len(record.unseen), "person was", "people were")
        yield (
            f"{address}: {who} not found, and no list proves that nobody rang them; held back until you say: "
            f"dialctl resolve {address} --placed | --not-placed"
        )


def _unprovable(session: Session, address: str) -> bool:
    """Whether no list can prove that somebody was never rung."""
    resource = session.desired.resources[address]
    return not session.abilities(resource.provider, resource.route).provable


def _rebuilt(session: Session, lineage: str, address: str, theirs: list[Remote]) -> Record:
    known = {remote.id: records.found(remote) for remote in theirs}
    for remote in theirs:
        if remote.route is Route.CALL and remote.members is not None and len(remote.members):
            person = session.key.of_person(lineage, remote.members.item(0, "number"))
            known[remote.id] = records.seen(replace(known[remote.id], person=person), remote)
    resource = session.desired.resources[address]
    unseen: set[str] = set()
    if _unprovable(session, address) and not (resource.kind is Kind.CALL and known):
        persons = people.with_person(resource.people.frame, session.key, lineage).get_column("person")
        unseen = {*persons} - {record.person for record in known.values()}
    return Record(
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
    return {name: provider.host for name, provider in session.connected.items() if name in session.used}


def _now(session: Session) -> datetime:
    return min((session.connected[name].now() for name in _hosts(session)), default=datetime.now(UTC))


def _marks(session: Session) -> list[Remote]:
    """Everything at every provider that bears a mark of this project, under whichever agent it rang. Raises
    ProviderError: half a memory is none."""
    found: list[Remote] = []
    ours = mark.project_hash(session.desired.project.name)
    wanted = {str(r.settings["agent_id"]) for r in session.desired.resources.values() if r.settings.get("agent_id")}
    for provider in session.used.values():
        if isinstance(provider, ProviderError):
            raise provider
        for channel in provider.channels.values():
            listing = Listing(provider.now, *channel.histories([*sorted(wanted), EVERY_AGENT]))
            listing.read_all()
            found += [remote for remote in listing.seen.values() if remote.mark and remote.mark.project == ours]
    return found


def _without_marks(session: Session) -> list[str]:
    """Names of the providers that do not give back the mark of a single call."""
    connected = {name: provider for name, provider in session.connected.items() if name in session.used}
    return [
        name
        for name, provider in connected.items()
        if Route.CALL in provider.channels and not session.abilities(name, Route.CALL).echoes
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
