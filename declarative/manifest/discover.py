"""Which documents a run reads: the manifests at PATH, and the Project document at or above it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path as File

from declarative.errors import Problem
from declarative.manifest import paths as files
from declarative.manifest import yaml_reader as read
from declarative.manifest.document import Document


@dataclass(frozen=True)
class Reading:
    """`root` is the nearest directory at or above PATH that holds a Project, or PATH's own: nothing outside
    of it is read. `all_of_it`: PATH is a directory, read as a whole."""

    root: File
    documents: list[Document]
    all_of_it: bool


def reading(path: File, skip: Collection[File], problems: list[Problem]) -> Reading:
    """The documents at `path`, files in `skip` left out; what cannot be read is added to `problems`."""
    path = path.resolve()
    directory = path if path.is_dir() else path.parent
    shelf = _Shelf(problems)
    root, projects = _project(directory, shelf)
    documents = shelf.documents(_selected(path, root, skip, problems))
    return Reading(root, [*documents, *(each for each in projects if each not in documents)], path.is_dir())


def beside(reading: Reading, path: File) -> list[Document]:
    """The documents of the project that are not at `path`, as far as they can be read."""
    files_of_all = [found for found in files.manifests(reading.root, reading.root) if isinstance(found, File)]
    return _Shelf([]).documents(found for found in files_of_all if not found.is_relative_to(path.resolve()))


class _Shelf:
    """Files already read, so that each is read, and its problems are told, once."""

    def __init__(self, problems: list[Problem]) -> None:
        self._problems = problems
        self._known: dict[File, list[Document]] = {}

    def documents(self, paths: Iterable[File]) -> list[Document]:
        return [document for path in paths for document in self._of(path)]

    def _of(self, path: File) -> list[Document]:
        if path not in self._known:
            self._known[path] = self._read(path)
        return self._known[path]

    def _read(self, path: File) -> list[Document]:
        shown = files.shown(path)
        try:
            data = files.read(path, files.MANIFEST_LIMIT)
        except files.Unusable as unusable:
            self._problems.append(Problem(shown, 0, 0, "", unusable.message, unusable.hint))
            return []
        return read.documents(path, shown, data, self._problems)


def is_project(document: Document) -> bool:
    value = document.value
    return isinstance(value, dict) and value.get("kind") == "Project"


def _project(directory: File, shelf: _Shelf) -> tuple[File, list[Document]]:
    for place in files.upward(directory):
        found = [each for each in shelf.documents(files.project_candidates(place)) if is_project(each)]
        if found:
            return place, found
    return directory, []


def _selected(path: File, root: File, skip: Collection[File], problems: list[Problem]) -> list[File]:
    if not path.is_dir():
        return [path]
    selected = []
    for found in files.manifests(path, root):
        if isinstance(found, files.OutsideLink):
            problems.append(Problem(files.shown(found.path), 0, 0, "", found.message, "copy it into the project"))
        elif found.resolve() not in skip:
            selected.append(found)
    return selected
