"""What `.dialctlignore` leaves out, in the syntax of .gitignore. A hostile one costs bounded time."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from declarative.manifest import paths

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

NAME = ".dialctlignore"

_MOST_BYTES = 64 << 10
_MOST_WILDCARDS = 3
"""Runs of `*` in one line. The time of a match grows with the length of the name to the power of their number."""
_MOST_SECONDS = 5.0
"""Processor seconds that all matches of a run may take together."""
_WILDCARD = re.compile(r"\*+")


class IgnoreFile:
    """The patterns of a project. Raises UnusableFile for a file that could take all time."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._spec = _read_spec(root / NAME)
        self._seconds = 0.0

    def names(self, entry: Path) -> bool:
        """Whether a file or folder is to be left out. Raises UnusableFile once matching took too long."""
        if self._spec is None or not entry.is_relative_to(self._root):
            return False
        name = entry.relative_to(self._root).as_posix()
        started = time.process_time()
        is_named = self._spec.match_file(f"{name}/" if entry.is_dir() else name)
        self._seconds += time.process_time() - started
        if self._seconds > _MOST_SECONDS:
            raise paths.UnusableFile(f"takes more than {_MOST_SECONDS:.0f} s to match", "use fewer lines and wildcards")
        return is_named


def _read_spec(file: Path) -> GitIgnoreSpec | None:
    """None without the file."""
    if not file.is_file():
        return None
    from pathspec import GitIgnoreSpec as Spec

    lines = _read(file).decode("utf-8-sig", errors="replace").splitlines()
    for number, line in enumerate(lines, 1):
        if len(_WILDCARD.findall(line)) > _MOST_WILDCARDS and not line.startswith("#"):
            message = f"line {number} has more than {_MOST_WILDCARDS} wildcards (*)"
            raise paths.UnusableFile(message, "name folders, one a line")
        try:
            Spec.from_lines([line])
        except (ValueError, re.error):
            raise paths.UnusableFile(f"line {number} is no pattern of .gitignore", "correct it") from None
    return Spec.from_lines(lines)


def _read(file: Path) -> bytes:
    content = paths.read_file(file, paths.MANIFEST_LIMIT)
    if len(content) > _MOST_BYTES:
        raise paths.UnusableFile(f"is larger than {_MOST_BYTES:,} bytes", "name folders instead of files")
    return content
