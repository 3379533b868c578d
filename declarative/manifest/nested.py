"""Finds the project that is meant in a directory which holds none itself."""

from __future__ import annotations

from pathlib import Path

from declarative.manifest import paths

_OURS = b"dialctl/v"


def find_nested_projects(directory: Path) -> list[Path]:
    """The children of a directory that hold a Project, where neither the directory nor one above it holds any."""
    directory = directory.resolve()
    if any(_holds_project(ancestor) for ancestor in paths.walk_up(directory)):
        return []
    try:
        children = sorted(entry for entry in directory.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    except OSError:
        return []
    return [child for child in children if _holds_project(child)]


def _holds_project(directory: Path) -> bool:
    candidates = paths.find_project_candidates(directory)
    return any(_OURS in paths.read_file(candidate, paths.MANIFEST_LIMIT) for candidate in candidates)
