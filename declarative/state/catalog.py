"""Which backend a state URL means. Knows no more of any of them than its name."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from declarative.errors import UsageError
from declarative.state.base import Backend
from declarative.state.local import Directory


def open_backend(directory: Path, url: str | None) -> Backend:
    """The backend at `url`, or the project's directory where there is none. Opens no connection yet. Raises
    UsageError for a URL of another kind."""
    if url is None:
        return Directory(directory)
    scheme = url.partition("://")[0]
    if scheme not in SCHEMES:
        known = ", ".join(f"{name}://" for name in SCHEMES)
        raise UsageError(f"no state can be kept at {url!r}", hint=f"known are {known}")
    return SCHEMES[scheme](url)


def _object_store(url: str) -> Backend:
    # Imported late: obstore is a large library that most runs never need.
    from declarative.state.objectstore import ObjectStore
    from declarative.state.objectstore_client import connect

    return ObjectStore(connect(url, os.environ))


SCHEMES: Mapping[str, Callable[[str], Backend]] = {
    "s3": _object_store,
    "gs": _object_store,
    "az": _object_store,
}
