"""The record of dials: one entry every time a phone was really called. A safe client is judged by this figure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from declarative.sandbox import batches, calls, events
from declarative.sandbox.calls import Call
from declarative.sandbox.outcomes import Outcome
from declarative.sandbox.request import format_rfc3339
from declarative.sandbox.world import Moment, list_organisations


def list_dials(moment: Moment, number: str | None) -> list[dict[str, Any]]:
    """List the dials of all organisations up to now, in order of time. `number` None lists all numbers.

    Every dial that the carrier got counts, busy and failed ones too. A number turned away before does not.
    """
    names = {org.id: org.name for org in list_organisations(moment)}
    dialed_calls = sorted(_iterate_dialed_calls(moment, number), key=lambda call: (call.dispatch, call.id))
    return [_dial_json(call, names[call.org]) for call in dialed_calls]


def _iterate_dialed_calls(moment: Moment, number: str | None) -> Iterator[Call]:
    for call in _iterate_calls(moment):
        is_dialed = call.dispatch <= moment.now and call.outcome is not Outcome.PRE_DIAL
        if is_dialed and number in (None, call.to_number):
            yield call


def _iterate_calls(moment: Moment) -> Iterator[Call]:
    for org in list_organisations(moment):
        for provider in ("cartesia", "callingbox", "retell", "vapi", "twilio"):
            yield from calls.list_single_calls(moment, org.id, provider, moment.now)
        yield from events.list_event_calls(moment, org.id)
    rows = moment.db.execute("SELECT * FROM batch WHERE admitted <= ? ORDER BY seq", (moment.now,))
    for row in rows.fetchall():
        yield from calls.list_batch_calls(moment, batches.batch_from_row(row))


def _dial_json(call: Call, organisation: str) -> dict[str, Any]:
    return {
        "number": call.to_number,
        "at": format_rfc3339(call.dispatch),
        "provider": call.provider,
        "call_id": call.id,
        "batch_id": call.batch,
        "name": call.batch_name,
        "metadata": call.info,
        "organisation": organisation,
    }
