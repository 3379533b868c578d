"""How a batch dials: admitted, retried, cancelled, one call hung up. Its dials are planned here and stored as a whole.

Knows neither HTTP nor capacity: which batch is admitted when is decided in `admission`.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from declarative.sandbox.batches import Batch, batch_from_row, read_attempts, read_batch_recipients
from declarative.sandbox.dial_counts import draw_next_dials, forget_dials
from declarative.sandbox.outcomes import RETRIED, Outcome
from declarative.sandbox.timeline import Attempts, plan_attempts
from declarative.sandbox.world import Moment


def admit_batch(moment: Moment, batch: Batch, instant: float) -> Batch:
    """Give the batch its lines at `instant`, and plan the dials of all recipients that wait."""
    live, past = read_attempts(moment, batch)
    dialed = {*live.member, *batch.removed}
    queue = [member for member in range(batch.total) if member not in dialed]
    live = _plan_dials(moment, batch, queue, instant, live, len(live) + len(past))
    return _store_attempts(
        moment, batch, live, past, instant, waiting=0, admitted=batch.admitted or instant, updated=instant
    )


def retry_batch(moment: Moment, batch: Batch) -> Batch:
    """Queue the recipients again that were not reached. Superseded attempts stay in the history."""
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
    """Drop all dials after now. A batch that is dispatched in full stays as it is."""
    live, past = read_attempts(moment, batch)
    dialed = live.count_started(moment.now)
    if batch.cancelled is not None or dialed == batch.total:
        return batch
    _forget_members(moment, batch, live.member[dialed:])
    live = live.take(range(dialed))
    cancelled = moment.now
    return _store_attempts(moment, batch, live, past, cancelled, waiting=0, cancelled=cancelled, updated=cancelled)


def pause_batch(moment: Moment, batch: Batch) -> Batch:
    """Drop all dials after now, until `resume_batch` queues them again."""
    live, past = read_attempts(moment, batch)
    dialed = live.count_started(moment.now)
    _forget_members(moment, batch, live.member[dialed:])
    return _store_attempts(moment, batch, live.take(range(dialed)), past, moment.now, waiting=0, updated=moment.now)


def resume_batch(moment: Moment, batch: Batch) -> Batch:
    """Queue whoever was not dialed before the pause."""
    live, past = read_attempts(moment, batch)
    ready = max(moment.now, batch.scheduled or 0.0)
    return _store_attempts(moment, batch, live, past, moment.now, waiting=1, ready=ready, updated=moment.now)


def remove_member(moment: Moment, batch: Batch, member: int) -> Batch:
    """Never dial one recipient again. The dials of all others keep their times."""
    live, past = read_attempts(moment, batch)
    kept = [index for index in range(len(live)) if live.member[index] != member or live.dispatch[index] <= moment.now]
    _forget_members(moment, batch, [member] * (len(live) - len(kept)))
    batch = set_extra(moment, batch, removed=sorted({*batch.removed, member}))
    return _store_attempts(moment, batch, live.take(kept), past, moment.now, updated=moment.now)


def set_extra(moment: Moment, batch: Batch, **changes: Any) -> Batch:
    """Change what only its provider knows of a batch."""
    extra = orjson.dumps({**(batch.extra or {}), **changes})
    row = moment.db.execute("UPDATE batch SET extra = ? WHERE seq = ? RETURNING *", (extra, batch.seq)).fetchone()
    return batch_from_row(row)


def end_attempt(moment: Moment, batch: Batch, ordinal: int) -> None:
    """Hang up one connected call of the batch now. The others keep their times."""
    live, past = read_attempts(moment, batch)
    index = live.ordinal.index(ordinal)
    live.end[index], live.outcome[index] = moment.now, Outcome.API_CANCELLED
    _store_attempts(moment, batch, live, past, moment.now)


def _plan_dials(
    moment: Moment, batch: Batch, queue: Sequence[int], instant: float, live: Attempts, ordinal: int
) -> Attempts:
    numbers, _ = read_batch_recipients(moment, batch)
    queued_numbers = [numbers[member] for member in queue]
    fates = draw_next_dials(moment, batch.org, queued_numbers, agent_id=batch.agent_id, us_only=batch.us_only)
    start = max(instant, live.dispatch[-1] + batch.pace.spacing) if len(live) else instant
    busy = [end for end in live.end if end > instant]
    planned = plan_attempts(list(zip(queue, fates, strict=True)), start, busy, batch.pace, ordinal)
    return live.merge(planned) if len(live) else planned


def _forget_members(moment: Moment, batch: Batch, members: Iterable[int]) -> None:
    numbers, _ = read_batch_recipients(moment, batch)
    forget_dials(moment, batch.org, [numbers[member] for member in members])


def _store_attempts(
    moment: Moment, batch: Batch, live: Attempts, past: Attempts, instant: float, **changes: Any
) -> Batch:
    # The reservation was held until `instant`, even if the last call ended before.
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
