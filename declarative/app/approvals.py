"""What a confirmed apply approves, and what a run of `--only-approved` may go on with, as the lock keeps it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from declarative.app.session import Session
from declarative.errors import Refused
from declarative.planning import approval, released
from declarative.planning.plan import Plan
from declarative.state.ledger import Ledger, ResourceRecordFields


def find_unapproved(session: Session, ledger: Ledger) -> frozenset[str]:
    """Return the addresses that are not as they were last approved."""
    return approval.find_unapproved(session.desired, ledger.lock if ledger.is_started else None)


def record_lists(session: Session, ledger: Ledger, allow_release: Collection[str]) -> None:
    """Write down how many numbers each do-not-call list holds, before anything is sent. Only those of `allow_release`,
    and those that the project allows, may hold fewer than was known."""
    memory = released.ListCheck(session.desired, ledger.lock, allow_release).make_memory()
    changes: dict[str, tuple[str, ResourceRecordFields]] = {
        address: (provider, {"lists": sizes}) for address, (provider, sizes) in memory.by_address.items()
    }
    ledger.update_each(changes, lists=memory.project)


@contextmanager
def record_approval(session: Session, ledger: Ledger, plan: Plan) -> Iterator[None]:
    """Write down what was approved, before the first request of this plan. Where a later plan of the same run is
    refused, it approves nothing, and takes the approval back. Does nothing without a lock: then nothing was sent."""
    if not ledger.is_started:
        yield
        return
    approvals = approval.find_approvals(plan, session.desired.project)
    _write_approvals(ledger, approvals)
    try:
        yield
    except Refused:
        _write_approvals(ledger, {address: (provider, "") for address, (provider, _) in approvals.items()})
        raise


def _write_approvals(ledger: Ledger, approvals: Mapping[str, tuple[str, str]]) -> None:
    ledger.update_each({address: (provider, {"approved": digest}) for address, (provider, digest) in approvals.items()})
