"""Finds the project that is meant in a directory which holds none itself."""

from __future__ import annotations

from pathlib import Path

from declarative.manifest import paths, walk

_OURS = b"dialctl/v"


def find_nested_projects(directory: Path) -> list[Path]:
    """The children of a directory that hold a Project, where neither the directory nor one above it holds any."""
    directory = directory.resolve()
    if find_enclosing_project(directory) is not None:
        return []
    try:
        children = sorted(entry for entry in directory.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    except OSError:
        return []
    return [child for child in children if _holds_project(child)]


def find_enclosing_project(directory: Path) -> Path | None:
    """The nearest directory that holds a Project, of this one and those above it."""
    return next((ancestor for ancestor in paths.walk_up(directory.resolve()) if _holds_project(ancestor)), None)


def _holds_project(directory: Path) -> bool:
    for candidate in walk.find_project_candidates(directory):
        # One that is refused counts as well: loading says so by its name.
        file = candidate.path if isinstance(candidate, walk.RefusedEntry) else candidate
        if _OURS in paths.read_file(file, paths.MANIFEST_LIMIT):
            return True
    return False
