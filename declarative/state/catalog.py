"""Which backend a state URL means. Knows only the name of each."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from declarative.errors import UsageError
from declarative.privacy import bare_url
from declarative.state.base import Backend
from declarative.state.local import LocalBackend


def open_backend(directory: Path, url: str | None, *, origin: str = "") -> Backend:
    """The backend at `url`, or in the project's directory where `url` is None. Opens no connection yet.

    Raises UsageError for a URL that means none. `origin` is the environment variable that holds the URL.
    """
    if url is None:
        return LocalBackend(directory)
    scheme = url.partition("://")[0]
    try:
        if scheme not in SCHEMES:
            schemes = ", ".join(f"{name}://" for name in SCHEMES)
            raise UsageError(f"the state URL {bare_url(url)!r} is of an unknown kind", hint=f"known are {schemes}")
        return SCHEMES[scheme](url)
    except UsageError as error:
        raise UsageError(f"{origin}: {error.message}" if origin else error.message, hint=error.hint) from None


def _open_object_store(url: str) -> Backend:
    # Imported late, because obstore is a large library that most runs never need.
    from declarative.state.objectstore import ObjectStoreBackend
    from declarative.state.objectstore_client import open_object_client

    return ObjectStoreBackend(open_object_client(url, os.environ))


def _open_database(url: str) -> Backend:
    from declarative.state.postgres import PostgresBackend  # psycopg is an extra

    return PostgresBackend(url)


SCHEMES: Mapping[str, Callable[[str], Backend]] = {
    "s3": _open_object_store,
    "gs": _open_object_store,
    "az": _open_object_store,
    "postgresql": _open_database,
}
"""URL scheme to what opens the backend."""
