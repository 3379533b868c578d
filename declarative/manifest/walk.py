"""Finds the manifests below a directory, and those that may hold the Project. Knows names and bytes, not YAML."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from declarative.manifest import ignore_file, paths

ENDINGS = (".yaml", ".yml")
"""Endings of manifests, in any case of letters."""

_MOST_FOLDERS = 100
"""Folders within each other below the Project's. A tree of thousands would end the walk in the middle."""
_PROJECT = re.compile(rb"""kind["']?\s*:\s*["']?Project\b""")


@dataclass(frozen=True)
class RefusedEntry:
    """A file or folder that would have to be read and is not, so that what it holds is not missed silently."""

    path: Path
    """The file or folder itself."""
    message: str
    """What is wrong with it, for the user."""
    hint: str
    """What to do about it."""


def find_manifests(directory: Path, root: Path) -> Iterator[Path | RefusedEntry]:
    """Yield the manifest files below `directory`, sorted. Hidden ones, `node_modules` and what the `.dialctlignore` of
    `root` names are left out. Links that leave `root`, and folders too deep in it, come as a RefusedEntry."""
    file = root / ignore_file.NAME
    if _leads_out(file, root):
        yield _refuse_link(file)
        return
    try:
        yield from _find_manifests(directory, root, ignore_file.IgnoreFile(root))
    except paths.UnusableFile as unusable:
        yield RefusedEntry(file, unusable.message, unusable.hint)


def _find_manifests(directory: Path, root: Path, ignored: ignore_file.IgnoreFile) -> Iterator[Path | RefusedEntry]:
    for entry in sorted(directory.iterdir()):
        if entry.name.startswith(".") or entry.name == "node_modules" or ignored.names(entry):
            continue
        if _leads_out(entry, root):
            if _is_manifest_name(entry) or entry.is_dir():
                yield _refuse_link(entry)
        elif entry.is_dir():
            if len(entry.parts) - len(root.parts) > _MOST_FOLDERS:
                message = f"more than {_MOST_FOLDERS} folders within each other"
                yield RefusedEntry(entry, message, f"move it up, or name it in {ignore_file.NAME}")
            elif not entry.is_symlink():  # its target is inside `root` and is found there
                yield from _find_manifests(entry, root, ignored)
        elif _is_manifest_name(entry):
            yield entry


def find_project_candidates(directory: Path) -> Iterator[Path | RefusedEntry]:
    """Yield top-level manifests of a directory that may contain a Project document. Only their bytes are searched,
    which is quicker than parsing. A link that leaves the directory comes as a RefusedEntry."""
    for path in _top_level_manifests(directory):
        if _PROJECT.search(paths.read_file(path, paths.MANIFEST_LIMIT)):
            yield _refuse_link(path) if _leads_out(path, directory) else path


def _leads_out(path: Path, root: Path) -> bool:
    return path.is_symlink() and not path.resolve().is_relative_to(root)


def _refuse_link(path: Path) -> RefusedEntry:
    return RefusedEntry(path, "a symbolic link that leads out of the project's directory", "copy it into the project")


def _is_manifest_name(path: Path) -> bool:
    return path.suffix.lower() in ENDINGS


def _top_level_manifests(directory: Path) -> Iterator[Path]:
    try:
        entries = sorted(directory.iterdir())
    except OSError:
        return
    for entry in entries:
        hidden = entry.name.startswith(".")
        if _is_manifest_name(entry) and not hidden and entry.is_file() and _is_readable(entry):
            yield entry


def _is_readable(path: Path) -> bool:
    return os.access(path, os.R_OK) and path.stat().st_size <= paths.MANIFEST_LIMIT
