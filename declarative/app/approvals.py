"""What a confirmed apply approves, and what a run of `--only-approved` may go on with, as the lock keeps it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from declarative.app.session import Session
from declarative.errors import Refused
from declarative.planning import approval, released
from declarative.planning.plan import Plan
from declarative.state.ledger import Ledger


def find_unapproved(session: Session, ledger: Ledger) -> frozenset[str]:
    """Return the addresses that are not as they were last approved."""
    return approval.find_unapproved(session.desired, ledger.lock if ledger.is_started else None)


def record_lists(session: Session, ledger: Ledger, allow_release: Collection[str]) -> None:
    """Write down how many numbers each do-not-call list holds, before anything is sent. Only those of `allow_release`,
    and those that the project allows, may hold fewer than was known."""
    memory = released.make_list_memory(session.desired, ledger.lock, allow_release)
    ledger.set_lists(memory.project, memory.by_address)


@contextmanager
def record_approval(session: Session, ledger: Ledger, plan: Plan) -> Iterator[None]:
    """Write down what was approved, before the first request of this plan. Where a later plan of the same run is
    refused, it approves nothing, and takes the approval back. Does nothing without a lock: then nothing was sent."""
    if not ledger.is_started:
        yield
        return
    approvals = approval.find_approvals(plan, session.desired.project)
    ledger.set_approved(approvals)
    try:
        yield
    except Refused:
        ledger.set_approved({address: (provider, "") for address, (provider, _) in approvals.items()})
        raise
