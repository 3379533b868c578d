"""Opens the files of a run and refuses every file outside the project's directory. Knows paths and bytes, not YAML."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from declarative.errors import system_hint
from declarative.manifest.messages import quote
from declarative.privacy import clean

MANIFEST_LIMIT = 32 << 20
"""The largest manifest or var file that is read, in bytes."""
RECIPIENTS_LIMIT = 2 << 30
"""The largest recipients file that is read, in bytes."""


class UnusableFile(Exception):
    """A file cannot be read. `message` says why, `hint` says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def display_path(path: Path) -> str:
    """The path relative to the working directory, or in full when it is not below it."""
    absolute = Path(os.path.abspath(path))
    working_directory = Path.cwd()
    return clean(str(absolute.relative_to(working_directory) if working_directory in absolute.parents else absolute))


def walk_up(directory: Path) -> Iterator[Path]:
    """Yield the directory and its parents, up to the root of the git repository."""
    for ancestor in (directory, *directory.parents):
        yield ancestor
        if (ancestor / ".git").exists():
            return


def resolve_inside(root: Path, base: Path, name: str) -> Path:
    """Return the file `name`, relative to `base`. Raises UnusableFile unless it is a readable file inside `root`."""
    if PurePosixPath(name).is_absolute() or name.startswith("~") or "\0" in name:
        raise UnusableFile(f"{quote(name)} is not a relative path", "write the path relative to the manifest")
    if ".." in PurePosixPath(name).parts:
        raise UnusableFile(f'{quote(name)} leaves its folder with ".."', "move the file below the manifest's folder")
    path = base / name
    if not path.resolve().is_relative_to(root):
        raise UnusableFile(f"{quote(name)} leads out of the project's directory", "copy the file into the project")
    stat_regular_file(path, name)
    if not os.access(path, os.R_OK):
        denied = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        raise UnusableFile(f"{quote(name)} cannot be read: permission denied", system_hint(denied, name))
    return path


def stat_regular_file(path: Path, name: str) -> os.stat_result:
    """Return the file's status. Raises UnusableFile when it does not exist or is not a regular file."""
    try:
        status = path.stat()
    except FileNotFoundError:
        raise UnusableFile(f"no such file: {quote(name)}", _suggest_similar_name(path)) from None
    except OSError as error:
        raise UnusableFile(f"{quote(name)} cannot be read: {error.strerror}", system_hint(error, name)) from None
    if not stat.S_ISREG(status.st_mode):
        raise UnusableFile(f"{quote(name)} is not a regular file")
    return status


def read_file(path: Path, limit: int) -> bytes:
    """Return the file's bytes. Raises UnusableFile when it is not a regular file or is larger than `limit` bytes; then
    nothing is read."""
    size = stat_regular_file(path, path.name).st_size
    if size > limit:
        raise UnusableFile(
            f"{size / (1 << 20):.0f} MiB is too large: at most {limit >> 20} MiB are read",
            "keep people in a recipients file (recipients_from)",
        )
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnusableFile(f"cannot be read: {error.strerror}", system_hint(error, path.name)) from None


def _suggest_similar_name(path: Path) -> str:
    """Suggest a file with a similar name. Endings are not compared: every pair of CSV files has that much in common."""
    from difflib import get_close_matches

    names = sorted(os.listdir(path.parent)) if path.parent.is_dir() else []
    stems = {Path(name).stem: name for name in names}
    close = get_close_matches(path.stem, stems, n=1)
    return f"did you mean {quote(stems[close[0]])}?" if close else ""
