"""Reads and replaces files of the local backend, with errors of the operating system as StateError. Knows no lock."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from declarative import atomicfile
from declarative.errors import StateError, system_hint


@contextmanager
def translate_os_errors(path: Path) -> Iterator[None]:
    """Turn an OSError into a StateError that names the file."""
    try:
        yield
    except OSError as error:
        raise StateError(
            f"cannot write {path}: {error.strerror or error}; "
            "no request goes out without its record, so nothing more is sent",
            hint=f"{system_hint(error, str(path.parent))}: the old lock is unharmed",
        ) from error


def read_or_none(path: Path) -> bytes | None:
    """Read a whole file. None: there is none. Raises StateError where it cannot be read, or is a symbolic link."""
    try:
        # A link could lead out of the checkout, to a file that the person who made the link may not read. A pipe would
        # be waited for.
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _read_error(path, error) from error
    try:
        with os.fdopen(fd, "rb") as stream:
            if stat.S_ISFIFO(os.fstat(fd).st_mode):
                raise StateError(f"{path} is no file", hint="remove it, and put back the file that belongs there")
            return stream.read()
    except OSError as error:
        raise _read_error(path, error) from error


def replace_file(path: Path, data: bytes) -> None:
    """Replace the content of a file, whole or not at all. Raises StateError, and then the old file is whole.

    The file keeps its mode. A new file gets the mode that the umask allows, because the lock is meant to be committed.
    """
    with translate_os_errors(path):
        atomicfile.write_durable(path, data)


def make_folder(path: Path) -> None:
    """Make a folder of dialctl's own, for its owner only. Raises StateError, also where a link has its name."""
    refuse_link(path)
    with translate_os_errors(path):
        atomicfile.make_private_folder(path)


def refuse_link(path: Path) -> Path:
    """Return `path`. Raises StateError where it is a symbolic link: it could lead a writer out of the checkout."""
    if path.is_symlink():
        raise _link_error(path)
    return path


def _link_error(path: Path) -> StateError:
    return StateError(
        f"{path} is a symbolic link, and dialctl does not follow it: it could lead out of the project",
        hint="put the file or folder itself there, or name another place with state.url",
    )


def _read_error(path: Path, error: OSError) -> StateError:
    if error.errno == errno.ELOOP:
        return _link_error(path)
    return StateError(f"cannot read {path}: {error.strerror or error}", hint=system_hint(error, str(path)))
