"""Checksums that show damage to the lock and its journal, so that it is refused and not believed. Pure.

Each resource has its own checksum in the lock, and the fields above the resources have one together. So git merges two
changes of unrelated resources without a conflict. A checksum in the journal covers the line before it too, so lines
that were swapped or taken out are noticed. It finds damage and hand edits. It is no protection against forgery.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from json import JSONDecoder
from typing import Any

from declarative.errors import StateError
from declarative.model.digest import canonical_json
from declarative.state.codec import JsonObject

RESTORE_HINT = "restore dialctl.lock from version control, or move it away and run dialctl state rebuild"

_KEY = "checksum"
_LENGTH = 16  # hex characters: short enough to read past, and no accident hits it
_Part = tuple[str, JsonObject]


def seal_document(document: JsonObject) -> JsonObject:
    """The lock's document with its checksums. The parts of `document` are changed in place."""
    for name, part in _parts(document):
        part[_KEY] = _digest(document["lineage"], name, part)
    header = {name: value for name, value in document.items() if name != "resources"}
    header[_KEY] = _digest("", "", header)
    return header | {"resources": document["resources"]} if "resources" in document else header


def check_document(document: JsonObject, unchecked: Collection[str] = ()) -> None:
    """Check every checksum and remove it. Raises StateError where one does not fit.

    `unchecked` are addresses whose checksum is removed only; "" stands for the fields above the resources.
    """
    header = {name: value for name, value in document.items() if name != "resources"}
    if header.pop(_KEY, None) != _digest("", "", header) and "" not in unchecked:
        raise _damage_error("the top of the lock")
    document.pop(_KEY, None)
    for address, part in _parts(document):
        if part.pop(_KEY, None) != _digest(document["lineage"], address, part) and address not in unchecked:
            raise _damage_error(f"{address} in the lock")


def check_names(text: bytes, document: JsonObject) -> None:
    """Check that no address is there twice, for a JSON reader takes the last and drops the others. Raises StateError.

    `text` is what `document` was read from, with its checksums.
    """
    if text.count(b'"checksum":') == len(list(_parts(document))) + 1:
        return
    entries = JSONDecoder(object_pairs_hook=_Entries).decode(text.decode())
    addresses = [address for name, part in entries if name == "resources" for address, _ in part]
    if repeated := sorted({address for address in addresses if addresses.count(address) > 1}):
        raise StateError(f"the lock holds {', '.join(repeated)} more than once", hint=RESTORE_HINT)


class _Entries(list[tuple[str, Any]]):
    """The names and values of a JSON object, with those that are there twice."""


def line_checksum(lineage: str, patch: JsonObject, previous: str) -> str:
    """The checksum of a line of the journal. `previous` is that of the line before it, empty for the first line."""
    return _digest(lineage, previous, patch)


def _parts(document: JsonObject) -> Iterator[_Part]:
    resources = document.get("resources")
    if isinstance(resources, dict):
        yield from ((address, part) for address, part in resources.items() if isinstance(part, dict))


def _digest(*values: Any) -> str:
    return hashlib.sha256(canonical_json(values)).hexdigest()[:_LENGTH]


def _damage_error(place: str) -> StateError:
    return StateError(
        f"{place} is damaged or was edited by hand: its checksum does not fit",
        hint=f"{RESTORE_HINT}; dialctl resolve and dialctl state change it safely",
    )
