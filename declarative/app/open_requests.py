"""Which addresses have a request whose answer was lost, as the lock of a run knows, and which of them need a person."""

from __future__ import annotations

from collections.abc import Collection

from declarative.app.session import Session
from declarative.engine.run_context import RunContext
from declarative.model.halts import NO_HALTS
from declarative.planning.decide import Reason, Verb
from declarative.planning.plan import Plan


def find_open_addresses(run: RunContext) -> tuple[str, ...]:
    """Return the addresses with a request that is neither found nor disproved."""
    if not run.ledger.is_started:
        return ()
    return tuple(address for address, resource_record in run.ledger.lock.resources.items() if resource_record.intents)


def find_addresses_with(run: RunContext, marks: Collection[str]) -> frozenset[str]:
    """Return the addresses with one of these open requests."""
    return frozenset(
        address
        for address in find_open_addresses(run)
        if not run.ledger.resource_record(address).intents.keys().isdisjoint(marks)
    )


def find_doubtful_addresses(run: RunContext, plan: Plan, unapproved: Collection[str]) -> frozenset[str]:
    """Return the addresses of the plan at which a lost batch is neither found nor disproved, and for which a list probe
    may be made: it is a request, so under --only-approved it needs the approval of its address, and a halt forbids
    it."""
    addresses = ({action.address for action in plan.actions} | set(plan.tasks)) - set(unapproved)
    open_addresses = find_open_addresses(run)
    halts = run.read_halts() if open_addresses else NO_HALTS
    return frozenset(
        address
        for address in open_addresses
        if address in addresses
        and halts.find(address) is None
        and any(intent.is_batch for intent in run.ledger.resource_record(address).intents.values())
    )


def find_unsure_addresses(session: Session, plan: Plan, open_addresses: Collection[str]) -> tuple[str, ...]:
    """Of the addresses with an open request, those at which somebody wants to know: its people are wanted, as far as
    this run can tell. Whoever is not wanted any more stays in the lock, and needs nobody."""
    unwanted = {action.address for action in plan.actions_with_verb(Verb.KEEP) if action.reason is Reason.UNSURE}
    named = {*session.desired.resources, *session.desired.list_addresses()} - unwanted
    return tuple(address for address in open_addresses if address in named)
