"""The record of dials: one entry every time a phone really rang. It is the figure that a safe client is judged by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from declarative.sandbox import batches, calls
from declarative.sandbox.calls import Call
from declarative.sandbox.outcomes import Outcome
from declarative.sandbox.request import stamp
from declarative.sandbox.world import Moment, organisations


def record(moment: Moment, number: str | None) -> list[dict[str, Any]]:
    """Dials of all organisations up to now, in order of time, of one number if one is given.

    Whatever was handed to the carrier counts, busy and failed dials too; being turned away before does not.
    """
    names = {org.id: org.name for org in organisations(moment)}
    rung = sorted(_rung(moment, number), key=lambda call: (call.dispatch, call.id))
    return [_entry(call, names[call.org]) for call in rung]


def _rung(moment: Moment, number: str | None) -> Iterator[Call]:
    for call in _placed(moment):
        dialed = call.dispatch <= moment.now and call.outcome is not Outcome.PRE_DIAL
        if dialed and number in (None, call.to_number):
            yield call


def _placed(moment: Moment) -> Iterator[Call]:
    for org in organisations(moment):
        for provider in ("cartesia", "callingbox"):
            yield from calls.single(moment, org.id, provider, moment.now)
    rows = moment.db.execute("SELECT * FROM batch WHERE admitted <= ? ORDER BY seq", (moment.now,))
    for row in rows.fetchall():
        yield from calls.of_batch(moment, batches.from_row(row))


def _entry(call: Call, organisation: str) -> dict[str, Any]:
    return {
        "number": call.to_number,
        "at": stamp(call.dispatch),
        "provider": call.provider,
        "call_id": call.id,
        "batch_id": call.batch,
        "name": call.batch_name,
        "metadata": call.info,
        "organisation": organisation,
    }
