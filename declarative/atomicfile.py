"""Writes files whole or not at all: durably for what must not be lost, best effort for what only saves time. A crash
leaves the old file or the new one, never half of either. Imports no other module of the project."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_DRAFT_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC


def write_durable(file: Path, data: bytes) -> None:
    """Replace `file` with `data`, on the disk when this returns. The file keeps its mode, a new one gets what the umask
    allows. Callers take turns: two at once would share a draft. Raises OSError; the old file is whole then."""
    draft = file.with_name(f".{file.name}.draft")
    with _remove_on_failure(draft):
        fd = os.open(draft, _DRAFT_FLAGS, 0o666)
        try:
            with suppress(FileNotFoundError):
                os.fchmod(fd, file.stat().st_mode & 0o777)
            write_all(fd, data, 0)
        finally:
            os.close(fd)
        os.replace(draft, file)
    sync_folder(file.parent)


def write_private(file: Path, data: bytes) -> None:
    """Replace `file` with `data`, on the disk when this returns, and readable by its owner only (mode 0600, whatever it
    was before). Raises OSError; the old file is whole then."""
    _replace_by_private_draft(file, data)
    sync_folder(file.parent)


def write_best_effort(file: Path, data: bytes) -> None:
    """Replace a cache file with `data`, mode 0600, in a folder made for it if missing. A failed write is ignored."""
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _replace_by_private_draft(file, data, sync=False)


def write_all(fd: int, data: bytes, offset: int) -> None:
    """Write `data` at `offset` bytes into an open file, and to the disk. Raises OSError."""
    view = memoryview(data)
    while view:
        size = os.pwrite(fd, view, offset)
        view, offset = view[size:], offset + size
    os.fsync(fd)


def sync_folder(folder: Path) -> None:
    """Make new names, renames and removals in a folder durable. Raises OSError."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _replace_by_private_draft(file: Path, data: bytes, *, sync: bool = True) -> None:
    """The draft has a name of its own, so that several writers at once do each other no harm."""
    fd, draft = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # created 0600
    with _remove_on_failure(Path(draft)):
        with os.fdopen(fd, "wb") as stream:
            stream.write(data)
            stream.flush()
            if sync:
                os.fsync(fd)
        os.replace(draft, file)


@contextmanager
def _remove_on_failure(draft: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise
