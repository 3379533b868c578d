"""Batches in the database: what one is, how it is stored and found. Knows no HTTP.

Semantics: Cartesia's batch guide (2026-03-01) and its reference.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from declarative.sandbox.ids import new_batch_id, number_type
from declarative.sandbox.timeline import Attempts, DialPace
from declarative.sandbox.world import Moment


@dataclass(frozen=True, slots=True)
class Batch:
    """A row of `batch`. Times are seconds since the epoch; None means that it has not happened."""

    seq: int
    """Row of the table, in the order of creation."""
    id: str
    """`acb_...`, as the API shows it."""
    key: str
    """The part of `id` that leads the ids of its calls and recipients."""
    org: int
    """Row of the organisation that owns it."""
    name: str
    """As sent; dialctl puts its mark at the end."""
    agent_id: str
    """The agent that talks."""
    number_id: str
    """The number that dials; its type decides about pace and destinations."""
    version: str
    """API version of the request that created it."""
    region: str
    """`US`, `EU` or `APAC`."""
    target: int
    """Most calls at once (`target_concurrency_limit`), reserved while the batch holds lines."""
    ringing: float
    """Seconds until an unanswered call ends."""
    minutes: int
    """Longest call, in minutes."""
    total: int
    """Recipients, duplicates included."""
    created: float
    """When the request was taken."""
    updated: float
    """Last change by a request or an admission; `BatchProgress.updated` adds dials and ends."""
    scheduled: float | None
    """The `scheduled_at` of the request; None to start at once."""
    ready: float
    """When it may be admitted at the earliest: `scheduled`, `created`, or the time of a retry."""
    waiting: int
    """1 while it waits for admission, else 0."""
    admitted: float | None
    """When it first got its lines."""
    over: float | None
    """When its last planned call ends and the reservation with it; None before admission."""
    cancelled: float | None
    """When a cancel stopped it; None otherwise."""
    retries: int
    """Retry requests so far."""
    planned: int
    """Recipients with a planned or made dial."""
    turned_away: int
    """Those of `planned` that are turned away before any phone is called."""
    provider: str
    """Whose batch it is: `cartesia` or `elevenlabs`."""
    extra: Any
    """What only its provider knows of it, as an object; None at Cartesia."""

    @property
    def us_only(self) -> bool:
        return self.provider == "cartesia" and number_type(self.number_id) == "cartesia"

    @property
    def removed(self) -> list[int]:
        """Recipients who were taken off one by one, by their index."""
        return list((self.extra or {}).get("removed", ()))

    @property
    def pace(self) -> DialPace:
        return DialPace(self.target, 1.0 if self.us_only else 0.0, self.ringing, self.minutes * 60.0)


@dataclass(frozen=True, slots=True)
class BatchOrder:
    """A checked request for a batch: everything that the caller decides."""

    name: str
    """Not empty."""
    agent_id: str
    """A well-formed id."""
    number_id: str
    """A well-formed id."""
    version: str
    """API version of the request."""
    region: str
    """`US`, `EU` or `APAC`."""
    target: int
    """Most calls at once, from 1 to the limit of the organisation."""
    ringing: float
    """Seconds until an unanswered call ends."""
    minutes: int
    """Longest call, in minutes."""
    scheduled: float | None
    """Seconds since the epoch; None to start at once."""
    numbers: Sequence[str]
    """E.164 numbers in the order of the request."""
    infos: Sequence[Any]
    """Metadata or dynamic variables of each recipient, None where it has none."""
    provider: str = "cartesia"
    """Whose batch it is."""
    id_prefix: str = "acb"
    """What its id begins with."""
    extra: Any = None
    """What only its provider knows of it, as an object; None for nothing."""


def batch_from_row(row: sqlite3.Row | dict[str, Any]) -> Batch:
    fields = dict(row)
    return Batch(**fields | {"extra": None if fields["extra"] is None else orjson.loads(fields["extra"])})


def create_batch(moment: Moment, org: int, order: BatchOrder) -> Batch:
    """Store a batch. It waits for its time and for capacity."""
    new_id, created = new_batch_id(order.id_prefix), moment.now
    ready = max(order.scheduled, created) if order.scheduled is not None else created
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
        "provider": order.provider,
        "extra": None if order.extra is None else orjson.dumps(order.extra),
    }
    marks = ", ".join("?" * len(fields))
    row = moment.db.execute(
        f"INSERT INTO batch ({', '.join(fields)}) VALUES ({marks}) RETURNING *", tuple(fields.values())
    ).fetchone()
    infos = orjson.dumps(order.infos) if any(order.infos) else None
    moment.db.execute("INSERT INTO people VALUES (?, ?, ?)", (row["seq"], "\n".join(order.numbers), infos))
    return batch_from_row(row)


def find_batch(moment: Moment, org: int, batch: str, provider: str = "cartesia") -> Batch | None:
    row = moment.db.execute(
        "SELECT * FROM batch WHERE id = ? AND org = ? AND provider = ?", (batch, org, provider)
    ).fetchone()
    return None if row is None else batch_from_row(row)


def read_batch_recipients(moment: Moment, batch: Batch) -> tuple[list[str], list[Any] | None]:
    """Numbers in the order of the request, and the info of each. The second is None if no recipient has any."""
    row = moment.db.execute("SELECT numbers, infos FROM people WHERE batch = ?", (batch.seq,)).fetchone()
    return row["numbers"].split("\n"), None if row["infos"] is None else orjson.loads(row["infos"])


def read_attempts(moment: Moment, batch: Batch) -> tuple[Attempts, Attempts]:
    """Latest attempts (at most one for each recipient, future ones too), and attempts that a retry superseded."""
    row = moment.db.execute("SELECT live, past FROM line WHERE batch = ?", (batch.seq,)).fetchone()
    return (Attempts(), Attempts()) if row is None else (Attempts.unpack(row["live"]), Attempts.unpack(row["past"]))
