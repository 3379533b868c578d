"""What can still be read of a lock that is damaged, in conflict, or of a newer format: which batches it knows. For the
emergency stop alone: what is read here decides about no call. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import orjson

from declarative.errors import StateError
from declarative.state.base import StoredState
from declarative.state.codec import JsonObject, apply_merge_patch
from declarative.state.merge import split_conflict


@dataclass(frozen=True, kw_only=True)
class SalvagedRemote:
    """A batch or call that some readable side of the lock knows."""

    address: str
    """The address that it belongs to."""
    provider: str
    """The name of its provider; empty where the lock does not say it."""
    remote_id: str
    """Its id at the provider."""
    is_batch: bool
    """Whether it is a batch, or else a single call."""


@dataclass(frozen=True, kw_only=True)
class SalvagedLock:
    """What can be read of a lock."""

    project: str = ""
    """The project's name; empty where it cannot be read."""
    addresses: tuple[str, ...] = ()
    """Every address that it knows."""
    remotes: tuple[SalvagedRemote, ...] = ()
    """Batches and calls that are not known to be over, each once."""
    is_whole: bool = True
    """Whether all of it could be read."""


def salvage_lock(stored: StoredState) -> SalvagedLock:
    """Read every side of a lock, with its journal over each, as far as it is JSON."""
    sides, is_whole = _load_sides(stored.lock) if stored.lock is not None else ([], not stored.journal)
    if stored.lock is None and stored.journal:
        sides = [{}]
    patches = [_load_object(line) for line in stored.journal]
    for side in sides:
        for patch in patches:
            apply_merge_patch(side, _mapping(patch.get("patch")) if patch else {})
    remotes: dict[tuple[str, str], SalvagedRemote] = {}
    for side in sides:
        remotes |= {(remote.address, remote.remote_id): remote for remote in _find_open(side)}
    return SalvagedLock(
        project=next((side["project"] for side in sides if isinstance(side.get("project"), str)), ""),
        addresses=tuple(sorted({address for side in sides for address in _mapping(side.get("resources"))})),
        remotes=tuple(remotes.values()),
        is_whole=is_whole and None not in patches,
    )


def _load_sides(text: bytes) -> tuple[list[JsonObject], bool]:
    """The lock, or both sides of a conflict; and whether all of it could be read."""
    if (document := _load_object(text)) is not None:
        return [document], True
    try:
        sides = [_load_object(side) for side in split_conflict(text)]
    except StateError:
        return [], False
    return [side for side in sides if side is not None], False


def _load_object(text: bytes) -> JsonObject | None:
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None


def _find_open(document: JsonObject) -> Iterator[SalvagedRemote]:
    for address, record in _mapping(document.get("resources")).items():
        provider = _mapping(record).get("provider")
        for remote_id, remote in _mapping(_mapping(record).get("remotes")).items():
            if ":" not in remote_id and _may_wait(_mapping(remote)):
                yield SalvagedRemote(
                    address=address,
                    provider=provider if isinstance(provider, str) else "",
                    remote_id=remote_id,
                    is_batch=_mapping(remote).get("route") == "batch",
                )


def _may_wait(remote: JsonObject) -> bool:
    """Whether somebody may wait in it. One that a person closed is not known to be over."""
    return not remote.get("cancelled") and (not remote.get("settled") or bool(remote.get("closed")))


def _mapping(value: object) -> JsonObject:
    return value if isinstance(value, dict) else {}
