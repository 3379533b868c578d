"""Batches: stored, admitted, dialed, retried, cancelled. What a batch looks like is computed when read, never stored.

Nothing here knows HTTP or the shape of an answer. Semantics: Cartesia's batch guide (2026-03-01) and its reference.
"""

from __future__ import annotations

import sqlite3
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from declarative.sandbox.dial_counts import draw_next_dials, forget_dials
from declarative.sandbox.ids import new_batch_id, number_type
from declarative.sandbox.outcomes import RETRIED, Outcome
from declarative.sandbox.timeline import Attempts, DialPace, plan_attempts
from declarative.sandbox.world import Moment


@dataclass(frozen=True, slots=True)
class Batch:
    """A row of `batch`; times in seconds since the epoch, None where it has not happened."""

    seq: int
    id: str
    key: str
    org: int
    name: str
    agent_id: str
    number_id: str
    version: str
    region: str
    target: int
    ringing: float
    minutes: int
    total: int
    created: float
    updated: float
    scheduled: float | None
    ready: float
    waiting: int
    admitted: float | None
    over: float | None
    cancelled: float | None
    retries: int
    planned: int
    turned_away: int

    @property
    def us_only(self) -> bool:
        return number_type(self.number_id) == "cartesia"

    @property
    def pace(self) -> DialPace:
        return DialPace(self.target, 1.0 if self.us_only else 0.0, self.ringing, self.minutes * 60.0)


@dataclass(frozen=True, slots=True)
class BatchOrder:
    """A checked request for a batch: everything a caller decides."""

    name: str
    agent_id: str
    number_id: str
    version: str
    region: str
    target: int
    ringing: float
    minutes: int
    scheduled: float | None
    numbers: Sequence[str]
    infos: Sequence[Any]


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """Where a batch stands at one instant; counts are of recipients, by their latest attempt."""

    status: str
    dispatched: int
    finished: int
    updated: float


def batch_from_row(row: sqlite3.Row) -> Batch:
    return Batch(**dict(row))


def create_batch(moment: Moment, org: int, order: BatchOrder) -> Batch:
    """Store a batch that waits for its time and for capacity."""
    new_id, created = new_batch_id(), moment.now
    ready = order.scheduled if order.scheduled is not None else created
    fields = {
        "id": new_id.id,
        "key": new_id.key,
        "org": org,
        "name": order.name,
        "agent_id": order.agent_id,
        "number_id": order.number_id,
        "version": order.version,
        "region": order.region,
        "target": order.target,
        "ringing": order.ringing,
        "minutes": order.minutes,
        "total": len(order.numbers),
        "created": created,
        "updated": created,
        "scheduled": order.scheduled,
        "ready": ready,
        "waiting": 1,
    }
    marks = ", ".join("?" * len(fields))
    row = moment.db.execute(
        f"INSERT INTO batch ({', '.join(fields)}) VALUES ({marks}) RETURNING *", tuple(fields.values())
    ).fetchone()
    infos = orjson.dumps(order.infos) if any(order.infos) else None
    moment.db.execute("INSERT INTO people VALUES (?, ?, ?)", (row["seq"], "\n".join(order.numbers), infos))
    return batch_from_row(row)


def find_batch(moment: Moment, org: int, batch: str) -> Batch | None:
    row = moment.db.execute("SELECT * FROM batch WHERE id = ? AND org = ?", (batch, org)).fetchone()
    return None if row is None else batch_from_row(row)


def read_recipients(moment: Moment, batch: Batch) -> tuple[list[str], list[Any] | None]:
    """Numbers in the order of the request, and what was said about each, or None where nothing was."""
    row = moment.db.execute("SELECT numbers, infos FROM people WHERE batch = ?", (batch.seq,)).fetchone()
    return row["numbers"].split("\n"), None if row["infos"] is None else orjson.loads(row["infos"])


def read_attempts(moment: Moment, batch: Batch) -> tuple[Attempts, Attempts]:
    """Latest attempts (at most one a recipient, future ones included), and those that a retry superseded."""
    row = moment.db.execute("SELECT live, past FROM line WHERE batch = ?", (batch.seq,)).fetchone()
    return (Attempts(), Attempts()) if row is None else (Attempts.unpack(row["live"]), Attempts.unpack(row["past"]))


def admit_batch(moment: Moment, batch: Batch, instant: float) -> Batch:
    """Give the batch its lines at `at`, and plan everybody who waits."""
    live, past = read_attempts(moment, batch)
    dialed = set(live.member)
    queue = [member for member in range(batch.total) if member not in dialed]
    live = _plan_dials(moment, batch, queue, instant, live, len(live) + len(past))
    return _store_attempts(
        moment, batch, live, past, instant, waiting=0, admitted=batch.admitted or instant, updated=instant
    )


def retry_batch(moment: Moment, batch: Batch) -> Batch:
    """Queue again whoever was not reached; superseded attempts stay in the history."""
    live, past = read_attempts(moment, batch)
    dialed = live.count_started(moment.now)
    unreached = [
        index for index in range(dialed) if live.end[index] <= moment.now and Outcome(live.outcome[index]) in RETRIED
    ]
    unreached_set = set(unreached)
    queue = [*live.member[dialed:], *(live.member[index] for index in unreached)]
    _forget_members(moment, batch, live.member[dialed:])
    past = past.merge(live.take(unreached))
    live = live.take(index for index in range(dialed) if index not in unreached_set)
    changes: dict[str, Any] = {"retries": batch.retries + 1, "updated": moment.now}
    if not queue or batch.waiting:
        return _store_attempts(moment, batch, live, past, moment.now, **changes)
    if batch.over is not None and batch.over <= moment.now:
        return _store_attempts(moment, batch, live, past, moment.now, waiting=1, ready=moment.now, **changes)
    live = _plan_dials(moment, batch, queue, moment.now, live, len(live) + len(past))
    return _store_attempts(moment, batch, live, past, moment.now, **changes)


