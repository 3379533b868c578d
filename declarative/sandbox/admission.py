"""Which batch may start when: each reserves lines out of its organisation's agent-call limit, the oldest batch first.

A batch holds its `target_concurrency_limit` from its admission until its last call is over. No younger batch overtakes
the oldest one that is ready. Knows no HTTP.
"""

from __future__ import annotations

from typing import NamedTuple

from declarative.sandbox.batch_dialing import admit_batch
from declarative.sandbox.batches import Batch, batch_from_row
from declarative.sandbox.world import Moment, Organisation


def admit_waiting(moment: Moment, org: Organisation) -> None:
    """Admit the organisation's batches up to now, each at the instant when it became possible."""
    waiting = _list_waiting(moment, org)
    if waiting:
        _admit_in_order(moment, org, waiting)
        moment.db.execute("UPDATE organisation SET settled_at = ? WHERE id = ?", (moment.now, org.id))


class WaitingBatch(NamedTuple):
    """The part of a batch that decides its admission. Thousands may wait, and every request reads them all."""

    seq: int
    """Row of the batch: a lower one was created earlier."""
    target: int
    """Lines it reserves (`target_concurrency_limit`)."""
    ready: float
    """When it may be admitted at the earliest, in seconds since the epoch."""


def _list_waiting(moment: Moment, org: Organisation) -> list[WaitingBatch]:
    rows = moment.db.execute(
        "SELECT seq, target, ready FROM batch WHERE org = ? AND waiting = 1 AND ready <= ? ORDER BY seq",
        (org.id, moment.now),
    )
    return [WaitingBatch(*row) for row in rows]


def _load_batch(moment: Moment, waiting_batch: WaitingBatch) -> Batch:
    return batch_from_row(moment.db.execute("SELECT * FROM batch WHERE seq = ?", (waiting_batch.seq,)).fetchone())


def _list_reservations(moment: Moment, org: Organisation) -> list[tuple[float, int]]:
    rows = moment.db.execute(
        "SELECT over, target FROM batch WHERE org = ? AND over > ? AND waiting = 0", (org.id, org.settled_at)
    )
    return [(row[0], row[1]) for row in rows]


def _admit_in_order(moment: Moment, org: Organisation, waiting: list[WaitingBatch]) -> None:
    reservations = _list_reservations(moment, org)
    instant: float | None = min(max(org.settled_at, min(batch.ready for batch in waiting)), moment.now)
    while instant is not None and waiting:
        free = org.agent_call_limit - sum(target for over, target in reservations if over > instant)
        for candidate in [batch for batch in waiting if batch.ready <= instant]:
            if candidate.target > free:
                break
            admitted = admit_batch(moment, _load_batch(moment, candidate), instant)
            reservations.append((admitted.over or instant, candidate.target))
            waiting.remove(candidate)
            free -= candidate.target
        instant = _next_event(waiting, reservations, instant, moment.now)


def _next_event(
    waiting: list[WaitingBatch], reservations: list[tuple[float, int]], after: float, until: float
) -> float | None:
    times = [batch.ready for batch in waiting] + [over for over, _ in reservations] + [until]
    return min((time for time in times if after < time <= until), default=None)
