"""`dialctl history`: which runs sent or changed something, newest first. Reads the state; contacts no provider."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from declarative.app.session import Session
from declarative.errors import UsageError
from declarative.model.history import RunRecord
from declarative.model.lock import Lock
from declarative.model.selection import Selection
from declarative.state import history
from declarative.state.format import parse_lock


@dataclass(frozen=True)
class RunHistory:
    """The runs that were asked for, and whether the history is whole."""

    runs: Sequence[RunRecord]
    """Newest first, each with the selected addresses alone."""
    faults: Sequence[str] = ()
    """What is wrong with the history, a sentence each. Empty: nothing is."""
    open_runs: Sequence[RunRecord] = ()
    """Runs without a line yet: they go on, or were cut off and get their line from the next run."""


def read_run_history(session: Session, selection: Selection, since: datetime | None = None) -> RunHistory:
    """Read what was done at the selected addresses (at all, where none are named) since a moment. Raises UsageError for
    an address that neither the history nor the lock knows, StateError where the state cannot be read."""
    kept = history.read_history(session.backend)
    lock = parse_lock(session.backend.load())
    # A file in which git left its markers, or that lost its end, is said beside what it still shows.
    records = sorted((line.record for line in kept.lines), key=lambda record: record.at)
    open_runs = [
        record
        for record in (lock.runs.values() if lock else ())
        if kept.find_line(record) is None and (since is None or record.at >= since)
    ]
    chosen = _choose_addresses([*records, *open_runs], lock, selection) if selection else None
    shown = [
        record if chosen is None else _restrict(record, chosen)
        for record in reversed(records)
        if since is None or record.at >= since
    ]
    is_shown = [record for record in shown if chosen is None or record.addresses]
    return RunHistory(is_shown, kept.describe_faults(lock), open_runs)


def _choose_addresses(records: Sequence[RunRecord], lock: Lock | None, selection: Selection) -> set[str]:
    locked = list(lock.resources) if lock else []
    known = dict.fromkeys(sorted({*locked, *(address for record in records for address in record.addresses)}))
    for target in selection.find_unmatched(known):
        raise UsageError(f'the history knows nothing of "{target}"', hint=f"known: {', '.join(known) or 'none'}")
    return {*selection.choose({address: {} for address in known})}


def _restrict(record: RunRecord, addresses: set[str]) -> RunRecord:
    kept = {address: counts for address, counts in record.addresses.items() if address in addresses}
    return replace(record, addresses=kept)
