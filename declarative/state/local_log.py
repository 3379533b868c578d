"""Files of lines in the project's folder: read without a line that a crash tore, and added to by any process. Knows
bytes only."""

from __future__ import annotations

import os
import time
from pathlib import Path

import orjson

from declarative import atomicfile
from declarative.errors import StateError
from declarative.state import local_files, local_lease
from declarative.state.base import retry_until

_MAX_WAIT = 5.0
"""Seconds that a writer waits for another one, which needs its turn for an instant."""


def read_lines(path: Path) -> tuple[bytes, ...]:
    """Read the lines of a file; none where there is no file. Raises StateError."""
    return tuple(_split_lines(local_files.read_or_none(path) or b"")[0])


def add_line(path: Path, line: bytes) -> None:
    """Add one line, durable when this returns. Needs no lease. Raises StateError, and then the file is as before."""
    with local_files.translate_os_errors(path):
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        try:
            if not retry_until(lambda: local_lease.try_exclusive(fd) or None, _MAX_WAIT, time.sleep, pause=0.05):
                raise StateError(
                    f"another process is in the middle of a write to {path}",
                    hint="run again; if it stands still, end that process (kill -9)",
                )
            _write_line(fd, line)
        finally:
            local_lease.close_locked(fd)
        atomicfile.sync_folder(path.parent)


def _write_line(fd: int, line: bytes) -> None:
    before = os.pread(fd, os.fstat(fd).st_size, 0)
    _, end = _split_lines(before)
    start = min(end, len(before))
    text = b"\n" * (end - start) + line + b"\n"
    try:
        os.ftruncate(fd, start)
        atomicfile.write_all(fd, text, start)
    except OSError:
        os.ftruncate(fd, start)
        raise


def _split_lines(text: bytes) -> tuple[list[bytes], int]:
    """The lines without a last one that a crash tore, and the size of their text: more than there is where the last one
    lacks its end, as an editor may leave it."""
    *lines, rest = text.split(b"\n")
    if rest and _is_whole(rest):
        lines.append(rest)
    elif lines and not rest and b"\0\0" in lines[-1]:  # the disk made room for a line, and its data never came
        lines.pop()
    return lines, sum(len(line) + 1 for line in lines)


def _is_whole(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True
