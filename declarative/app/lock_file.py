"""Reads the lock of a project. Checking the shape of a large lock takes longer than all else that a plan does with it,
so that is done once for the same bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from declarative import atomicfile, schemas
from declarative.model.digest import canonical_json
from declarative.state.base import Backend, StoredState

if TYPE_CHECKING:
    from declarative.model.lock import Lock


def read_lock(backend: Backend, cache: Path) -> Lock | None:
    """Read the lock. None where no lock was ever begun. `cache` is a folder of this machine, whose files are signed: no
    checkout can bring one along. Raises StateError."""
    from declarative.state.format import parse_lock

    stored = backend.load()
    digest, file = _digest(stored), cache / "parsed"
    is_known = atomicfile.read_cache(file) == digest
    lock = parse_lock(stored, is_known=is_known)
    if lock is not None and not is_known:
        atomicfile.write_cache(file, digest)
    return lock


def _digest(stored: StoredState) -> bytes:
    """The digest of all that is kept, and of the schema that it was checked by."""
    digest = hashlib.sha256(canonical_json(schemas.load_schema("lock.v1")))
    for part in (stored.lock or b"", *stored.journal):
        digest.update(b"%d:" % len(part) + part)
    return digest.digest()
