"""The lock's values as JSON and back. Says nothing that is empty, so that diffs read well; knows nothing of
files, journals or who writes them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from declarative.model.lock import CancelProgress, Intent, Lock, RemoteRecord, RequestKind, ResourceRecord
from declarative.model.resource import Route

Document = dict[str, Any]
_Value = TypeVar("_Value", Lock, ResourceRecord, RemoteRecord, Intent)


def encode(value: Lock | ResourceRecord | RemoteRecord | Intent, names: Collection[str] | None = None) -> Document:
    """The value as a JSON object, its fields in the order of memory.py (or only those in `names`). Left out
    is what is None, False or empty and may be; numbers are always said. A None inside `settings` is not
    kept."""
    chosen = [entry for entry in fields(value) if names is None or entry.name in names]
    plain = ((entry, _plain(getattr(value, entry.name))) for entry in chosen)
    return {entry.name: part for entry, part in plain if _needed(entry) or not _empty(part)}


def decode(cls: type[_Value], document: Document) -> _Value:
    """The value that a JSON object of the right shape stands for. Raises ValueError for an impossible
    time."""
    return cls(**{name: _READ[name](part) if name in _READ else part for name, part in document.items()})


def difference(before: Document, after: Document) -> Document:
    """The JSON Merge Patch (RFC 7396) that assigns what differs: absolute values, null for what is gone."""
    patch: Document = dict.fromkeys(name for name in before if name not in after)
    for name, value in after.items():
        old = before.get(name)
        if isinstance(old, dict) and isinstance(value, dict):
            value = difference(old, value) or old
        if name not in before or value != old:
            patch[name] = value
    return patch


def apply(document: Any, patch: Any) -> Any:
    """The document after a JSON Merge Patch (RFC 7396); objects of `document` are changed in place."""
    if not isinstance(patch, dict):
        return patch
    target: Document = document if isinstance(document, dict) else {}
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        else:
            target[name] = apply(target.get(name), value)
    return target


def _needed(entry: Field[Any]) -> bool:
    return entry.default is MISSING and entry.default_factory is MISSING


def _empty(plain: object) -> bool:
    return plain is None or plain is False or plain in ("", [], {})


def _plain(value: object) -> object:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case Mapping():
            ordered = sorted(value.items(), key=_place)
            return {name: _plain(part) for name, part in ordered if part is not None}
        case tuple():
            return [_plain(part) for part in value]
        case Lock() | ResourceRecord() | RemoteRecord() | Intent():
            return encode(value)
        case RequestKind() | Route() | CancelProgress():
            return value.value
    assert not is_dataclass(value), "a value that memory.py gained and this table did not"
    return value


def _place(item: tuple[str, object]) -> tuple[int, int, str]:
    name, value = item
    return (value.generation, value.shard, name) if isinstance(value, RemoteRecord) else (0, 0, name)


def _many(cls: type[_Value]) -> Callable[[Mapping[str, Document]], dict[str, _Value]]:
    return lambda documents: {name: decode(cls, document) for name, document in documents.items()}


_READ: Mapping[str, Callable[[Any], Any]] = {
    "born": datetime.fromisoformat,
    "sent_at": datetime.fromisoformat,
    "scheduled_at": datetime.fromisoformat,
    "created_at": datetime.fromisoformat,
    "request": RequestKind,
    "route": Route,
    "cancel": CancelProgress,
    "placed": tuple,
    "unseen": tuple,
    "also": tuple,
    "revoked": tuple,
    "doubts": tuple,
    "remotes": _many(RemoteRecord),
    "intents": _many(Intent),
    "resources": _many(ResourceRecord),
}
