"""A human settles what no machine can prove. Writes to the ledger; never dials, never cancels."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from declarative import humanize
from declarative.app.session import Session
from declarative.engine.observe import observe
from declarative.errors import Refused, UsageError
from declarative.model import records
from declarative.model.lock import CancelProgress, Intent, RequestKind, ResourceRecord
from declarative.planning import blocks, lost_batch
from declarative.planning.facts import Facts
from declarative.privacy import mask
from declarative.state.ledger import Ledger


class Verdict(StrEnum):
    PLACED = "placed"
    NOT_PLACED = "not-placed"
    RESUME = "resume"


def resolve_address(session: Session, address: str, person: str | None, verdict: Verdict, wait: float) -> list[str]:
    """Settles what is unsure at an address, or for one person of it (digest, or number). A sentence for each thing
    settled. Raises UsageError where there is nothing to settle."""
    with session.open_ledger(wait) as (ledger, _):
        _rename_earlier_addresses(session, ledger, address)
        resource_record = ledger.lock.resources.get(address)
        if resource_record is None:
            raise UsageError(f'the lock knows nothing of "{address}"')
        if verdict is Verdict.RESUME:
            return _resume_cancelled(session, ledger, address, resource_record)
        person_digest = _resolve_person(session, ledger, person) if person else None
        intents = [
            intent
            for intent in resource_record.intents.values()
            if person_digest is None or intent.person == person_digest
        ]
        unseen = {
            unseen_digest
            for unseen_digest in resource_record.unseen
            if person_digest is None or unseen_digest == person_digest
        }
        if not intents and not unseen:
            description = f"{mask(person) if person.startswith('+') else person} at {address}" if person else address
            raise UsageError(f"nothing is unsure of {description}", hint="dialctl status shows what is")
        messages = [_settle_unseen(ledger, address, unseen, verdict)] if unseen else []
        return messages + [_settle_intent(session, ledger, address, intent, verdict) for intent in intents]


def _rename_earlier_addresses(session: Session, ledger: Ledger, address: str) -> None:
    """What is unsure may still be remembered under the address that the resource had before."""
    resource = session.desired.resources.get(address)
    for earlier_address in resource.previously if resource else ():
        if earlier_address in ledger.lock.resources:
            ledger.rename(earlier_address, address)


def _resolve_person(session: Session, ledger: Ledger, person: str) -> str:
    return session.key.digest_person(ledger.lock.lineage, person) if person.startswith("+") else person


def _resume_cancelled(session: Session, ledger: Ledger, address: str, resource_record: ResourceRecord) -> list[str]:
    """Somebody else's cancel is declared to be as good as ours, and what was created without our name to be a matter of
    the past: their people may be submitted again."""
    facts = next(
        (
            observation.facts
            for observation in observe(session.scope(ledger.lock))
            if observation.facts.address == address
        ),
        None,
    )
    cancelled_remotes = (
        [remote for remote_id, remote in facts.remotes.items() if remote.cancelled and remote_id not in facts.also]
        if facts
        else []
    )
    remote_records = {
        remote.id: resource_record.remotes.get(remote.id) or records.from_mark(remote) for remote in cancelled_remotes
    }
    cancelled_elsewhere = {
        remote_id: remote_record
        for remote_id, remote_record in remote_records.items()
        if remote_record.cancel is None and remote_record.generation <= resource_record.generation
    }
    freed_records = {
        remote_id: replace(remote_record, cancel=CancelProgress.DONE)
        for remote_id, remote_record in cancelled_elsewhere.items()
    }
    unmarked_ids = blocks.batches_without_mark(resource_record)
    if not freed_records and not unmarked_ids:
        raise UsageError(f"no batch of {address} was cancelled by somebody else", hint="dialctl drift shows what was")
    ledger.update(
        address, remotes=freed_records, generation=resource_record.generation + bool(unmarked_ids), quiet=None
    )
    return [
        f"{remote_id}: its people who were not called may be submitted again"
        for remote_id in sorted({*freed_records, *unmarked_ids})
    ]


def _settle_unseen(ledger: Ledger, address: str, person_digests: set[str], verdict: Verdict) -> str:
    resource_record = ledger.resource_record(address)
    placed = {*resource_record.placed, *person_digests} if verdict is Verdict.PLACED else {*resource_record.placed}
    unseen = {*resource_record.unseen} - person_digests
    ledger.update(address, placed=tuple(sorted(placed)), unseen=tuple(sorted(unseen)), quiet=None)
    return (
        _called_message(len(person_digests)) if verdict is Verdict.PLACED else _not_called_message(len(person_digests))
    )


def _called_message(count: int) -> str:
    return f"{humanize.plural(count, 'person counts as called, and is', 'people count as called, and are')} not called again"


def _not_called_message(count: int) -> str:
    return f"{humanize.plural(count, 'person counts', 'people count')} as not called; the next apply decides them anew"


def _settle_intent(session: Session, ledger: Ledger, address: str, intent: Intent, verdict: Verdict) -> str:
    if intent.request is RequestKind.RETRY:
        return _settle_retry(ledger, address, intent, verdict)
    if verdict is Verdict.NOT_PLACED:
        revoked = tuple(sorted({*ledger.resource_record(address).revoked, intent.mark}))
        ledger.update(address, intents={intent.mark: None}, revoked=revoked, quiet=None)
        return _not_called_message(intent.count)
    if intent.person:
        return _record_as_called(ledger, address, intent, [intent.person])
    return _settle_placed_batch(session, ledger, address, intent)


def _settle_placed_batch(session: Session, ledger: Ledger, address: str, intent: Intent) -> str:
    """Whoever was in it must never be forgotten with it: where nobody can tell who they are, it stays unsure."""
    facts = _observe_facts(session, ledger, address)
    remote_records = {
        remote.id: records.from_intent(intent, remote)
        for remote in facts.remotes.values()
        if str(remote.mark) == intent.mark
    }
    if remote_records:
        ledger.update(address, intents={intent.mark: None}, remotes=remote_records, quiet=None)
        return f"it was found by its mark: {', '.join(sorted(remote_records))}"
    resource = facts.resource
    max_batch_size = (
        session.connections.capabilities(resource.provider, intent.route).max_people if resource else intent.count
    )
    numbers = lost_batch.find_lost_members(facts, intent, max_batch_size)
    if numbers is None:
        raise UsageError(
            f"who was in the lost batch of {intent.count:,} is not known: the manifest has changed since it was sent",
            hint=f"bring {address} and its recipients back as they were then, and resolve again; or, if none of them "
            f"will ever be wanted under this address: dialctl state rm {address}",
        )
    person_digests = [session.key.digest_person(ledger.lock.lineage, number) for number in numbers]
    return _record_as_called(ledger, address, intent, person_digests)


def _observe_facts(session: Session, ledger: Ledger, address: str) -> Facts:
    observation = next(
        (
            observation
            for observation in observe(session.scope(ledger.lock, everything=True))
            if observation.facts.address == address
        ),
        None,
    )
    if observation is None:
        raise UsageError(f"{address} is in no manifest that was read", hint="name the whole project with --path")
    if observation.block is not None:
        raise Refused(f"{address}: {observation.block.detail}", hint=observation.block.hint)
    return observation.facts


def _record_as_called(ledger: Ledger, address: str, intent: Intent, person_digests: list[str]) -> str:
    placed = {*ledger.resource_record(address).placed, *person_digests, intent.mark}
    ledger.update(address, intents={intent.mark: None}, placed=tuple(sorted(placed)), quiet=None)
    message = _called_message(len(person_digests))
    if len(person_digests) == intent.count:
        return message
    return f"{message}: {intent.count:,} of them were in the lost batch, and which is not known"


def _settle_retry(ledger: Ledger, address: str, intent: Intent, verdict: Verdict) -> str:
    assert intent.remote is not None
    remote_record = ledger.resource_record(address).remotes[intent.remote]
    if verdict is Verdict.PLACED:
        retried_record = records.with_retry(remote_record, intent)
        ledger.update(address, intents={intent.mark: None}, remotes={intent.remote: retried_record}, quiet=None)
        return f"{intent.remote} counts as retried"
    ledger.update(address, intents={intent.mark: None}, quiet=None)
    return f"{intent.remote} counts as not retried; the next apply decides its people anew"
