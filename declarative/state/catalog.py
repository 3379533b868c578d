"""Which backend a state URL means. Knows only the name of each.

Packages bring more by an entry point of the group `dialctl.backends`: the URL's scheme, to `open(url, environment)`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from declarative.errors import DialctlError, UsageError
from declarative.privacy import bare_url
from declarative.state.base import Backend
from declarative.state.local import LocalBackend

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "dialctl.backends"
"""Entry point group of backends from outside this package."""


def open_backend(directory: Path, url: str | None, *, origin: str = "") -> Backend:
    """The backend at `url`, or in the project's directory where `url` is None. Opens no connection yet.

    Raises UsageError for a URL that means none. `origin` is the environment variable that holds the URL.
    """
    if url is None:
        return LocalBackend(directory)
    scheme = url.partition("://")[0]
    try:
        if scheme in SCHEMES:
            return SCHEMES[scheme](url)
        installed = _installed_backends()
        if scheme not in installed:
            schemes = ", ".join(f"{name}://" for name in (*SCHEMES, *installed))
            raise UsageError(f"the state URL {bare_url(url)!r} is of an unknown kind", hint=f"known are {schemes}")
        return _open_installed(installed[scheme], url)
    except UsageError as error:
        raise UsageError(f"{origin}: {error.message}" if origin else error.message, hint=error.hint) from None


def _installed_backends() -> dict[str, EntryPoint]:
    """Backends from other packages, by their URL scheme. Nothing of them is imported yet."""
    from importlib.metadata import entry_points

    return {entry_point.name: entry_point for entry_point in entry_points(group=GROUP)}


def _open_installed(entry_point: EntryPoint, url: str) -> Backend:
    """The backend that an installed package opens. Raises UsageError for whatever it raises."""
    try:
        backend: Backend = entry_point.load()(url, os.environ)
    except DialctlError as error:
        raise UsageError(error.message, hint=error.hint) from error
    # A backend is another author's program. SystemExit is what a script raises that was never meant to be imported.
    except (Exception, SystemExit) as problem:
        reason = f"{type(problem).__name__}: {' '.join(str(problem).split())[:200]}"
        raise UsageError(f"the backend for {entry_point.name}:// cannot be used: {reason}") from problem
    return backend


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
