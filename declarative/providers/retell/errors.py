"""Recognizes Retell's own error forms (retell.md 1)."""

from __future__ import annotations

from declarative.providers.http.outcomes import Answer
from declarative.providers.http.parse import dict_or_empty, text_or_none


def parse_error(answer: Answer) -> str | None:
    """Return the message of `{"status": "error", "message": ...}` or `{"error_message": ...}`; None for any other
    form."""
    # Protocol 3: gateways answer a bare `message`. Theirs proves nothing.
    error = dict_or_empty(answer.data)
    if error.keys() == {"status", "message"} and error["status"] == "error":
        return text_or_none(error["message"])
    return text_or_none(error["error_message"]) if error.keys() == {"error_message"} else None
