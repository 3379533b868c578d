"""A person names the call that a lost request created, where nothing but their word can tell. Writes to the ledger;
never dials, never cancels."""

from __future__ import annotations

from declarative.app.address_facts import observe_address
from declarative.app.session import Session
from declarative.model import records
from declarative.model.remote import Remote
from declarative.planning.facts import Facts
from declarative.state.ledger import Ledger


def adopt_candidate(session: Session, ledger: Ledger, address: str, call_id: str) -> list[str]:
    """Record a call as that of the lost request to its number, and return a sentence about it; nothing where the call
    is no candidate of this address."""
    if not ledger.resource_record(address).intents:
        return []
    observation = observe_address(session, ledger, address, everything=True)
    candidates = observation.candidates if observation is not None else ()
    call = next((candidate for candidate in candidates if candidate.id == call_id), None)
    if observation is None or call is None:
        return []
    persons = _digest_persons(observation.facts, call)
    intent = next(intent for intent in observation.facts.open_intents() if intent.person in persons)
    remote_record = records.from_intent(intent, call)
    ledger.update(address, intents={intent.mark: None}, remotes={call.id: remote_record}, quiet=None)
    return [f"{call.id} counts as the call of the lost request: its person is not called again for it"]


def _digest_persons(facts: Facts, call: Remote) -> set[str]:
    numbers = call.members.get_column("number") if call.members is not None else ()
    return {facts.key.digest_person(facts.lineage, number) for number in numbers}
