"""`dialctl resolve`: a person settles what cannot be proven. Writes to the ledger; never dials, never cancels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

from declarative.app.address_facts import observe_facts
from declarative.app.adopt_call import adopt_candidate
from declarative.app.resolve_batches import (
    called_message,
    close_lost_batch,
    name_unnamed,
    not_called_message,
    place_unreadable,
)
from declarative.app.resume import NothingToSettle, rename_earlier_addresses, resume_address, resume_everything
from declarative.app.run_history import Purpose, open_ledger
from declarative.app.session import Session
from declarative.errors import UsageError
from declarative.model import records
from declarative.model.lock import Intent, RequestKind
from declarative.model.numbers import normalize_numbers
from declarative.planning import lost_batch
from declarative.privacy import mask
from declarative.state.ledger import Ledger

_PERSON_DIGEST = re.compile(r"[0-9a-f]{16}")


class Verdict(StrEnum):
    """What the person says. The values are the command's flags."""

    PLACED = "placed"
    """The request arrived: its people count as called."""
    NOT_PLACED = "not-placed"
    """The request never arrived: the next apply decides its people anew."""
    RESUME = "resume"
    """What was cancelled without us counts as cancelled by us: its people may be submitted again."""


def resolve_everything(session: Session, verdict: Verdict, wait: float, reason: str = "") -> list[str]:
    """Settle what is unsure at every address that the lock knows, as `resolve_address` does. A batch that the provider
    has dropped is settled at its own address alone. Raises NothingToSettle if there is nothing."""
    lock = session.lock()
    records = sorted(lock.resources.items() if lock else ())
    if verdict is Verdict.RESUME:
        return resume_everything(session, [address for address, _ in records], wait, _make_purpose(verdict, reason))
    addresses = [address for address, resource_record in records if resource_record.is_unsure]
    return resolve_addresses(session, addresses, verdict, wait, reason)


def resolve_addresses(
    session: Session, addresses: Sequence[str], verdict: Verdict, wait: float, reason: str = ""
) -> list[str]:
    """Settle what is unsure at each of these addresses. Raises NothingToSettle if there is nothing at any of them."""
    messages = []
    for address in addresses:
        try:
            settled = resolve_address(session, address, None, verdict, wait, reason)
        except NothingToSettle:
            continue
        messages += [f"{address}: {message}" for message in settled]
    if not messages:
        raise NothingToSettle("there is nothing to settle at any address", hint="dialctl status shows what is unsure")
    return messages


def resolve_address(
    session: Session, address: str, part: str | None, verdict: Verdict, wait: float, reason: str = ""
) -> list[str]:
    """Settle what is unsure at an address, and return a sentence for each thing settled.

    `part` limits it to one person, by digest or number, or to one batch or call, by its id at the provider; None means
    all. `wait` is how many seconds to wait for the lease. `reason` is why, for the history. Raises UsageError if there
    is nothing to settle.
    """
    purpose = _make_purpose(verdict, reason)
    if verdict is Verdict.RESUME:
        if part is not None:
            raise UsageError("--resume is about a whole address", hint=f"dialctl resolve {address} --resume")
        return resume_address(session, address, wait, purpose)
    with open_ledger(session, wait, purpose) as (ledger, _):
        rename_earlier_addresses(session, ledger, address)
        if address not in ledger.lock.resources:
            raise UsageError(f'the lock knows nothing of "{address}"')
        part = _normalize_part(part)
        if part is not None and not _is_person(part):
            if verdict is not Verdict.PLACED:
                raise UsageError(f"of {part} only --placed can be said: nothing proves that it called nobody")
            return adopt_candidate(session, ledger, address, part) or place_unreadable(session, ledger, address, part)
        return _settle_people(session, ledger, address, part, verdict)


def _make_purpose(verdict: Verdict, reason: str) -> Purpose:
    return Purpose(command="resolve", reason=f"--{verdict}: {reason}" if reason else f"--{verdict}")


