"""Gives every run that sends or changes something its line in the history, and those that were cut off theirs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from declarative.app.git_repository import GitRepository, GitUnavailable
from declarative.app.session import Session
from declarative.errors import DialctlError, Exit
from declarative.model.history import RunRecord
from declarative.planning.released import collect_lists
from declarative.privacy import clean, mask_all
from declarative.state import history
from declarative.state.base import Holder, Lease
from declarative.state.ledger import Ledger
from declarative.state.open_run import OpenRun


@dataclass(frozen=True, kw_only=True)
class Purpose:
    """What a command is about to do with the lock."""

    command: str
    """The bare command: `apply`, `state rm`."""
    approved_by: str | None = None
    """What approved what it sends. None: the command is itself a person's decision."""
    reason: str | None = None
    """What a person decided, and why."""
    asks: bool = True
    """Whether it asks a provider for the time. Otherwise the clock of this machine tells it."""


def new_record(session: Session, holder: Holder, purpose: Purpose) -> RunRecord:
    """What is known of a run that begins to change something now. What a person wrote holds no number."""
    return RunRecord(
        run=holder.id,
        at=session.connections.read_time(asks=purpose.asks),
        command=purpose.command,
        by=clean(f"{holder.who} on {holder.host}"),
        ci_run=holder.run,
        commit=_find_commit(session.project_directory),
        approved_by=purpose.approved_by,
        reason=mask_all(clean(purpose.reason)) if purpose.reason else None,
        lists=_list_digests(session) if purpose.approved_by else {},
    )


def _list_digests(session: Session) -> dict[str, str]:
    lists = collect_lists(session.desired)
    return {do_not_call.name: do_not_call.sha256 for do_not_call in lists if do_not_call.is_known}


@contextmanager
def open_ledger(session: Session, wait: float, purpose: Purpose) -> Iterator[tuple[Ledger, Lease]]:
    """The ledger under its lease, after at most `wait` seconds. At the end what the run did gets its line in the
    history, and the journal is folded into the lock, also after an error. Raises LeaseHeld, and StateError as
    `Session.lock` does."""
    holder = Holder.from_environment(session.options.environment)
    with session.backend.lease(holder, wait, session.wait_for_holder) as lease:
        ledger = Ledger.open(session.backend, lease)
        if ledger.is_started:
            session.check_lock(ledger.lock)
        try:
            with _record_run(session, ledger, holder, purpose):
                yield ledger, lease
        finally:
            if ledger.is_started:
                ledger.fold()


@contextmanager
def _record_run(session: Session, ledger: Ledger, holder: Holder, purpose: Purpose) -> Iterator[None]:
    """Write the lines of runs that were cut off; then count what happens within, and write its line at the end. Writes
    none where nothing was sent or decided."""
    if ledger.is_started:
        history.end_cut_off_runs(session.backend, ledger)
    decides = purpose.approved_by is None
    ledger.run = run = OpenRun(lambda: new_record(session, holder, purpose), decides=decides)
    try:
        yield
    except BaseException as error:
        run.exit_code = int(error.exit_code if isinstance(error, DialctlError) else Exit.FAILED)
        raise
    finally:
        if ledger.is_started and ledger.lock.runs:
            exit_code = Exit.DONE if run.exit_code is None else run.exit_code
            history.end_run(session.backend, ledger, run.record.run, int(exit_code))


def _find_commit(directory: Path) -> str | None:
    """The full hash of the commit that is checked out; None outside git."""
    try:
        return GitRepository(directory).find_commit("HEAD")
    except GitUnavailable:
        return None
