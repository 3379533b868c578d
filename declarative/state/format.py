"""What the bytes of a backend mean: one JSON document, and a journal of JSON Merge Patches to it. Pure: knows no file,
no store and no clock.

A patch only assigns absolute values. So a whole journal, or its end, gives the same lock when it is replayed over a
lock that has taken it in already. That is why a crash between writing the lock and dropping the journal is harmless.
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
from declarative.state.base import StoredState
from declarative.state.checksum import RESTORE_HINT, check_document, check_names, line_checksum, seal_document
from declarative.state.codec import JsonObject, apply_merge_patch, from_json_object, merge_patch, to_json_object

FORMAT_VERSION = "1"

_CONFLICT_MARKER = re.compile(rb"^(<{7}|>{7}) ", re.MULTILINE)
_Part = TypeVar("_Part", RemoteRecord, Intent)


def parse_lock(stored: StoredState, *, is_known: bool = False) -> Lock | None:
    """The lock with its journal replayed over it. None where no lock was ever begun. `is_known`: the same bytes were
    parsed before, so their shape need not be checked again.

    Raises StateError. Its message says what was found, and its hint says what to do.
    """
    if stored.lock is None:
        if stored.journal:
            raise StateError("the lock is gone, but its journal is still there", hint=RESTORE_HINT)
        return None
    document = load_document(stored.lock)
    check_document(document)
    for patch in _load_patches(stored.journal, document["lineage"]):
        apply_merge_patch(document, patch)
    return _decode_values(document) if is_known else decode_lock(document)


def render_lock(lock: Lock) -> bytes:
    """The text of the lock: JSON with an indent of two spaces, always in the same order, a line break at the end."""
    document = {"format_version": FORMAT_VERSION, **to_json_object(lock)}
    return orjson.dumps(seal_document(document), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def journal_line(lineage: str, patch: JsonObject, previous: str = "") -> bytes:
    """A line of the journal. It names its lineage, so that it is never replayed over another lock.

    `previous` is the checksum of the line before it, empty for the first line.
    """
    return orjson.dumps({"lineage": lineage, "patch": patch, "checksum": line_checksum(lineage, patch, previous)})


def read_checksum(line: bytes) -> str:
    """The checksum in a line of the journal that was read or written before."""
    return str(orjson.loads(line)["checksum"])


def update_patch(
    address: str,
    before: ResourceRecord | None,
    after: ResourceRecord,
    names: Collection[str],
    remotes: Mapping[str, RemoteRecord | None],
    intents: Mapping[str, Intent | None],
) -> JsonObject:
    """The patch from `before` to `after`: in the fields `names`, and in these remotes and intents (None drops one).

    Empty where nothing changes.
    """
    if before is None:
        record_patch = to_json_object(after, {*ResourceRecord.__dataclass_fields__} - {"remotes", "intents"})
        before = ResourceRecord()
    else:
        record_patch = merge_patch(to_json_object(before, names), to_json_object(after, names))
    if entries_patch := _patch_entries(before.remotes, remotes):
        record_patch["remotes"] = entries_patch
    if entries_patch := _patch_entries(before.intents, intents):
        record_patch["intents"] = entries_patch
    return {"resources": {address: record_patch}} if record_patch else {}


def _patch_entries(before: Mapping[str, _Part], after: Mapping[str, _Part | None]) -> JsonObject:
    return {
        key: None if value is None else _replacement_patch(before.get(key), value)
        for key, value in after.items()
        if before.get(key) != value
    }


def _replacement_patch(before: _Part | None, after: _Part) -> JsonObject:
    # Every value is written again, not only what differs, so that one remote or intent never mixes two times.
    encoded = to_json_object(after)
    return {**dict.fromkeys(to_json_object(before) if before else ()), **encoded}


def load_document(text: bytes) -> JsonObject:
    """The lock as a JSON object, with checksums that are still to be checked. Raises StateError for anything else."""
    if _CONFLICT_MARKER.search(text):
        raise StateError("the lock has conflict markers of a git merge", hint="run dialctl state merge")
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise StateError(
            f"the lock is incomplete or damaged: line {error.lineno}: {error.msg}", hint=RESTORE_HINT
        ) from error
    version = document.get("format_version") if isinstance(document, dict) else None
    if version is None:
        raise StateError("this is not a lock: it has no format_version", hint=RESTORE_HINT)
    if version != FORMAT_VERSION:
        raise StateError(
            f"the lock has format_version {version!r}, this dialctl reads {FORMAT_VERSION!r}",
            hint="it was written by a newer dialctl: upgrade to that version",
        )
    if not isinstance(document.get("lineage"), str):
        raise StateError("the lock has no lineage", hint=RESTORE_HINT)
    check_names(text, document)
    return dict(document)


def _load_patches(journal: tuple[bytes, ...], lineage: str) -> list[JsonObject]:
    patches = []
    previous = ""
    for number, line in enumerate(journal, start=1):
        entry = _load_journal_entry(line)
        if entry is not None and entry["lineage"] != lineage:
            raise StateError(
                f"the journal belongs to lineage {entry['lineage']}, the lock to {lineage}",
                hint="put back the lock that the journal was written under, or move the journal away if that project "
                "is no longer needed",
            )
        if entry is None or entry["checksum"] != line_checksum(lineage, entry["patch"], previous):
            raise StateError(
                f"line {number} of the lock's journal is damaged, or a line before it is missing",
                hint="restore the journal from a backup; without it run dialctl state rebuild",
            )
        previous = entry["checksum"]
        patches.append(entry["patch"])
    return patches


def _load_journal_entry(text: bytes) -> JsonObject | None:
    try:
        entry = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    # Exactly as it was written: of a name that is there twice a JSON reader would take the last.
    is_whole = isinstance(entry, dict) and entry.keys() == {"lineage", "patch", "checksum"}
    return entry if is_whole and orjson.dumps(entry) == text.strip() else None


def decode_lock(document: JsonObject) -> Lock:
    """The lock of a JSON object without checksums. Raises StateError where a value has a wrong shape."""
    shape_error = best_match(_lock_validator().iter_errors(document))
    if shape_error is not None:
        message = shape_error.message if len(shape_error.message) <= 200 else f"{shape_error.message[:200]}..."
        raise StateError(f"the lock has a wrong shape at {shape_error.json_path}: {message}", hint=RESTORE_HINT)
    return _decode_values(document)


def _decode_values(document: JsonObject) -> Lock:
    values = {name: part for name, part in document.items() if name != "format_version"}
    try:
        lock = from_json_object(Lock, values)
    except ValueError as error:
        raise StateError(f"the lock has an impossible value: {error}", hint=RESTORE_HINT) from error
    _check_marks(lock)
    return lock


def _check_marks(lock: Lock) -> None:
    """Check that each intent is under its own mark. Otherwise settling it would never close it. Raises StateError."""
    for address, resource_record in lock.resources.items():
        for key, intent in resource_record.intents.items():
            if key != intent.mark:
                raise StateError(
                    f"the lock holds an intent of {address} under {key!r}, its mark is {intent.mark!r}",
                    hint=RESTORE_HINT,
                )


@cache
def _lock_validator() -> Draft202012Validator:
    return Draft202012Validator(schemas.load_schema("lock.v1"))