def cancel_batch(moment: Moment, batch: Batch) -> Batch:
    """Whoever is not dispatched by now never will be; a batch dispatched in full stays as it is."""
    live, past = read_attempts(moment, batch)
    dialed = live.count_started(moment.now)
    if batch.cancelled is not None or dialed == batch.total:
        return batch
    _forget_members(moment, batch, live.member[dialed:])
    live = live.take(range(dialed))
    cancelled = moment.now
    return _store_attempts(moment, batch, live, past, cancelled, waiting=0, cancelled=cancelled, updated=cancelled)


def _plan_dials(
    moment: Moment, batch: Batch, queue: Sequence[int], instant: float, live: Attempts, ordinal: int
) -> Attempts:
    numbers, _ = read_recipients(moment, batch)
    fates = draw_next_dials(moment, batch.org, [numbers[member] for member in queue], us_only=batch.us_only)
    start = max(instant, live.dispatch[-1] + batch.pace.spacing) if len(live) else instant
    busy = [end for end in live.end if end > instant]
    planned = plan_attempts(list(zip(queue, fates, strict=True)), start, busy, batch.pace, ordinal)
    return live.merge(planned) if len(live) else planned


def _forget_members(moment: Moment, batch: Batch, members: Iterable[int]) -> None:
    numbers, _ = read_recipients(moment, batch)
    forget_dials(moment, batch.org, [numbers[member] for member in members])


def _store_attempts(
    moment: Moment, batch: Batch, live: Attempts, past: Attempts, instant: float, **changes: Any
) -> Batch:
    # The reservation was held until `at`, even if the last call ended before.
    ends = array("d", sorted(live.end))
    changes |= {
        "over": max([instant, *ends[-1:]]),
        "planned": len(live),
        "turned_away": live.outcome.count(Outcome.PRE_DIAL),
    }
    moment.db.execute(
        "INSERT OR REPLACE INTO line VALUES (?, ?, ?, ?, ?)",
        (batch.seq, live.pack(), past.pack() if len(past) else None, live.dispatch.tobytes(), ends.tobytes()),
    )
    names = ", ".join(f"{name} = ?" for name in changes)
    row = moment.db.execute(
        f"UPDATE batch SET {names} WHERE seq = ? RETURNING *", (*changes.values(), batch.seq)
    ).fetchone()
    return batch_from_row(row)


def compute_progress(batch: Batch, now: float, dispatches: bytes | None, ends: bytes | None) -> BatchProgress:
    """Status and counters at `now`. The two packed arrays are needed only while the batch is not over."""
    if batch.over is not None and batch.over <= now:
        dispatched = finished = batch.planned
        updated = batch.updated if batch.waiting else max(batch.updated, batch.over)
    else:
        starts, stops = array("d", dispatches or b""), array("d", ends or b"")
        dispatched, finished = bisect_right(starts, now), bisect_right(stops, now)
        updated = max([batch.updated, *starts[:dispatched][-1:], *stops[:finished][-1:]])
    return BatchProgress(_batch_status(batch, dispatched), dispatched, finished, updated)


def _batch_status(batch: Batch, dispatched: int) -> str:
    if batch.cancelled is not None:
        return "cancelled"
    if dispatched == batch.total:
        return "failed" if batch.turned_away == batch.total else "completed"
    return "pending" if batch.admitted is None else "in_progress"


def read_progress(moment: Moment, batch: Batch) -> BatchProgress:
    """Where one batch stands now."""
    row = moment.db.execute("SELECT dispatches, ends FROM line WHERE batch = ?", (batch.seq,)).fetchone()
    return compute_progress(batch, moment.now, *(tuple(row) if row is not None else (None, None)))


def list_newest(
    moment: Moment,
    org: int,
    agent_id: str | None,
    below: int | None,
    above: int | None,
    limit: int,
    until: float,
) -> list[tuple[Batch, BatchProgress]]:
    """Up to `limit` batches created by `until`, newest first; with `above`, the `limit` just newer than it."""
    order = "ASC" if above is not None else "DESC"
    rows = moment.db.execute(
        "SELECT batch.*, CASE WHEN over > :now THEN dispatches END AS d, CASE WHEN over > :now THEN ends END AS e"
        " FROM batch LEFT JOIN line ON line.batch = batch.seq WHERE org = :org AND created <= :until"
        " AND (:agent IS NULL OR agent_id = :agent) AND (:below IS NULL OR seq < :below)"
        f" AND (:above IS NULL OR seq > :above) ORDER BY seq {order} LIMIT :limit",
        {"now": moment.now, "org": org, "until": until, "agent": agent_id}
        | {"below": below, "above": above, "limit": limit},
    ).fetchall()
    entries = []
    for row in reversed(rows) if above is not None else rows:
        fields = dict(row)
        starts, stops = fields.pop("d"), fields.pop("e")
        batch = Batch(**fields)
        entries.append((batch, compute_progress(batch, moment.now, starts, stops)))
    return entries


def end_attempt(moment: Moment, batch: Batch, ordinal: int) -> None:
    """One connected call of the batch is hung up now; the others keep their times."""
    live, past = read_attempts(moment, batch)
    index = live.ordinal.index(ordinal)
    live.end[index], live.outcome[index] = moment.now, Outcome.API_CANCELLED
    _store_attempts(moment, batch, live, past, moment.now)
