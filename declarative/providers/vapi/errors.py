"""Recognizes Vapi's own error form (vapi.md 1)."""

from __future__ import annotations

from declarative.providers.http.outcomes import Answer
from declarative.providers.http.parse import dict_or_empty, int_or_none, text_or_none

_FIELDS = frozenset({"message", "error", "statusCode"})


def parse_error(answer: Answer) -> str | None:
    """Return the `message`, text or several texts; None for any other form."""
    # Protocol 3: an object with more than that, or about another status, could be the JSON of a proxy.
    error = dict_or_empty(answer.data)
    if not error.keys() <= _FIELDS or int_or_none(error.get("statusCode")) not in (None, answer.status):
        return None
    message = error.get("message")
    if isinstance(message, list):
        return "; ".join(text for part in message if (text := text_or_none(part))) or None
    return text_or_none(message)
