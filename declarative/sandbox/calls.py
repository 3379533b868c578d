"""Calls as one kind of thing: those placed one by one, and those that a batch made. Knows no HTTP."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import orjson

from declarative.sandbox import batches
from declarative.sandbox.batches import Batch
from declarative.sandbox.ids import batch_call, member_id
from declarative.sandbox.outcomes import Outcome
from declarative.sandbox.timeline import NEVER, Attempt, Attempts
from declarative.sandbox.world import Moment


@dataclass(frozen=True, slots=True)
class Call:
    """One attempt to ring one number. `created` is when its record came to be; times are seconds since the epoch."""

    id: str
    org: int
    provider: str
    agent_id: str
    number_id: str
    version: str
    to_number: str
    info: Any
    extra: Any
    created: float
    dispatch: float
    answer: float | None
    end: float
    outcome: Outcome
    batch: str | None = None
    batch_name: str | None = None
    rank: tuple[int, int] = (0, 0)

    @property
    def recorded(self) -> float:
        return self.created

    @property
    def order(self) -> tuple[float, tuple[int, int]]:
        """Lists are ordered by this, the greatest first; `rank` parts those recorded at the same moment."""
        return self.created, self.rank


_KEPT = ("id", "org", "provider", "agent_id", "number_id", "version", "to_number", "info", "extra")
_TIMES = ("created", "dispatch", "answer", "end", "outcome")


def add(moment: Moment, call: Call) -> None:
    """Record a call placed on its own."""
    values = {name: getattr(call, name) for name in (*_KEPT, *_TIMES)}
    values |= {"info": _packed(call.info), "extra": _packed(call.extra), "outcome": int(call.outcome)}
    marks = ", ".join("?" * len(values))
    moment.db.execute(f"INSERT INTO call ({', '.join(values)}) VALUES ({marks})", tuple(values.values()))


def _packed(value: Any) -> bytes | None:
    return None if value is None else orjson.dumps(value)


def _from_row(row: sqlite3.Row) -> Call:
    fields = {name: row[name] for name in (*_KEPT, *_TIMES)}
    for name in ("info", "extra"):
        fields[name] = None if fields[name] is None else orjson.loads(fields[name])
    return Call(**{**fields, "outcome": Outcome(fields["outcome"]), "rank": (row["seq"], 0)})


def next_dial(moment: Moment, org: int, number_id: str, spacing: float) -> float:
    """When a number may dial its next single call; faster requests queue."""
    row = moment.db.execute("SELECT max(dispatch) FROM call WHERE org = ? AND number_id = ?", (org, number_id))
    (last,) = row.fetchone()
    return moment.now if last is None else max(moment.now, last + spacing)


def find(moment: Moment, org: int, provider: str, call: str) -> Call | None:
    """A call by its id, if its record exists by now."""
    row = moment.db.execute(
        "SELECT * FROM call WHERE id = ? AND org = ? AND provider = ?", (call, org, provider)
    ).fetchone()
    if row is not None:
        return _from_row(row)
    return _of_batch(moment, org, call) if provider == "cartesia" else None


def _of_batch(moment: Moment, org: int, call: str) -> Call | None:
    place = batch_call(call)
    row = place and moment.db.execute("SELECT * FROM batch WHERE key = ? AND org = ?", (place[0], org)).fetchone()
    if not place or not row:
        return None
    batch = batches.from_row(row)
    for attempts in batches.lines(moment, batch):
        if place[1] in attempts.ordinal:
            attempt = attempts[attempts.ordinal.index(place[1])]
            dialed = attempt.dispatch <= moment.now and attempt.outcome != Outcome.PRE_DIAL
            return next(_calls(moment, batch, [attempt])) if dialed else None
    return None


def hang_up(moment: Moment, call: Call) -> None:
    """End a connected call now."""
    if call.batch is None:
        moment.db.execute(
            "UPDATE call SET end = ?, outcome = ? WHERE id = ?", (moment.now, Outcome.API_CANCELLED, call.id)
        )
        return
    batch = batches.find(moment, call.org, call.batch)
    place = batch_call(call.id)
    if batch is not None and place is not None:
        batches.end_attempt(moment, batch, place[1])


def of_batch(moment: Moment, batch: Batch) -> list[Call]:
    """One call an attempt, newest first; whoever was turned away before dialing has none."""
    attempts = [one for line in batches.lines(moment, batch) for one in _dialed(line, moment.now)]
    return sorted(_calls(moment, batch, attempts), key=lambda call: call.order, reverse=True)


def _dialed(line: Attempts, now: float) -> list[Attempt]:
    return [line[at] for at in range(line.started(now)) if line.outcome[at] != Outcome.PRE_DIAL]


def _calls(moment: Moment, batch: Batch, attempts: list[Attempt]) -> Iterator[Call]:
    if not attempts:
        return
    numbers, infos = batches.people(moment, batch)
    for one in attempts:
        yield Call(
            id=member_id("ac", batch.key, one.ordinal),
            org=batch.org,
            provider="cartesia",
            agent_id=batch.agent_id,
            number_id=batch.number_id,
            version=batch.version,
            to_number=numbers[one.member],
            info=infos[one.member] if infos is not None else None,
            extra=None,
            created=one.dispatch,
            dispatch=one.dispatch,
            answer=None if one.answer == NEVER else one.answer,
            end=one.end,
            outcome=Outcome(one.outcome),
            batch=batch.id,
            batch_name=batch.name,
            rank=(-batch.seq, one.ordinal),
        )


def single(moment: Moment, org: int, provider: str, until: float, agent_id: str | None = None) -> Iterator[Call]:
    """Calls placed on their own, recorded by `until`, newest first."""
    rows = moment.db.execute(
        "SELECT * FROM call WHERE org = ?1 AND provider = ?2 AND created <= ?3 AND (?4 IS NULL OR agent_id = ?4)"
        " ORDER BY created DESC, seq DESC",
        (org, provider, until, agent_id),
    )
    return map(_from_row, rows)


def of_agent(moment: Moment, org: int, agent_id: str, until: float, count: int) -> list[Call]:
    """The newest calls of an agent at Cartesia, single ones and those of batches; newest first.

    At least `count` of those recorded before `until` (if there are as many), and all recorded just then.
    """
    alone = list(_newest(single(moment, org, "cartesia", until, agent_id), until, count))
    rows = moment.db.execute(
        "SELECT * FROM batch WHERE org = ? AND agent_id = ? AND admitted <= ?", (org, agent_id, until)
    )
    dialed = [one for batch in map(batches.from_row, rows.fetchall()) for one in _dials(moment, batch, until, count)]
    # Only those that make it are read in full: a batch's people are many.
    times = [call.created for call in alone] + [one.recorded for one in dialed]
    newest = sorted((at for at in times if at < until), reverse=True)[:count]
    oldest = newest[-1] if len(newest) == count else 0.0
    by_batch: dict[Batch, list[Attempt]] = {}
    for one in dialed:
        if one.recorded >= oldest:
            by_batch.setdefault(one.batch, []).append(one.attempt)
    found = alone + [call for batch, kept in by_batch.items() for call in _calls(moment, batch, kept)]
    return sorted(found, key=lambda call: call.order, reverse=True)


@dataclass(frozen=True, slots=True)
class _Dial:
    batch: Batch
    attempt: Attempt

    @property
    def recorded(self) -> float:
        return self.attempt.dispatch


def _dials(moment: Moment, batch: Batch, until: float, count: int) -> Iterator[_Dial]:
    for line in batches.lines(moment, batch):
        for attempt in _newest(_backwards(line, until), until, count):
            yield _Dial(batch, attempt)


def _backwards(line: Attempts, until: float) -> Iterator[Attempt]:
    places = reversed(range(line.started(until)))
    return (line[at] for at in places if line.outcome[at] != Outcome.PRE_DIAL)


class _Recorded(Protocol):
    @property
    def recorded(self) -> float: ...


_R = TypeVar("_R", bound=_Recorded)


def _newest(newest_first: Iterator[_R], until: float, count: int) -> Iterator[_R]:
    """Those that share a moment are never parted: which of them comes first is decided by their rank."""
    taken, last = 0, until
    for one in newest_first:
        if taken >= count and one.recorded < last:
            return
        yield one
        last = one.recorded
        taken += last < until
