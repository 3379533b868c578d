"""Scheduled events in the database: one person, one time, perhaps several attempts. Knows no HTTP and no JSON shape."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import orjson

from declarative.sandbox.calls import Call
from declarative.sandbox.dial_counts import draw_next_dials, forget_dials
from declarative.sandbox.outcomes import Outcome, compute_times
from declarative.sandbox.world import Moment

PROVIDER = "telnyx"
RETRIED = frozenset({Outcome.NO_ANSWER, Outcome.BUSY, Outcome.DIAL_FAILED})
"""Outcomes after which an event's own retries call again."""
RINGING, LONGEST = 30.0, 3600.0
"""Seconds: ringing time-out, longest talk."""


class EventAttempt(NamedTuple):
    """One dial of an event. Times are seconds since the epoch."""

    dispatch: float
    """When the phone is dialed."""
    answer: float | None
    """When it is answered; None if it never is."""
    end: float
    """When the attempt is over."""
    outcome: int
    """An `Outcome`, as its integer."""


@dataclass(frozen=True, slots=True)
class Event:
    """A row of `event`."""

    seq: int
    """Row of the table, in the order of creation."""
    id: str
    """As the API shows it."""
    org: int
    """Row of the organisation that owns it."""
    assistant: str
    """The assistant that talks."""
    asked: dict[str, Any]
    """The body of the request."""
    created: float
    """When the request was taken."""
    due: float
    """When it was asked to call."""
    removed: float | None
    """When it was deleted; None while it exists."""
    attempts: list[EventAttempt]
    """Its dials, future ones too. One turned away before any phone was called has the outcome PRE_DIAL."""

    def made_by(self, now: float) -> list[EventAttempt]:
        """Return the dials that reached a phone by now."""
        return [attempt for attempt in self.attempts if attempt.dispatch <= now and attempt.outcome != Outcome.PRE_DIAL]


def create_event(moment: Moment, org: int, assistant: str, asked: dict[str, Any], due: float) -> Event:
    """Store an event and plan its dials. One whose time has passed calls at once."""
    retries = asked.get("max_retries_client_errors", 0)
    pause = asked.get("retry_interval_secs", 60)
    attempts = _plan_attempts(moment, org, assistant, asked["telnyx_end_user_target"], due, retries, pause)
    row = moment.db.execute(
        "INSERT INTO event (id, org, assistant, asked, created, due, attempts) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " RETURNING *",
        (secrets.token_hex(16), org, assistant, orjson.dumps(asked), moment.now, due, _pack_attempts(attempts)),
    ).fetchone()
    return _event_from_row(row)


def _plan_attempts(
    moment: Moment, org: int, assistant: str, number: str, due: float, retries: int, pause: float
) -> list[EventAttempt]:
    attempts: list[EventAttempt] = []
    start = max(due, moment.now)
    for _ in range(retries + 1):
        (fate,) = draw_next_dials(moment, org, [number], agent_id=assistant, us_only=False)
        times = compute_times(fate, RINGING, LONGEST)
        answer = None if times.answer is None else start + times.answer
        attempts.append(EventAttempt(start, answer, start + times.end, int(times.outcome)))
        if times.outcome not in RETRIED:
            break
        start += times.end + pause
    return attempts


def _pack_attempts(attempts: list[EventAttempt]) -> bytes:
    return orjson.dumps([tuple(attempt) for attempt in attempts])


def _event_from_row(row: sqlite3.Row) -> Event:
    attempts = [EventAttempt(*attempt) for attempt in orjson.loads(row["attempts"])]
    return Event(**{**dict(row), "asked": orjson.loads(row["asked"]), "attempts": attempts})


def find_event(moment: Moment, org: int, assistant: str, event_id: str) -> Event | None:
    """Find an event of an assistant that was not deleted."""
    row = moment.db.execute(
        "SELECT * FROM event WHERE id = ? AND org = ? AND assistant = ? AND removed IS NULL",
        (event_id, org, assistant),
    ).fetchone()
    return None if row is None else _event_from_row(row)


def list_events(moment: Moment, org: int, assistant: str, since: float, until: float) -> list[Event]:
    """List the events of an assistant that were created between two times and not deleted, in order of creation."""
    rows = moment.db.execute(
        "SELECT * FROM event WHERE org = ? AND assistant = ? AND created >= ? AND created <= ? AND removed IS NULL"
        " ORDER BY seq",
        (org, assistant, since, until),
    )
    return [_event_from_row(row) for row in rows]


def remove_event(moment: Moment, event: Event) -> None:
    """Delete an event: a dial that was not made is not made any more, and of one that was made the record goes."""
    made = event.made_by(moment.now)
    planned = [attempt for attempt in event.attempts if attempt.dispatch > moment.now]
    forget_dials(moment, event.org, [event.asked["telnyx_end_user_target"]] * len(planned))
    # The dials stay in the sandbox's own record, although no API shows them again.
    moment.db.execute(
        "UPDATE event SET removed = ?, attempts = ? WHERE seq = ?", (moment.now, _pack_attempts(made), event.seq)
    )


def list_event_calls(moment: Moment, org: int) -> Iterator[Call]:
    """List every dial of an organisation's events, those of deleted ones included, as calls."""
    for row in moment.db.execute("SELECT * FROM event WHERE org = ? ORDER BY seq", (org,)).fetchall():
        event = _event_from_row(row)
        call = Call(
            id=event.id,
            org=org,
            provider=PROVIDER,
            agent_id=event.assistant,
            number_id=event.asked["telnyx_agent_target"],
            version="v2",
            to_number=event.asked["telnyx_end_user_target"],
            info=event.asked.get("conversation_metadata"),
            extra=None,
            created=event.created,
            dispatch=event.due,
            answer=None,
            end=event.due,
            outcome=Outcome.PRE_DIAL,
        )
        for index, attempt in enumerate(event.attempts):
            dialed = replace(call, dispatch=attempt.dispatch, answer=attempt.answer, end=attempt.end)
            yield replace(dialed, id=call_control_id(event, index), outcome=Outcome(attempt.outcome))


def call_control_id(event: Event, index: int) -> str:
    """Return the id of an event's dial, numbered from 0."""
    return f"v3:{event.id}-{index}"
