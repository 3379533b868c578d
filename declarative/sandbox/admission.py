"""Which batch may start when: reservations out of the organisation's agent-call limit, oldest batch first.

A batch holds its `target_concurrency_limit` from its admission until its last call is over. The oldest batch whose
time has come is never overtaken by a younger one. Knows no HTTP.
"""

from __future__ import annotations

from typing import NamedTuple

from declarative.sandbox import batches
from declarative.sandbox.batches import Batch
from declarative.sandbox.world import Moment, Organisation


def settle(moment: Moment, org: Organisation) -> None:
    """Bring the organisation's batches up to now, each admitted at the very instant it became possible."""
    waiting = _waiting(moment, org)
    if waiting:
        _admit_in_order(moment, org, waiting)
        moment.db.execute("UPDATE organisation SET settled_at = ? WHERE id = ?", (moment.now, org.id))


class Waiting(NamedTuple):
    """As much of a batch as decides about its admission: thousands may wait, and each request looks at them."""

    seq: int
    target: int
    ready: float


def _waiting(moment: Moment, org: Organisation) -> list[Waiting]:
    rows = moment.db.execute(
        "SELECT seq, target, ready FROM batch WHERE org = ? AND waiting = 1 AND ready <= ? ORDER BY seq",
        (org.id, moment.now),
    )
    return [Waiting(*row) for row in rows]


def _whole(moment: Moment, waiting: Waiting) -> Batch:
    return batches.from_row(moment.db.execute("SELECT * FROM batch WHERE seq = ?", (waiting.seq,)).fetchone())


def _running(moment: Moment, org: Organisation) -> list[tuple[float, int]]:
    rows = moment.db.execute(
        "SELECT over, target FROM batch WHERE org = ? AND over > ? AND waiting = 0", (org.id, org.settled_at)
    )
    return [(row[0], row[1]) for row in rows]


def _admit_in_order(moment: Moment, org: Organisation, waiting: list[Waiting]) -> None:
    held = _running(moment, org)
    at: float | None = min(max(org.settled_at, min(one.ready for one in waiting)), moment.now)
    while at is not None and waiting:
        free = org.agent_call_limit - sum(target for over, target in held if over > at)
        for batch in [one for one in waiting if one.ready <= at]:
            if batch.target > free:
                break
            admitted = batches.admit(moment, _whole(moment, batch), at)
            held.append((admitted.over or at, batch.target))
            waiting.remove(batch)
            free -= batch.target
        at = _next_event(waiting, held, at, moment.now)


def _next_event(waiting: list[Waiting], held: list[tuple[float, int]], after: float, until: float) -> float | None:
    times = [one.ready for one in waiting] + [over for over, _ in held] + [until]
    return min((time for time in times if after < time <= until), default=None)
