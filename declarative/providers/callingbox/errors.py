"""Recognizes CallingBox's own error form (callingbox.md 1)."""

from __future__ import annotations

from declarative.providers.http.outcomes import Answer
from declarative.providers.http.parse import dict_or_empty, text_or_none

_ERROR_FIELDS = frozenset({"error", "code", "request_id"})


def parse_error(answer: Answer) -> str | None:
    """Return the message of `{"error": "<message>"}` (callingbox.md 1); None for any other form."""
    # Protocol 3: web frameworks and proxies that have an `error` put a status, a path or a message beside it. Their
    # answers prove nothing.
    error = dict_or_empty(answer.data)
    return text_or_none(error.get("error")) if error.keys() <= _ERROR_FIELDS else None
