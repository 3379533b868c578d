"""The history: lines that are only added, one for each run that sent or changed something. Pure, but for the backend
that keeps them.

Each line names the digests of all lines that no other line follows yet. So a line that is changed or taken out from
among them is noticed, and two branches that git joins need no line of their own. The lock holds, for each address, the
digest of the newest line about it: an end that was cut off is noticed too.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property

import orjson

from declarative.humanize import plural
from declarative.model.history import COUNT_NAMES, RunRecord, describe_run
from declarative.model.lock import Lock, ResourceRecord
from declarative.state.base import Backend, Log
from declarative.state.codec import from_json_object, to_json_object
from declarative.state.ledger import Ledger

_FOLLOWS = "follows"
_DIGEST = 32  # hex characters: nobody finds a second line with the same ones
_KEYS = frozenset(("run", "at", "command", "by", "addresses", _FOLLOWS))


@dataclass(frozen=True)
class HistoryLine:
    """One line of the history."""

    digest: str
    """What later lines and the lock call it."""
    record: RunRecord
    """What it says."""
    follows: tuple[str, ...]
    """Digests of the lines that it follows."""


@dataclass(frozen=True)
class History:
    """All lines, in the order in which they stand."""

    lines: tuple[HistoryLine, ...]
    """Each line once, as far as it can be read."""
    damaged: tuple[int, ...] = ()
    """Places, from 1, of lines that cannot be read."""

    @cached_property
    def digests(self) -> frozenset[str]:
        return frozenset(line.digest for line in self.lines)

    def find_heads(self, lock: Lock | None) -> list[str]:
        """Digests of all lines that none follows yet. A line that the lock knows and that is gone is one of them, so
        that its loss is noticed for ever."""
        followed = {digest for line in self.lines for digest in line.follows}
        return sorted((self.digests - followed) | (_locked_digests(lock) - self.digests - followed))

    def find_line(self, run: RunRecord) -> HistoryLine | None:
        """The line of a run. None: it has none yet."""
        return next((line for line in self.lines if (line.record.run, line.record.at) == (run.run, run.at)), None)

    def describe_faults(self, lock: Lock | None) -> list[str]:
        """What is wrong with it, a sentence each. Empty: nothing is."""
        faults = [
            f"line {place} of the history is no line of dialctl's: take out what git or an editor left there, and keep "
            "every other line"
            for place in self.damaged
        ]
        followed = {digest for line in self.lines for digest in line.follows}
        if missing := followed - self.digests:
            changed = plural(len(missing), "line is gone or was changed", "lines are gone or were changed")
            faults.append(f"{changed} that later ones follow")
        records = lock.resources.items() if lock else ()
        cut = [address for address, record in records if record.history and record.history not in self.digests]
        if cut:
            faults.append(f"its end is cut off: the lock knows a newer line about {', '.join(sorted(cut))}")
        return faults


def read_history(backend: Backend) -> History:
    """Read the history of a place. Raises StateError where it does not answer."""
    lines: dict[str, HistoryLine] = {}
    damaged = []
    for place, text in enumerate(backend.read_lines(Log.HISTORY), start=1):
        line = _parse_line(text)
        if line is None:
            damaged.append(place)
        else:
            lines[line.digest] = line
    return History(tuple(lines.values()), tuple(damaged))


def write_line(backend: Backend, lock: Lock | None, record: RunRecord) -> str:
    """Add the line of a run, and return its digest. A run that has a line already gets no second one. Needs no lease.
    Raises StateError."""
    history = read_history(backend)
    if line := history.find_line(record):
        return line.digest
    document = describe_run(record) | {_FOLLOWS: history.find_heads(lock)}
    text = orjson.dumps(document)
    backend.add_line(Log.HISTORY, text)
    return _line_digest(text)


def end_run(backend: Backend, ledger: Ledger, run: str, exit_code: int | None) -> None:
    """Write the line of a run that the lock remembers, then let the lock know of it. Does nothing where the run changed
    nothing. `exit_code` is None for a run that was cut off. Raises LeaseLost and StateError."""
    record = ledger.lock.runs.get(run)
    if record is None:
        return
    addresses = {
        address: replace(counts, unsure=_count_unsure(ledger.resource_record(address)))
        for address, counts in sorted(record.addresses.items())
    }
    # The line comes before the lock: one more than the lock knows is no fault, and one less is.
    digest = write_line(backend, ledger.lock, replace(record, addresses=addresses, exit=exit_code))
    ledger.close_run(run, digest)


def add_to_lock(backend: Backend, lock: Lock, record: RunRecord) -> Lock:
    """Write the line of a command that is done once this lock is written, and return the lock that knows of it."""
    digest = write_line(backend, lock, replace(record, exit=0))
    known = {name: replace(lock.resources[name], history=digest) for name in record.addresses if name in lock.resources}
    return replace(lock, resources={**lock.resources, **known})


def end_cut_off_runs(backend: Backend, ledger: Ledger) -> None:
    """Write the lines of the runs that could not write their own. Raises LeaseLost and StateError."""
    for run in list(ledger.lock.runs):
        end_run(backend, ledger, run, None)


def copy_lines(source: Backend, target: Backend) -> None:
    """Add to one place the lines that only the other one has. Raises StateError."""
    present = {*target.read_lines(Log.HISTORY)}
    for line in source.read_lines(Log.HISTORY):
        if line not in present:
            target.add_line(Log.HISTORY, line)


def _parse_line(text: bytes) -> HistoryLine | None:
    """None for what is no line of a history."""
    try:
        document = orjson.loads(text)
        if not isinstance(document, dict) or not document.keys() >= _KEYS:
            return None
        values = {name: value for name, value in document.items() if name not in (*COUNT_NAMES, _FOLLOWS)}
        record = from_json_object(RunRecord, values)
        totals = {name: document[name] for name in COUNT_NAMES}
        is_whole = record.at.tzinfo is not None and totals == to_json_object(record.totals)
        return HistoryLine(_line_digest(text), record, tuple(document[_FOLLOWS])) if is_whole else None
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _line_digest(text: bytes) -> str:
    """Of all its bytes, but for a line break that git turned into one of Windows."""
    return hashlib.sha256(text.rstrip(b"\r")).hexdigest()[:_DIGEST]


def _locked_digests(lock: Lock | None) -> set[str]:
    return {record.history for record in lock.resources.values() if record.history} if lock else set()


def _count_unsure(record: ResourceRecord) -> int:
    """People of whom it is not known whether they were called."""
    unnamed = sum(remote.count for remote in record.remotes.values() if remote.unnamed)
    return sum(intent.count for intent in record.intents.values()) + len(record.unseen) + unnamed
