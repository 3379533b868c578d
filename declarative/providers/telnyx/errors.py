"""Recognizes Telnyx' own error forms (telnyx.md 1)."""

from __future__ import annotations

from declarative.model.resource import Json
from declarative.providers.http.outcomes import Answer
from declarative.providers.http.parse import dict_or_empty, text_or_none


def parse_error(answer: Answer) -> str | None:
    """Return the message of `errors`, or of the `detail` that the part for assistants answers; None for any other
    form."""
    # Protocol 3: an object with more than that could be the JSON of a proxy, which proves nothing.
    body = dict_or_empty(answer.data)
    if body.keys() == {"errors"}:
        return _join_messages(body["errors"], "detail") or _join_messages(body["errors"], "title")
    if body.keys() == {"detail"}:
        return _join_messages(body["detail"], "msg") or text_or_none(body["detail"])
    return None


def _join_messages(problems: Json, field: str) -> str | None:
    if not isinstance(problems, list):
        return None
    messages = [text_or_none(dict_or_empty(problem).get(field)) for problem in problems]
    return "; ".join(message for message in messages if message) or None
