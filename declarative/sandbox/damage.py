"""Tells a damaged database from a mistake of the sandbox's own: values that nothing here ever writes are damage.

SQLite keeps no checksums, so a bit that was flipped on the disk shows as a value that a request fails over.
"""

from __future__ import annotations

import math
import sqlite3
import struct
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import orjson

from declarative import schemas
from declarative.sandbox import store
from declarative.sandbox.outcomes import Outcome
from declarative.sandbox.timeline import Attempts

LAST_TIME = 1e12
"""Seconds since the epoch that no clock of a sandbox reaches."""
_FAULTS_SCHEMA = "sandbox-faults.v1"
_SCALARS = {"INTEGER": ("integer",), "REAL": ("real", "integer"), "TEXT": ("text",), "BLOB": ("blob",)}
_Check = Callable[[Any], bool]
_EXTRA_FIELDS = (
    frozenset({"variant", "policy", "channel_config", "branch_id", "environment", "target_given", "timezone"}),
    frozenset({"telephony_call_config", "target_given", "timezone"}),
)
_EVENT_FIELDS = frozenset({"telnyx_agent_target", "telnyx_end_user_target", "telnyx_conversation_channel"})
_EVENT_COLUMNS = 4


def find_damage(db: sqlite3.Connection) -> str | None:
    """Read the whole file, and return what is wrong with it; None if nothing is."""
    try:
        (verdict,) = db.execute("PRAGMA integrity_check(1)").fetchone()
        if verdict != "ok":
            return str(verdict).splitlines()[-1]
        if store.read_tables(db) != store.read_new_tables():
            return "its tables are not those of a sandbox"
        return next(_find_bad_values(db), None)
    except (sqlite3.DatabaseError, UnicodeError) as problem:
        return str(problem)


def _find_bad_values(db: sqlite3.Connection) -> Iterator[str]:
    for table in store.DATA_TABLES:
        columns = [tuple(column) for column in db.execute(f"PRAGMA table_info({table})")]
        checks = [_column_check(table, name, kind, bool(required)) for _, name, kind, required, _, _ in columns]
        for row in db.execute(f"SELECT * FROM {table}"):
            for (_, name, *_), value, check in zip(columns, row, checks, strict=True):
                if not check(value):
                    yield f"a value of {table}.{name} was never written"
    yield from _find_bad_members(db)
    for name, value in db.execute("SELECT name, value FROM setting"):
        if name in _SETTING_CHECKS and not _SETTING_CHECKS[name](value):
            yield f"the setting {name} was never written"


def _column_check(table: str, name: str, kind: str, required: bool) -> _Check:
    special = _COLUMN_CHECKS.get((table, name))

    def check(value: Any) -> bool:
        if value is None:
            return not required
        is_of_kind = _type_name(value) in _SCALARS[kind]
        is_possible = not isinstance(value, float) or (math.isfinite(value) and abs(value) < LAST_TIME)
        return is_of_kind and is_possible and (special is None or special(value))

    return check


def _type_name(value: Any) -> str:
    return {int: "integer", float: "real", str: "text", bytes: "blob"}.get(type(value), "null")


def _find_bad_members(db: sqlite3.Connection) -> Iterator[str]:
    """Look for dials of recipients that their batch does not have."""
    rows = db.execute(
        "SELECT numbers, infos, live, past, total FROM people JOIN batch ON people.batch = batch.seq "
        "LEFT JOIN line ON line.batch = batch.seq"
    )
    for numbers, infos, live, past, total in rows:
        counts = {numbers.count("\n") + 1, total} | ({len(orjson.loads(infos))} if infos is not None else set())
        members = [member for blob in (live, past) for member in Attempts.unpack(blob).member]
        if len(counts) > 1 or not all(0 <= member < total for member in members):
            yield "a batch and its recipients do not fit together"


def _holds_json(value: bytes, kind: type = dict) -> bool:
    try:
        return isinstance(orjson.loads(value), kind)
    except orjson.JSONDecodeError:
        return False


def _holds_attempts(value: bytes) -> bool:
    try:
        attempts = Attempts.unpack(value)
    except (ValueError, struct.error):
        return False
    times = [*attempts.dispatch, *attempts.answer, *attempts.end]
    return (
        (not value or attempts.pack() == value)
        and all(map(_is_outcome, attempts.outcome))
        and all(math.isfinite(moment) and abs(moment) < LAST_TIME for moment in times)
    )


def _holds_extra(value: bytes) -> bool:
    """Whether this is what ElevenLabs alone knows of a campaign or a batch."""
    extra = orjson.loads(value) if _holds_json(value) else {}
    removed = extra.get("removed", [])
    has_all = any(fields <= extra.keys() for fields in _EXTRA_FIELDS)
    return has_all and isinstance(removed, list) and all(isinstance(member, int) for member in removed)


def _holds_request(value: bytes) -> bool:
    return _holds_json(value) and orjson.loads(value).keys() >= _EVENT_FIELDS


def _holds_event_attempts(value: bytes) -> bool:
    attempts = orjson.loads(value) if _holds_json(value, list) else [None]
    return all(
        isinstance(attempt, list)
        and len(attempt) == _EVENT_COLUMNS
        and all(number is None or _is_number(number) for number in attempt)
        and _is_outcome(attempt[-1])
        for attempt in attempts
    )


def _holds_times(value: bytes) -> bool:
    return len(value) % 8 == 0


def _is_outcome(value: int) -> bool:
    return value in list(Outcome)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and abs(value) < LAST_TIME


def _is_seed(value: Any) -> bool:
    return isinstance(value, str) and value.lstrip("-").isdigit()


def _holds_rules(value: Any) -> bool:
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(schemas.load_schema(_FAULTS_SCHEMA))
    return isinstance(value, bytes) and _holds_json(value, list) and validator.is_valid(orjson.loads(value))


def _holds_counts(value: Any) -> bool:
    return isinstance(value, bytes) and _holds_json(value, list)


_COLUMN_CHECKS: dict[tuple[str, str], _Check] = {
    ("people", "infos"): partial(_holds_json, kind=list),
    ("line", "live"): _holds_attempts,
    ("line", "past"): _holds_attempts,
    ("line", "dispatches"): _holds_times,
    ("line", "ends"): _holds_times,
    ("call", "info"): _holds_json,
    ("call", "extra"): _holds_json,
    ("call", "outcome"): _is_outcome,
    ("batch", "extra"): _holds_extra,
    ("event", "asked"): _holds_request,
    ("event", "attempts"): _holds_event_attempts,
    ("kept", "answer"): _holds_json,
    ("late", "asked"): _holds_json,
}
_SETTING_CHECKS: dict[str, _Check] = {
    **dict.fromkeys(("anchor", "anchor_real", "speed", "latest", "lifelike"), _is_number),
    "seed": _is_seed,
    "faults": _holds_rules,
    "faults_seen": _holds_counts,
}
