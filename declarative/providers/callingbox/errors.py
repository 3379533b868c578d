"""CallingBox's own form of an error, and the errors after which nothing was done."""

from __future__ import annotations

from declarative.providers.http.outcomes import Answer
from declarative.providers.http.parse import dict_or_empty, text_or_none

_ERROR_FIELDS = frozenset({"error", "code", "request_id"})


def parse_error(answer: Answer) -> str | None:
    """`{"error": "<message>"}` and nothing else (callingbox.md 1): web frameworks and proxies that have an
    `error` put their own status, path or message beside it."""
    error = dict_or_empty(answer.data)
    return text_or_none(error.get("error")) if error.keys() <= _ERROR_FIELDS else None
