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
class DocumentSet:
    """`root` is the nearest directory at or above PATH that holds a Project, or PATH's own: nothing outside
    of it is read. `all_of_it`: PATH is a directory, read as a whole."""

    root: File
    documents: list[Document]
    whole_directory: bool


def find_documents(path: File, skip: Collection[File], problems: list[Problem]) -> DocumentSet:
    """The documents at `path`, files in `skip` left out; what cannot be read is added to `problems`."""
    path = path.resolve()
    directory = path if path.is_dir() else path.parent
    reader = _ManifestReader(problems)
    root, projects = _find_project(directory, reader)
    documents = reader.read_all(_select_files(path, root, skip, problems))
    return DocumentSet(
        root, [*documents, *(document for document in projects if document not in documents)], path.is_dir()
    )


def read_documents_outside(document_set: DocumentSet, path: File) -> list[Document]:
    """The documents of the project that are not at `path`, as far as they can be read."""
    manifest_files = [
        entry for entry in files.find_manifests(document_set.root, document_set.root) if isinstance(entry, File)
    ]
    return _ManifestReader([]).read_all(entry for entry in manifest_files if not entry.is_relative_to(path.resolve()))


class _ManifestReader:
    """Files already read, so that each is read, and its problems are told, once."""

    def __init__(self, problems: list[Problem]) -> None:
        self._problems = problems
        self._documents_by_file: dict[File, list[Document]] = {}

    def read_all(self, paths: Iterable[File]) -> list[Document]:
        return [document for path in paths for document in self._read_once(path)]

    def _read_once(self, path: File) -> list[Document]:
        if path not in self._documents_by_file:
            self._documents_by_file[path] = self._read_file(path)
        return self._documents_by_file[path]

    def _read_file(self, path: File) -> list[Document]:
        display_path = files.display_path(path)
        try:
            data = files.read_file(path, files.MANIFEST_LIMIT)
        except files.UnusableFile as unusable:
            self._problems.append(Problem(display_path, 0, 0, "", unusable.message, unusable.hint))
            return []
        return read.read_documents(path, display_path, data, self._problems)


def is_project(document: Document) -> bool:
    value = document.value
    return isinstance(value, dict) and value.get("kind") == "Project"


def _find_project(directory: File, reader: _ManifestReader) -> tuple[File, list[Document]]:
    for ancestor in files.walk_up(directory):
        projects = [
            document for document in reader.read_all(files.find_project_candidates(ancestor)) if is_project(document)
        ]
        if projects:
            return ancestor, projects
    return directory, []


def _select_files(path: File, root: File, skip: Collection[File], problems: list[Problem]) -> list[File]:
    if not path.is_dir():
        return [path]
    selected = []
    for entry in files.find_manifests(path, root):
        if isinstance(entry, files.OutsideLink):
            problems.append(
                Problem(files.display_path(entry.path), 0, 0, "", entry.message, "copy it into the project")
            )
        elif entry.resolve() not in skip:
            selected.append(entry)
    return selected
