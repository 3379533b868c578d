"""Where batches stand: status and counters, computed from planned dials when they are read, never stored."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from dataclasses import dataclass

from declarative.sandbox.batches import Batch, batch_from_row
from declarative.sandbox.world import Moment


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """Where a batch stands at one instant. Counts are of recipients, by their latest attempt."""

    status: str
    """`pending`, `in_progress`, `completed`, `failed` or `cancelled`."""
    dispatched: int
    """Recipients that were dialed or turned away."""
    finished: int
    """Those of `dispatched` whose attempt is over."""
    updated: float
    """Last change of any kind, in seconds since the epoch."""


def compute_progress(batch: Batch, now: float, dispatches: bytes | None, ends: bytes | None) -> BatchProgress:
    """Status and counters at `now`. The two packed arrays of times are needed only while the batch is not over."""
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
    """Compute where one batch stands now."""
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
    hidden: int | None,
) -> list[tuple[Batch, BatchProgress]]:
    """List up to `limit` batches created by `until`, newest first.

    `below` and `above` are rows: only older batches, or the `limit` batches just newer. The row `hidden` is left out.
    """
    order = "ASC" if above is not None else "DESC"
    rows = moment.db.execute(
        "SELECT batch.*, CASE WHEN over > :now THEN dispatches END AS d, CASE WHEN over > :now THEN ends END AS e"
        " FROM batch LEFT JOIN line ON line.batch = batch.seq"
        " WHERE org = :org AND provider = 'cartesia' AND created <= :until"
        " AND (:agent IS NULL OR agent_id = :agent) AND (:below IS NULL OR seq < :below)"
        " AND (:hidden IS NULL OR seq <> :hidden)"
        f" AND (:above IS NULL OR seq > :above) ORDER BY seq {order} LIMIT :limit",
        {"now": moment.now, "org": org, "until": until, "agent": agent_id}
        | {"below": below, "above": above, "limit": limit, "hidden": hidden},
    ).fetchall()
    entries = []
    for row in reversed(rows) if above is not None else rows:
        fields = dict(row)
        starts, stops = fields.pop("d"), fields.pop("e")
        batch = batch_from_row(fields)
        entries.append((batch, compute_progress(batch, moment.now, starts, stops)))
    return entries
