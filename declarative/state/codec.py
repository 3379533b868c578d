"""The lock's values as JSON objects and back, and JSON Merge Patches between them.

Leaves out what is empty, so that diffs read well. Knows no file, no journal and no backend.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from declarative.model.history import Origin, PeopleCounts, RunRecord
from declarative.model.lock import CancelProgress, Ended, Halt, Intent, Lock, RemoteRecord, RequestKind, ResourceRecord
from declarative.model.resource import Route

JsonObject = dict[str, Any]
_Record = Lock | ResourceRecord | RemoteRecord | Intent | Ended | Halt | Origin | PeopleCounts | RunRecord
_Value = TypeVar("_Value", bound=_Record)
_PLAIN_TYPES = frozenset((str, int, bool, type(None)))
_NUMBER_TYPES = frozenset((int, float))


def to_json_object(value: _Record, names: Collection[str] | None = None) -> JsonObject:
    """The value as a JSON object, with its fields in the order of model/lock.py, or only those in `names`.

    A field that has a default is left out when it is None, False or empty. A number is never left out. A None inside
    `settings` is dropped.
    """
    document: JsonObject = {}
    for name, is_required in _FIELDS[type(value)]:
        if names is None or name in names:
            part = _encode_part(getattr(value, name))
            if part or is_required or type(part) in _NUMBER_TYPES:
                document[name] = part
    return document


def from_json_object(cls: type[_Value], document: JsonObject) -> _Value:
    """The value of a JSON object that fits the schema. Raises ValueError for an impossible time."""
    return cls(
        **{name: _DECODERS[name](encoded) if name in _DECODERS else encoded for name, encoded in document.items()}
    )


def merge_patch(before: JsonObject, after: JsonObject) -> JsonObject:
    """The JSON Merge Patch (RFC 7396) from `before` to `after`: absolute values, and null for what is gone."""
    patch: JsonObject = dict.fromkeys(key for key in before if key not in after)
    for key, value in after.items():
        old_value = before.get(key)
        if isinstance(old_value, dict) and isinstance(value, dict):
            value = merge_patch(old_value, value) or old_value
        if key not in before or value != old_value:
            patch[key] = value
    return patch


def join_patches(first: JsonObject, second: JsonObject) -> JsonObject:
    """The JSON Merge Patch that does what two do one after the other, where neither puts a whole object in the place of
    something else."""
    joined = dict(first)
    for key, value in second.items():
        old_value = joined.get(key)
        if isinstance(old_value, dict) and isinstance(value, dict):
            value = join_patches(old_value, value)
        joined[key] = value
    return joined


def apply_merge_patch(document: Any, patch: Any) -> Any:
    """The document after a JSON Merge Patch (RFC 7396). Objects of `document` are changed in place."""
    if not isinstance(patch, dict):
        return patch
    target: JsonObject = document if isinstance(document, dict) else {}
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        else:
            target[name] = apply_merge_patch(target.get(name), value)
    return target


def encode_time(moment: datetime) -> str:
    """RFC 3339, UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


_FIELDS = {
    cls: [(field.name, field.default is MISSING and field.default_factory is MISSING) for field in fields(cls)]
    for cls in (Lock, ResourceRecord, RemoteRecord, Intent, Ended, Halt, Origin, PeopleCounts, RunRecord)
}
"""The fields of each class in their order, and of each whether it is written whatever its value."""


def _encode_part(value: object) -> object:
    if type(value) in _PLAIN_TYPES:  # nearly every part is
        return value
    if type(value) in _FIELDS:
        return to_json_object(cast(_Record, value))
    match value:
        case datetime():
            return encode_time(value)
        case Mapping():
            entries = sorted(value.items(), key=_entry_sort_key)
            return {key: _encode_part(part) for key, part in entries if part is not None}
        case tuple():
            return [_encode_part(part) for part in value]
        case RequestKind() | Route() | CancelProgress():
            return value.value
    assert not is_dataclass(value), "a value that model/lock.py has and this table lacks"
    return value


def _entry_sort_key(entry: tuple[str, object]) -> tuple[int, int, str]:
    """Remotes go by generation, shard and id, everything else by key."""
    key, value = entry
    return (value.generation, value.shard, key) if isinstance(value, RemoteRecord) else (0, 0, key)


def _mapping_decoder(cls: type[_Value]) -> Callable[[Mapping[str, JsonObject]], dict[str, _Value]]:
    return lambda documents: {key: from_json_object(cls, document) for key, document in documents.items()}


_DECODERS: Mapping[str, Callable[[Any], Any]] = {
    "at": datetime.fromisoformat,
    "born": datetime.fromisoformat,
    "committed_at": datetime.fromisoformat,
    "sent_at": datetime.fromisoformat,
    "fence": datetime.fromisoformat,
    "probes": lambda times: {provider: datetime.fromisoformat(time) for provider, time in times.items()},
    "scheduled_at": datetime.fromisoformat,
    "created_at": datetime.fromisoformat,
    "cancelled_at": datetime.fromisoformat,
    "starts_at": datetime.fromisoformat,
    "request": RequestKind,
    "route": Route,
    "cancel": CancelProgress,
    "taken_off": lambda progress: {person: CancelProgress(word) for person, word in progress.items()},
    "placed": tuple,
    "unseen": tuple,
    "also": tuple,
    "revoked": tuple,
    "remotes": _mapping_decoder(RemoteRecord),
    "intents": _mapping_decoder(Intent),
    "resources": _mapping_decoder(ResourceRecord),
    "halted": lambda document: from_json_object(Halt, document),
    "resumed": lambda document: from_json_object(Ended, document),
    "origin": lambda document: from_json_object(Origin, document),
    "retried": lambda document: from_json_object(Origin, document),
    "runs": _mapping_decoder(RunRecord),
    "addresses": _mapping_decoder(PeopleCounts),
}
"""Field name to what makes its value of JSON. Other fields are the same in JSON. No name has two meanings."""
