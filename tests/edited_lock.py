"""Locks that say something else and are whole all the same, as another run of dialctl would have written them."""

from __future__ import annotations

import orjson

from declarative.state.checksum import check_document, seal_document


def change_fields(lock: bytes, **fields: object) -> bytes:
    """The lock with other values at its top."""
    document = orjson.loads(lock)
    check_document(document)
    return _render({**document, **fields})


def replace_text(lock: bytes, old: str, new: str) -> bytes:
    """The lock with another text wherever `old` was."""
    document = orjson.loads(lock)
    check_document(document)
    return _render(orjson.loads(orjson.dumps(document).replace(old.encode(), new.encode())))


def _render(document: dict[str, object]) -> bytes:
    return orjson.dumps(seal_document(document), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
