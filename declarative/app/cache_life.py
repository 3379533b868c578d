"""How long dialctl keeps what it can read again: thirty days. Phone numbers are in most of it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

CACHE_LIFE = timedelta(days=30)
"""After so long a cache is deleted, by the next run."""


def end_old_caches(directory: Path) -> None:
    """Delete the files below a folder of caches that were written longer ago than CACHE_LIFE, by this machine's clock.
    One that cannot be deleted is left to the next run, and a folder that another user keeps for itself to that user."""
    oldest = time.time() - CACHE_LIFE.total_seconds()
    with suppress(OSError):
        for file in _list_cache_files(directory):
            with suppress(OSError):
                if file.stat(follow_symlinks=False).st_mtime < oldest:
                    os.unlink(file)


def purge_caches(directory: Path) -> int:
    """Delete all files below a folder of caches, and return how many there were. Raises OSError."""
    files = list(_list_cache_files(directory))
    for file in files:
        Path(file).unlink(missing_ok=True)
    return len(files)


def _list_cache_files(directory: Path) -> Iterator[os.DirEntry[str]]:
    """The files below a folder; none where it does not exist, or where its name is that of a symbolic link."""
    folders: list[os.DirEntry[str] | Path] = [] if directory.is_symlink() else [directory]
    while folders:
        with suppress(FileNotFoundError, PermissionError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry)
                else:
                    yield entry
