"""Single calls and calls of batches as one kind of thing. Knows no HTTP."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import orjson

from declarative.sandbox import batches
from declarative.sandbox.batch_dialing import end_attempt
from declarative.sandbox.batches import Batch
from declarative.sandbox.ids import format_member_id, parse_batch_call_id
from declarative.sandbox.outcomes import Outcome
from declarative.sandbox.timeline import NEVER, Attempt, Attempts
from declarative.sandbox.world import Moment


@dataclass(frozen=True, slots=True)
class Call:
    """One attempt to call one number. Times are seconds since the epoch."""

    id: str
    """`ac_...` at Cartesia, a UUID at CallingBox."""
    org: int
    """Row of the organisation that owns it."""
    provider: str
    """Name of the provider that places it."""
    agent_id: str
    """The agent that talks."""
    number_id: str
    """The number that dials: an id at Cartesia, E.164 at CallingBox."""
    version: str
    """API version of the request that placed it."""
    to_number: str
    """The number called, E.164."""
    info: Any
    """Metadata or dynamic variables as sent; None without any."""
    extra: Any
    """Other fields of the request that CallingBox shows again, as an object; None at Cartesia."""
    created: float
    """When the record of the call came to be: for a call of a batch, its dispatch."""
    dispatch: float
    """When the phone is dialed."""
    answer: float | None
    """When it is answered; None if it never is."""
    end: float
    """When the attempt is over."""
    outcome: Outcome
    """How it ends."""
    batch: str | None = None
    """Id of its batch; None for a single call."""
    batch_name: str | None = None
    """Name of its batch; None for a single call."""
    rank: tuple[int, int] = (0, 0)
    """Order among calls recorded at the same moment, the greatest first."""

    @property
    def recorded(self) -> float:
        return self.created

    @property
    def order(self) -> tuple[float, tuple[int, int]]:
        """Sort key of lists, the greatest first. `rank` separates calls recorded at the same moment."""
        return self.created, self.rank


_BATCH_BY_KEY = "SELECT * FROM batch WHERE key = ? AND org = ? AND provider = 'cartesia'"
_CALL_COLUMNS = ("id", "org", "provider", "agent_id", "number_id", "version", "to_number", "info", "extra")
_OUTCOME_COLUMNS = ("created", "dispatch", "answer", "end", "outcome")


def add_call(moment: Moment, call: Call) -> None:
    """Store a single call."""
    values = {name: getattr(call, name) for name in (*_CALL_COLUMNS, *_OUTCOME_COLUMNS)}
    values |= {"info": _json_or_none(call.info), "extra": _json_or_none(call.extra), "outcome": int(call.outcome)}
    marks = ", ".join("?" * len(values))
    moment.db.execute(f"INSERT INTO call ({', '.join(values)}) VALUES ({marks})", tuple(values.values()))


def _json_or_none(value: Any) -> bytes | None:
    return None if value is None else orjson.dumps(value)


def _call_from_row(row: sqlite3.Row) -> Call:
    fields = {name: row[name] for name in (*_CALL_COLUMNS, *_OUTCOME_COLUMNS)}
    for name in ("info", "extra"):
        fields[name] = None if fields[name] is None else orjson.loads(fields[name])
    return Call(**{**fields, "outcome": Outcome(fields["outcome"]), "rank": (row["seq"], 0)})


def next_dial(moment: Moment, org: int, number_id: str, spacing: float) -> float:
    """When a number may dial its next single call. Faster requests queue."""
    row = moment.db.execute("SELECT max(dispatch) FROM call WHERE org = ? AND number_id = ?", (org, number_id))
    (last,) = row.fetchone()
    return moment.now if last is None else max(moment.now, last + spacing)


def find_call(moment: Moment, org: int, provider: str, call: str) -> Call | None:
    """Find a call by its id, if its record exists by now."""
    row = moment.db.execute(
        "SELECT * FROM call WHERE id = ? AND org = ? AND provider = ?", (call, org, provider)
    ).fetchone()
    if row is not None:
        return _call_from_row(row)
    return _find_batch_call(moment, org, call) if provider == "cartesia" else None


def _find_batch_call(moment: Moment, org: int, call: str) -> Call | None:
    batch_call = parse_batch_call_id(call)
    row = batch_call and moment.db.execute(_BATCH_BY_KEY, (batch_call[0], org)).fetchone()
    if not batch_call or not row:
        return None
    batch = batches.batch_from_row(row)
    for attempts in batches.read_attempts(moment, batch):
        if batch_call[1] in attempts.ordinal:
            attempt = attempts[attempts.ordinal.index(batch_call[1])]
            dialed = attempt.dispatch <= moment.now and attempt.outcome != Outcome.PRE_DIAL
            return next(_build_calls(moment, batch, [attempt])) if dialed else None
    return None


def hang_up(moment: Moment, call: Call) -> None:
    """End a connected call now."""
    if call.batch is None:
        moment.db.execute(
            "UPDATE call SET end = ?, outcome = ? WHERE id = ?", (moment.now, Outcome.API_CANCELLED, call.id)
        )
        return
    batch = batches.find_batch(moment, call.org, call.batch)
    batch_call = parse_batch_call_id(call.id)
    if batch is not None and batch_call is not None:
        end_attempt(moment, batch, batch_call[1])


def end_call(moment: Moment, call: Call) -> None:
    """Store how a single call ended: `end`, `answer`, `outcome` and `extra` of it."""
    moment.db.execute(
        "UPDATE call SET end = ?, answer = ?, outcome = ?, extra = ? WHERE id = ?",
        (call.end, call.answer, int(call.outcome), _json_or_none(call.extra), call.id),
    )


def list_batch_calls(moment: Moment, batch: Batch) -> list[Call]:
    """List one call for each attempt, newest first. A recipient turned away before dialing has none."""
    attempts = [
        attempt
        for live_or_past in batches.read_attempts(moment, batch)
        for attempt in _select_dialed(live_or_past, moment.now)
    ]
    return sorted(_build_calls(moment, batch, attempts), key=lambda call: call.order, reverse=True)


def _select_dialed(attempts: Attempts, now: float) -> list[Attempt]:
    return [
        attempts[index] for index in range(attempts.count_started(now)) if attempts.outcome[index] != Outcome.PRE_DIAL
    ]


def _build_calls(moment: Moment, batch: Batch, attempts: list[Attempt]) -> Iterator[Call]:
    if not attempts:
        return
    numbers, infos = batches.read_batch_recipients(moment, batch)
    for attempt in attempts:
        yield Call(
            id=format_member_id("ac", batch.key, attempt.ordinal),
            org=batch.org,
            provider=batch.provider,
            agent_id=batch.agent_id,
            number_id=batch.number_id,
            version=batch.version,
            to_number=numbers[attempt.member],
            info=infos[attempt.member] if infos is not None else None,
            extra=None,
            created=attempt.dispatch,
            dispatch=attempt.dispatch,
            answer=None if attempt.answer == NEVER else attempt.answer,
            end=attempt.end,
            outcome=Outcome(attempt.outcome),
            batch=batch.id,
            batch_name=batch.name,
            rank=(-batch.seq, attempt.ordinal),
        )


def list_single_calls(
    moment: Moment, org: int, provider: str, until: float, agent_id: str | None = None
) -> Iterator[Call]:
    """List single calls recorded by `until`, newest first."""
    rows = moment.db.execute(
        "SELECT * FROM call WHERE org = ?1 AND provider = ?2 AND created <= ?3 AND (?4 IS NULL OR agent_id = ?4)"
        " ORDER BY created DESC, seq DESC",
        (org, provider, until, agent_id),
    )
    return map(_call_from_row, rows)


def list_agent_calls(moment: Moment, org: int, agent_id: str, until: float, count: int) -> list[Call]:
    """List the newest calls of an agent at Cartesia, single calls and calls of batches, newest first.

    The list holds at least `count` calls recorded before `until`, if there are so many, and all recorded at `until`.
    """
    single_calls = list(_take_newest(list_single_calls(moment, org, "cartesia", until, agent_id), until, count))
    rows = moment.db.execute(
        "SELECT * FROM batch WHERE org = ? AND provider = 'cartesia' AND agent_id = ? AND admitted <= ?",
        (org, agent_id, until),
    )
    batch_attempts = [
        batch_attempt
        for batch in map(batches.batch_from_row, rows.fetchall())
        for batch_attempt in _iterate_newest(moment, batch, until, count)
    ]
    # Only calls that make the list are read in full: a batch may have thousands of recipients.
    times = [call.created for call in single_calls] + [batch_attempt.recorded for batch_attempt in batch_attempts]
    newest = sorted((recorded for recorded in times if recorded < until), reverse=True)[:count]
    oldest = newest[-1] if len(newest) == count else 0.0
    by_batch: dict[Batch, list[Attempt]] = {}
    for batch_attempt in batch_attempts:
        if batch_attempt.recorded >= oldest:
            by_batch.setdefault(batch_attempt.batch, []).append(batch_attempt.attempt)
    agent_calls = single_calls + [
        call for batch, attempts in by_batch.items() for call in _build_calls(moment, batch, attempts)
    ]
    return sorted(agent_calls, key=lambda call: call.order, reverse=True)


@dataclass(frozen=True, slots=True)
class _BatchAttempt:
    batch: Batch
    """The batch that dials."""
    attempt: Attempt
    """One of its dials, not yet read in full."""

    @property
    def recorded(self) -> float:
        return self.attempt.dispatch


def _iterate_newest(moment: Moment, batch: Batch, until: float, count: int) -> Iterator[_BatchAttempt]:
    for attempts in batches.read_attempts(moment, batch):
        for attempt in _take_newest(_iterate_backwards(attempts, until), until, count):
            yield _BatchAttempt(batch, attempt)


def _iterate_backwards(attempts: Attempts, until: float) -> Iterator[Attempt]:
    indices = reversed(range(attempts.count_started(until)))
    return (attempts[index] for index in indices if attempts.outcome[index] != Outcome.PRE_DIAL)


class _Recorded(Protocol):
    @property
    def recorded(self) -> float: ...


_R = TypeVar("_R", bound=_Recorded)


def _take_newest(newest_first: Iterator[_R], until: float, count: int) -> Iterator[_R]:
    """Take `count` items, and all that share a moment with the last: only their rank decides which comes first."""
    count_taken, last = 0, until
    for dial in newest_first:
        if count_taken >= count and dial.recorded < last:
            return
        yield dial
        last = dial.recorded
        count_taken += last < until
