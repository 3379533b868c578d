"""Recognizes Cartesia's own error form (cartesia.md 4.1)."""

from __future__ import annotations

import re

from declarative.model.digest import canonical_json
from declarative.model.resource import Json
from declarative.providers.http.outcomes import Answer
from declarative.providers.http.parse import dict_or_empty, text_or_none

_TITLED = re.compile(r"[A-Z][A-Za-z' -]{1,60}: \S[^<\n]{0,1000}")


def parse_structured_error(answer: Answer) -> str | None:
    """Return the message of an error of 2026-03-01 or later; None for any other form.

    The form is `title` and `message`, or `error_code` (perhaps null) and `message`, at the top or under `error`.
    """
    # Protocol 3: less than these fields could be the JSON of a proxy, which proves nothing.
    outer = dict_or_empty(answer.data)
    return _json_message(outer) or _json_message(dict_or_empty(outer.get("error")))


def parse_plain_error(answer: Answer) -> str | None:
    """Return the message of an older version's error: one line, `Title: message`, or the newer form."""
    line = answer.body[:2000].decode(errors="replace").strip()
    return parse_structured_error(answer) or (line if _TITLED.fullmatch(line) else None)


def call_error_message(error: Json) -> str | None:
    """Return the text of `calls[].error`, whose shape is not documented; None where it is empty."""
    if not error:
        return None
    inner = dict_or_empty(error)
    return (
        text_or_none(error)
        or text_or_none(inner.get("message"))
        or text_or_none(inner.get("title"))
        or canonical_json(error).decode()
    )


def _json_message(error: dict[str, Json]) -> str | None:
    title, message = text_or_none(error.get("title")), text_or_none(error.get("message"))
    if message is None or (title is None and "error_code" not in error):
        return None
    return message if title is None else f"{title}: {message}"
