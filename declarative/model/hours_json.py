"""Calling hours as JSON, so that the lock can say which ones a batch was sent under, and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from typing import Any

from declarative.model.calling_hours import CallingHours, Window
from declarative.model.plain import to_plain
from declarative.model.resource import Json


def encode_hours(hours: CallingHours | None) -> dict[str, Json]:
    """The calling hours as a JSON object. Empty: calls at any hour."""
    if hours is None:
        return {}
    windows: list[Json] = [
        {"days": [*sorted(window.days)], "from": f"{window.start:%H:%M}", "to": f"{window.end:%H:%M}"}
        for window in hours.windows
    ]
    left_out: dict[str, Any] = {"holidays": to_plain(hours.holidays), "dates": to_plain(hours.dates)}
    values: dict[str, Json] = {"windows": windows, "zone": hours.zone, "column": hours.column, **left_out}
    return {name: value for name, value in values.items() if value}


def decode_hours(document: Mapping[str, Any]) -> CallingHours | None:
    """The calling hours of such an object. Raises ValueError and KeyError where it is none."""
    if not document:
        return None
    return CallingHours(
        windows=tuple(
            Window(time.fromisoformat(window["from"]), time.fromisoformat(window["to"]), frozenset(window["days"]))
            for window in document["windows"]
        ),
        zone=document["zone"],
        column=document.get("column"),
        holidays=frozenset(document.get("holidays", ())),
        dates=frozenset(map(date.fromisoformat, document.get("dates", ()))),
    )
