"""How Cartesia words its errors (cartesia.md 4.1). Knows no route."""

from __future__ import annotations

import re

from declarative.model.digest import canonical
from declarative.model.resource import Json
from declarative.providers.http.outcomes import Answer
from declarative.providers.http.parse import entry, text

_TITLED = re.compile(r"[A-Z][A-Za-z' -]{1,60}: \S[^<\n]{0,1000}")


def structured(answer: Answer) -> str | None:
    """The form of 2026-03-01 and later: `title` and `message`, or `error_code` (perhaps null) and `message`;
    also one level down, under `error`. Less than that could as well be a proxy's JSON."""
    outer = entry(answer.data)
    return _words(outer) or _words(entry(outer.get("error")))


def plain(answer: Answer) -> str | None:
    """The form of older versions: one line, `Title: message`; they may send the newer form as well."""
    line = answer.body[:2000].decode(errors="replace").strip()
    return structured(answer) or (line if _TITLED.fullmatch(line) else None)


def item_words(error: Json) -> str | None:
    """The words of `calls[].error`, whose shape is documented nowhere; None where it says nothing."""
    if not error:
        return None
    inner = entry(error)
    return text(error) or text(inner.get("message")) or text(inner.get("title")) or canonical(error).decode()


def _words(error: dict[str, Json]) -> str | None:
    title, message = text(error.get("title")), text(error.get("message"))
    if message is None or (title is None and "error_code" not in error):
        return None
    return message if title is None else f"{title}: {message}"
