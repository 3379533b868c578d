"""Objects in S3, Google Cloud Storage or Azure, written with conditions. Knows no lock and no lease."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

import obstore
from obstore import exceptions

from declarative.errors import StateError, UsageError
from declarative.privacy import bare_url, first_words
from declarative.state.objectstore_open import describe_store_error, is_missing_bucket, open_store

if TYPE_CHECKING:
    from obstore import ObjectMeta, PutResult, UpdateVersion
    from obstore.store import ObjectStore

REQUEST_TIMEOUT = timedelta(seconds=10)
"""For one request, and again for all its repetitions."""

_URL = re.compile(r"(s3|gs|az)://[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9._-]+)*/?")
_CLOCK_KEY = "clock"
_PANICS = "pyo3_runtime"
"""Module of the exception by which a client written in Rust says that it broke down. It cannot be imported."""
_CONDITION_ERRORS = (exceptions.AlreadyExistsError, exceptions.PreconditionError)


@dataclass(frozen=True)
class StoredObject:
    """An object as it is now."""

    body: bytes
    """All of it."""
    version: UpdateVersion
    """What a condition compares."""
    modified_at: datetime
    """When it was last written, by the store's clock. Aware, UTC, whole seconds."""


class ObjectClient:
    """The objects under one prefix.

    Every method raises StateError when the store does not answer, or refuses.
    """

    def __init__(self, store: ObjectStore, location: str) -> None:
        self.location = location
        self._store = store

    def get(self, key: str) -> StoredObject | None:
        """Read an object. None: there is none."""
        with self._translate_errors():
            try:
                result = obstore.get(self._store, key)
            except FileNotFoundError as error:
                if is_missing_bucket(error):
                    raise
                return None
            return StoredObject(bytes(result.bytes()), _update_version(result.meta), result.meta["last_modified"])

    def get_many(self, keys: list[str]) -> list[StoredObject | None]:
        """Read objects, several at a time, in the order of the keys."""
        with ThreadPoolExecutor(max_workers=16) as pool:
            return list(pool.map(self.get, keys))

    def put(self, key: str, body: bytes, expected: UpdateVersion | None) -> UpdateVersion | None:
        """Write if the object has the expected version (None: there is no object). Returns its new version.

        None: it has another version, and nothing was written.
        """
        # The store client repeats a write whose answer was lost, and the repetition meets the first write: success.
        version = self._put(key, body, expected)
        if version is None and (existing := self.get(key)) is not None and existing.body == body:
            return existing.version
        return version

    def replace(self, key: str, body: bytes) -> None:
        """Write an object, whatever it was before."""
        with self._translate_errors():
            obstore.put(self._store, key, body)

    def list_keys(self, folder: str) -> list[str]:
        """The keys in a folder, sorted."""
        with self._translate_errors():
            chunks = obstore.list(self._store, folder, chunk_size=1000)
            return sorted(entry["path"] for chunk in chunks for entry in chunk)

    def delete(self, keys: list[str]) -> None:
        """Delete objects, without a condition."""
        if keys:
            with self._translate_errors():
                obstore.delete(self._store, keys)

    def store_time(self) -> datetime:
        """The time at the store, from a write. So the clocks of two machines need not agree."""
        self.replace(_CLOCK_KEY, b"what time it is at the store\n")
        with self._translate_errors():
            return obstore.head(self._store, _CLOCK_KEY)["last_modified"]

    def enforces_conditions(self, key: str, body: bytes, stale: UpdateVersion) -> bool:
        """Whether the store refuses to create an object that exists, and to replace a version that is gone.

        `body` is what the object holds already, so that a store that does not refuse does no harm.
        """
        return self._put(key, body, None) is None and self._put(key, body, stale) is None

    def _put(self, key: str, body: bytes, expected: UpdateVersion | None) -> UpdateVersion | None:
        mode: Literal["create"] | UpdateVersion = "create" if expected is None else expected
        with self._translate_errors():
            try:
                return _update_version(obstore.put(self._store, key, body, mode=mode))
            except _CONDITION_ERRORS:
                return None
            except FileNotFoundError as error:
                if expected is not None and not is_missing_bucket(error):
                    return None
                raise

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            yield
        except (exceptions.BaseError, OSError, ValueError) as error:
            raise describe_store_error(error, self.location) from error
        except BaseException as panic:
            if type(panic).__module__ != _PANICS:
                raise
            raise StateError(f"{self.location}: the client of the store broke down: {first_words(panic)}") from None


def open_object_client(url: str, environment: Mapping[str, str]) -> ObjectClient:
    """The objects under `s3://bucket/prefix`, `gs://...` or `az://...`. Opens no connection yet.

    Raises UsageError for any other URL, and StateError for what the environment says of a store and cannot be used.
    """
    if not _URL.fullmatch(url) or "/../" in f"{url}/" or "/./" in f"{url}/":
        raise UsageError(
            f"the state URL {bare_url(url)!r} is not valid",
            hint="it names a bucket and a prefix and nothing else, as in s3://bucket/prefix",
        )
    return ObjectClient(open_store(url, environment, timeout=REQUEST_TIMEOUT), url)


def _update_version(metadata: ObjectMeta | PutResult) -> UpdateVersion:
    version: UpdateVersion = {}
    if (e_tag := metadata.get("e_tag")) is not None:
        version["e_tag"] = e_tag
    if (object_version := metadata.get("version")) is not None:
        version["version"] = object_version
    return version
