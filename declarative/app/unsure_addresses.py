"""Which doubts of a run need a person. Contacts no provider."""

from __future__ import annotations

from collections.abc import Collection

from declarative.app.session import Session
from declarative.planning.decide import Reason, Verb
from declarative.planning.plan import Plan


def find_unsure_addresses(session: Session, plan: Plan, open_addresses: Collection[str]) -> tuple[str, ...]:
    """Of the addresses with an open request, those at which somebody wants to know: its people are wanted, as far as
    this run can tell. Whoever is not wanted any more stays in the lock, and needs nobody."""
    unwanted = {action.address for action in plan.actions_with_verb(Verb.KEEP) if action.reason is Reason.UNSURE}
    named = {*session.desired.resources, *session.desired.list_addresses()} - unwanted
    return tuple(address for address in open_addresses if address in named)
