"""Addresses at which a request of a run is still open: neither found nor disproved."""

from __future__ import annotations

from declarative.app.session import Session
from declarative.engine.run_context import RunContext
from declarative.planning.decide import Reason, Verb
from declarative.planning.plan import Plan


def find_doubtful_addresses(run: RunContext, plan: Plan) -> frozenset[str]:
    """The addresses of the plan at which a lost batch is neither found nor disproved."""
    addresses = {action.address for action in plan.actions} | set(plan.tasks)
    return frozenset(
        address
        for address in find_open_addresses(run)
        if address in addresses
        and any(intent.is_batch for intent in run.ledger.resource_record(address).intents.values())
    )


def find_unsure_addresses(session: Session, run: RunContext, plan: Plan) -> tuple[str, ...]:
    """The addresses at which a request is unsure, and somebody wants to know: its people are wanted, as far as this run
    can tell. Whoever is not wanted any more stays in the lock, and needs nobody."""
    unwanted = {action.address for action in plan.actions_with_verb(Verb.KEEP) if action.reason is Reason.UNSURE}
    named = {*session.desired.resources, *session.desired.list_addresses()}
    return tuple(address for address in find_open_addresses(run) if address in named and address not in unwanted)


def find_open_addresses(run: RunContext) -> tuple[str, ...]:
    """Every address with an open request."""
    if not run.ledger.is_started:
        return ()
    return tuple(address for address, resource_record in run.ledger.lock.resources.items() if resource_record.intents)