def _settle_people(session: Session, ledger: Ledger, address: str, part: str | None, verdict: Verdict) -> list[str]:
    """Settle what is unsure of one person, or of all."""
    resource_record = ledger.resource_record(address)
    person_digest = _resolve_person(session, ledger, part) if part else None
    is_whole = person_digest is None
    intents = [intent for intent in resource_record.intents.values() if is_whole or intent.person == person_digest]
    unseen = {digest for digest in resource_record.unseen if is_whole or digest == person_digest}
    messages = []
    # A lost batch is settled by what the rest shows, so what cannot be read is settled before it.
    if is_whole and all(intent.is_batch for intent in intents) and not unseen:
        messages += name_unnamed(session, ledger, address, are_placed=verdict is Verdict.PLACED)
        messages += place_unreadable(session, ledger, address, None) if verdict is Verdict.PLACED else []
    if not intents and not unseen and not messages:
        description = f"{mask(part) if part.startswith('+') else part} at {address}" if part else address
        raise NothingToSettle(f"nothing is unsure of {description}", hint="dialctl status shows what is")
    messages += [_settle_unseen(ledger, address, unseen, verdict)] if unseen else []
    return messages + [_settle_intent(session, ledger, address, intent, verdict) for intent in intents]


def _normalize_part(part: str | None) -> str | None:
    """A phone number in the form in which all numbers are compared; anything else as it is. Raises UsageError."""
    if part is None or not part.strip().startswith("+"):
        return part
    (number,) = normalize_numbers([part.strip()])
    if number is None:
        raise UsageError(f"{mask(part)} is no possible phone number", hint="as in +14155550101: + and the country code")
    return number


def _is_person(part: str) -> bool:
    return part.startswith("+") or _PERSON_DIGEST.fullmatch(part) is not None


def _resolve_person(session: Session, ledger: Ledger, person: str) -> str:
    """The digest of a person who is given by digest or by number."""
    return session.key.digest_person(ledger.lock.lineage, person) if person.startswith("+") else person


def _settle_unseen(ledger: Ledger, address: str, person_digests: set[str], verdict: Verdict) -> str:
    """Settle people who were not found, and whom nothing proves uncalled. A batch of which it is not known who was sent
    may show one of them after all, and then says how they stand: its mark is noted beside them."""
    resource_record = ledger.resource_record(address)
    marks = {record.mark for record in resource_record.remotes.values() if record.mark and record.numbers is None}
    declared = person_digests | marks if verdict is Verdict.PLACED else set()
    placed = {*resource_record.placed, *declared}
    unseen = {*resource_record.unseen} - person_digests
    ledger.update(address, placed=tuple(sorted(placed)), unseen=tuple(sorted(unseen)), quiet=None)
    return called_message(len(person_digests)) if verdict is Verdict.PLACED else not_called_message(len(person_digests))


def _settle_intent(session: Session, ledger: Ledger, address: str, intent: Intent, verdict: Verdict) -> str:
    if intent.request is RequestKind.RETRY:
        return _settle_retry(ledger, address, intent, verdict)
    if verdict is Verdict.NOT_PLACED:
        # Protocol 5: the mark is revoked with the intent, so that a batch which arrives after all is cancelled.
        revoked = tuple(sorted({*ledger.resource_record(address).revoked, intent.mark}))
        ledger.update(address, intents={intent.mark: None}, revoked=revoked, quiet=None)
        return not_called_message(intent.count)
    if intent.person:
        return _record_as_called(ledger, address, intent, [intent.person])
    return _settle_placed_batch(session, ledger, address, intent)


def _settle_placed_batch(session: Session, ledger: Ledger, address: str, intent: Intent) -> str:
    """Record the lost batch as placed: by its mark if the provider shows it, else by the people that were in it. Raises
    UsageError, and leaves it unsure, if it is not known who they were: no person in it may be forgotten."""
    facts = observe_facts(session, ledger, address)
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
    if numbers is None and resource is None:
        return close_lost_batch(ledger, address, intent)
    if numbers is None:
        raise UsageError(
            f"who was in the lost batch of {intent.count:,} is not known: the manifest has changed since it was sent",
            hint=f"bring {address} and its recipients back as they were then, and resolve again; or, if none of them "
            f"will ever be wanted under this address: dialctl state rm {address}",
        )
    person_digests = [session.key.digest_person(ledger.lock.lineage, number) for number in numbers]
    return _record_as_called(ledger, address, intent, person_digests)


def _record_as_called(ledger: Ledger, address: str, intent: Intent, person_digests: list[str]) -> str:
    placed = {*ledger.resource_record(address).placed, *person_digests, intent.mark}
    ledger.update(address, intents={intent.mark: None}, placed=tuple(sorted(placed)), quiet=None)
    message = called_message(len(person_digests))
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
