"""A human settles what no machine can prove. Writes to the ledger; never dials, never cancels."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from declarative import humanize as counting
from declarative.app.session import Session
from declarative.engine.observe import observe
from declarative.errors import Refused, UsageError
from declarative.model import records
from declarative.model.lock import CancelProgress, Intent, RequestKind, ResourceRecord
from declarative.planning import blocks
from declarative.planning import lost_batch as lost
from declarative.planning.facts import Facts
from declarative.privacy import mask
from declarative.state.ledger import Ledger


class Verdict(StrEnum):
    PLACED = "placed"
    NOT_PLACED = "not-placed"
    RESUME = "resume"


def resolve(session: Session, address: str, person: str | None, verdict: Verdict, wait: float) -> list[str]:
    """Settles what is unsure at an address, or for one person of it (digest, or number). A sentence for each thing
    settled. Raises UsageError where there is nothing to settle."""
    with session.open_ledger(wait) as (ledger, _):
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


def _resume(session: Session, ledger: Ledger, address: str, record: ResourceRecord) -> list[str]:
    """Somebody else's cancel is declared to be as good as ours, and what was created without our name to be a matter of
    the past: their people may be submitted again."""
    case = next((o.case for o in observe(session.scene(ledger.lock)) if o.case.address == address), None)
    seen = [r for key, r in case.remotes.items() if r.cancelled and key not in case.also] if case else []
    known = {remote.id: record.remotes.get(remote.id) or records.from_mark(remote) for remote in seen}
    theirs = {key: one for key, one in known.items() if one.cancel is None and one.generation <= record.generation}
    freed = {key: replace(one, cancel=CancelProgress.DONE) for key, one in theirs.items()}
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
    return f"{counting.plural(count, 'person counts as rung, and is', 'people count as rung, and are')} not rung again"


def _as_not_rung(count: int) -> str:
    return f"{counting.plural(count, 'person counts', 'people count')} as not rung; the next apply decides them anew"


def _settle(session: Session, ledger: Ledger, address: str, intent: Intent, verdict: Verdict) -> str:
    if intent.request is RequestKind.RETRY:
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
    found = {r.id: records.from_intent(intent, r) for r in case.remotes.values() if str(r.mark) == intent.mark}
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


def _seen(session: Session, ledger: Ledger, address: str) -> Facts:
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
        counted = records.with_retry(known, intent)
        ledger.update(address, intents={intent.mark: None}, remotes={intent.remote: counted}, quiet=None)
        return f"{intent.remote} counts as retried"
    ledger.update(address, intents={intent.mark: None}, quiet=None)
    return f"{intent.remote} counts as not retried; the next apply decides its people anew"
