"""CallingBox's own form of an error, and the errors after which nothing was done."""

from __future__ import annotations

from declarative.providers.http.outcomes import Answer
from declarative.providers.http.parse import entry, text

_HARMLESS = frozenset({"error", "code", "request_id"})


def error_form(answer: Answer) -> str | None:
    """`{"error": "<message>"}` and nothing else (callingbox.md 1): web frameworks and proxies that have an
    `error` put their own status, path or message beside it."""
    error = entry(answer.data)
    return text(error.get("error")) if error.keys() <= _HARMLESS else None
