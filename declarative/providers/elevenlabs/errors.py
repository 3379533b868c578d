"""Recognizes ElevenLabs' own error form (elevenlabs.md 1)."""

from __future__ import annotations

from declarative.providers.http.outcomes import Answer
from declarative.providers.http.parse import dict_or_empty, text_or_none

_BESIDE_DETAIL = frozenset({"detail", "request_id"})


def parse_error(answer: Answer) -> str | None:
    """Return the message of `detail`: text, `{"status", "message"}`, or a list of `{"loc", "msg", "type"}`; None for
    any other form."""
    # Protocol 3: an object with more than that could be the JSON of a proxy, which proves nothing.
    error = dict_or_empty(answer.data)
    if not error.keys() <= _BESIDE_DETAIL:
        return None
    detail = error.get("detail")
    if isinstance(detail, list):
        messages = [text_or_none(dict_or_empty(problem).get("msg")) for problem in detail]
        return "; ".join(message for message in messages if message) or None
    return text_or_none(detail) or text_or_none(dict_or_empty(detail).get("message"))
