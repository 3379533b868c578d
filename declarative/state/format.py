"""What the kept bytes mean: one JSON document, and a journal of JSON Merge Patches to it. Pure: knows no
file, no store and no clock.

A patch only ever assigns absolute values, so replaying a whole journal, or its end, over a lock that has
folded it already gives the same lock: a crash between writing the lock and dropping the journal is harmless.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cache
from typing import TypeVar

import orjson
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from declarative import schemas
from declarative.errors import StateError
from declarative.model.lock import Intent, Lock, RemoteRecord, ResourceRecord
from declarative.state.base import Stored
from declarative.state.codec import Document, apply, decode, difference, encode

FORMAT_VERSION = "1"
RESTORE = "restore dialctl.lock from version control, or move it away and run dialctl state rebuild"

_CONFLICT = re.compile(rb"^(<{7}|>{7}) ", re.MULTILINE)
_Part = TypeVar("_Part", RemoteRecord, Intent)


def parse(stored: Stored) -> Lock | None:
    """The lock that is kept, its journal replayed over it; None where none was ever begun. Raises StateError,
    whose message says what was found and whose hint says what to do."""
    if stored.lock is None:
        if stored.journal:
            raise StateError("the lock is gone, but a journal of steps done under it is there", hint=RESTORE)
        return None
    document = _document(stored.lock)
    for patch in _patches(stored.journal, document["lineage"]):
        apply(document, patch)
    return _lock(document)


def render(lock: Lock) -> bytes:
    """The text of the lock: JSON in blocks of two spaces, always in the same order, a line break at the
    end."""
    document = {"format_version": FORMAT_VERSION, **encode(lock)}
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def line_of(lineage: str, patch: Document) -> bytes:
    """A journal line; it names its lineage, so that it is never replayed over another lock."""
    return orjson.dumps({"lineage": lineage, "patch": patch})


def patch_of_update(
    address: str,
    before: ResourceRecord | None,
    after: ResourceRecord,
    names: Collection[str],
    remotes: Mapping[str, RemoteRecord | None],
    intents: Mapping[str, Intent | None],
) -> Document:
    """The patch that takes a record from `before` to `after` in the fields `names`, and in the given remotes
    and intents (None drops one). Empty where nothing changes."""
    if before is None:
        changed = encode(after, {*ResourceRecord.__dataclass_fields__} - {"remotes", "intents"})
        before = ResourceRecord()
    else:
        changed = difference(encode(before, names), encode(after, names))
    if parts := _parts(before.remotes, remotes):
        changed["remotes"] = parts
    if parts := _parts(before.intents, intents):
        changed["intents"] = parts
    return {"resources": {address: changed}} if changed else {}


def _parts(before: Mapping[str, _Part], after: Mapping[str, _Part | None]) -> Document:
    return {
        key: None if value is None else _whole(before.get(key), value)
        for key, value in after.items()
        if before.get(key) != value
    }


def _whole(before: _Part | None, after: _Part) -> Document:
    # Every value again, not only what differs: one remote or intent is never a mixture of two times.
    plain = encode(after)
    return {**dict.fromkeys(encode(before) if before else ()), **plain}


def _document(text: bytes) -> Document:
    if _CONFLICT.search(text):
        raise StateError("the lock has conflict markers of a git merge in it", hint="run dialctl state merge")
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise StateError(f"the lock is not whole: line {error.lineno}: {error.msg}", hint=RESTORE) from error
    version = document.get("format_version") if isinstance(document, dict) else None
    if version is None:
        raise StateError("this is not a lock: it has no format_version", hint=RESTORE)
    if version != FORMAT_VERSION:
        raise StateError(
            f"the lock has format_version {version!r}, this dialctl reads {FORMAT_VERSION!r}",
            hint="it was written by a newer dialctl: upgrade to that version",
        )
    if not isinstance(document.get("lineage"), str):
        raise StateError("the lock has no lineage", hint=RESTORE)
    return dict(document)


def _patches(journal: tuple[bytes, ...], lineage: str) -> list[Document]:
    read = [_line(line) for line in journal]
    if read and read[-1] is None:
        read.pop()  # torn: it was never durable, so nothing was done because of it
    patches = []
    for number, entry in enumerate(read, start=1):
        if entry is None:
            raise StateError(
                f"line {number} of the lock's journal is damaged, and later lines follow it",
                hint="restore the journal from a backup; without it run dialctl state rebuild",
            )
        if entry["lineage"] != lineage:
            raise StateError(
                f"the journal belongs to lineage {entry['lineage']}, the lock to {lineage}",
                hint="put back the lock that the journal was written under, or move the journal away if that "
                "project was given up",
            )
        patches.append(entry["patch"])
    return patches


def _line(text: bytes) -> Document | None:
    try:
        entry = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return entry if isinstance(entry, dict) and {"lineage", "patch"} <= entry.keys() else None


def _lock(document: Document) -> Lock:
    flaw = best_match(_validator().iter_errors(document))
    if flaw is not None:
        found = flaw.message if len(flaw.message) <= 200 else f"{flaw.message[:200]}..."
        raise StateError(f"the lock has a wrong shape at {flaw.json_path}: {found}", hint=RESTORE)
    values = {name: part for name, part in document.items() if name != "format_version"}
    try:
        return decode(Lock, values)
    except ValueError as error:
        raise StateError(f"the lock has a value that cannot be: {error}", hint=RESTORE) from error


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(schemas.load("lock.v1"))
