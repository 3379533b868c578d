"""Durable writes to one folder: the data is on the disk when a function here returns. Knows no lock."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

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
    draft = path.with_name(f".{path.name}.draft")
    with translate_os_errors(path):
        try:
            _write_draft(draft, data, path)
            os.replace(draft, path)
        except OSError:
            with suppress(OSError):
                draft.unlink()
            raise
        sync_folder(path.parent)


def write_all(fd: int, data: bytes, offset: int) -> None:
    """Write all of `data` at `offset`, and wait until it is on the disk. Raises OSError."""
    view = memoryview(data)
    while view:
        size = os.pwrite(fd, view, offset)
        view, offset = view[size:], offset + size
    os.fsync(fd)


def sync_folder(folder: Path) -> None:
    """Make new, renamed and removed names in a folder durable. Raises OSError."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _write_draft(draft: Path, data: bytes, target: Path) -> None:
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        with suppress(FileNotFoundError):
            os.fchmod(fd, target.stat().st_mode & 0o777)
        write_all(fd, data, 0)
    finally:
        os.close(fd)


def _write_error_hint(error: OSError, path: Path) -> str:
    if error.errno in _DISK_FULL:
        return f"make room on the disk of {path.parent} and run again: the old lock is unharmed"
    return f"make {path.parent} writable for this user and run again: the old lock is unharmed"
