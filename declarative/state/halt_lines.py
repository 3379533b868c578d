"""The lines of `dialctl.halt`: halts, and resumes that end them by id. Pure.

Lines are only added, and their order means nothing: git may join the lists of two machines as it likes. What cannot be
read counts as a halt of the whole project.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

import orjson

from declarative.model.halts import EVERYTHING, EmergencyHalt, Halts
from declarative.state.codec import encode_time

_CONFLICT_MARKER = re.compile(rb"^(<{7}|={7}|>{7}|\|{7})( |$)")
_UNREADABLE = "a line of dialctl.halt cannot be read"


def render_halt(halt: EmergencyHalt) -> bytes:
    """The line of a halt."""
    at = encode_time(halt.at) if halt.at else ""
    fields = {"halt": halt.address, "id": halt.id, "at": at, "by": halt.by, "reason": halt.reason}
    return orjson.dumps({name: value for name, value in fields.items() if value})


def render_resume(ids: Collection[str], *, at: datetime, by: str) -> bytes:
    """The line that ends these halts."""
    return orjson.dumps({"resume": sorted(ids), "at": encode_time(at), "by": by})


def parse_halts(lines: Iterable[bytes]) -> Halts:
    """The halts that stand: those that no line ends."""
    halts: dict[str, EmergencyHalt] = {}
    ended: set[str] = set()
    for line in lines:
        if not line.strip() or _CONFLICT_MARKER.match(line):
            continue
        entry = _load_entry(line)
        if entry is None:
            line_id = hashlib.sha256(line.strip()).hexdigest()[:8]
            halts[line_id] = EmergencyHalt(id=line_id, address=EVERYTHING, reason=_UNREADABLE)
        elif isinstance(entry, EmergencyHalt):
            halts[entry.id] = entry
        else:
            ended |= entry
    return Halts(tuple(halt for halt_id, halt in halts.items() if halt_id not in ended))


def _load_entry(line: bytes) -> EmergencyHalt | frozenset[str] | None:
    """A halt, or the ids that a resume ends; None for a line that cannot be read."""
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(fields, dict):
        return None
    if _is_texts(fields.get("resume")):
        return frozenset(fields["resume"])
    if not (isinstance(fields.get("halt"), str) and isinstance(fields.get("id"), str)):
        return None
    return EmergencyHalt(
        id=fields["id"],
        address=fields["halt"],
        at=_parse_time(fields.get("at")),
        by=_text(fields, "by"),
        reason=_text(fields, "reason"),
    )


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(part, str) for part in value)


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name, "")
    return value if isinstance(value, str) else ""


def _parse_time(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else None
