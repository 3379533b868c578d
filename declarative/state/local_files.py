"""Reads and replaces files of the local backend, with errors of the operating system as StateError. Knows no lock."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from declarative import atomicfile
from declarative.errors import StateError

_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
"""Errors that mean there is no room for more."""


@contextmanager
def translate_os_errors(path: Path) -> Iterator[None]:
    """Turn an OSError into a StateError that names the file."""
    try:
        yield
    except OSError as error:
        raise StateError(
            f"cannot write {path}: {error.strerror or error}; "
            "no request goes out without its record, so nothing more is sent",
            hint=_write_error_hint(error, path),
        ) from error


def read_or_none(path: Path) -> bytes | None:
    """Read a whole file. None: there is none. Raises StateError where it cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateError(f"cannot read {path}: {error.strerror or error}") from error


def replace_file(path: Path, data: bytes) -> None:
    """Replace the content of a file, whole or not at all. Raises StateError, and then the old file is whole.

    The file keeps its mode. A new file gets the mode that the umask allows, because the lock is meant to be committed.
    """
    with translate_os_errors(path):
        atomicfile.write_durable(path, data)


def _write_error_hint(error: OSError, path: Path) -> str:
    if error.errno in _DISK_FULL:
        return f"make room on the disk of {path.parent} and run again: the old lock is unharmed"
    return f"make {path.parent} writable for this user and run again: the old lock is unharmed"
