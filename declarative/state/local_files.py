"""Files of the local backend: what the operating system says of them becomes a StateError. How a file is written whole
is atomicfile's business."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from declarative import atomicfile
from declarative.errors import StateError

_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def translate_os_errors(path: Path) -> Iterator[None]:
    """Turns what the operating system says into a StateError that names the file."""
    try:
        yield
    except OSError as error:
        raise StateError(
            f"cannot write {path}: {error.strerror or error}; "
            "no request goes out without its record, so nothing more is sent",
            hint=_write_error_hint(error, path),
        ) from error


def read_or_none(path: Path) -> bytes | None:
    """The whole file, None where there is none. Raises StateError where it cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateError(f"cannot read {path}: {error.strerror or error}") from error


def replace_file(path: Path, data: bytes) -> None:
    """Put `data` in the place of the file, whole or not at all. The file keeps its mode; a new one gets what
    the umask allows, for it is meant to be committed. Raises StateError; the old file is whole then."""
    with translate_os_errors(path):
        atomicfile.write_durable(path, data)


def _write_error_hint(error: OSError, path: Path) -> str:
    if error.errno in _DISK_FULL:
        return f"make room on the disk of {path.parent} and run again: the lock as it was is whole"
    return f"make {path.parent} writable for this user and run again: the lock as it was is whole"
