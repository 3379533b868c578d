"""Finds the documents that a run reads: the manifests at PATH, and the Project document at or above PATH."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path as File

from declarative.errors import Problem
from declarative.manifest import paths, yaml_reader
from declarative.manifest.document import Document
from declarative.manifest.problems import ProblemCollector


@dataclass(frozen=True)
class DocumentSet:
    """The documents of a run and the directory that bounds it."""

    root: File
    """The nearest directory at or above PATH that has a Project; without one, the directory of PATH. No file outside
    it is read."""
    documents: list[Document]
    """Every document that could be read, in the order of their files."""
    whole_directory: bool
    """True when PATH is a directory, so that every manifest below PATH was read."""


def find_documents(path: File, skip: Collection[File], problems: ProblemCollector) -> DocumentSet:
    """Read the documents at `path`, except the files in `skip`. Files that cannot be read are added to `problems`."""
    path = path.resolve()
    directory = path if path.is_dir() else path.parent
    reader = _ManifestReader(problems)
    root, projects = _find_project(directory, reader)
    documents = reader.read_all(_select_files(path, root, skip, problems))
    projects_above = [document for document in projects if document not in documents]
    return DocumentSet(root, [*documents, *projects_above], path.is_dir())


def read_documents_outside(document_set: DocumentSet, path: File) -> list[Document]:
    """Read the documents of the project that are not at `path`. Files that cannot be read are left out."""
    manifest_files = [
        entry for entry in paths.find_manifests(document_set.root, document_set.root) if isinstance(entry, File)
    ]
    reader = _ManifestReader(ProblemCollector())
    return reader.read_all(entry for entry in manifest_files if not entry.is_relative_to(path.resolve()))


class _ManifestReader:
    """Reads each file once, so that its problems are reported once."""

    def __init__(self, problems: ProblemCollector) -> None:
        self._problems = problems
        self._documents_by_file: dict[File, list[Document]] = {}

    def read_all(self, manifest_files: Iterable[File]) -> list[Document]:
        return [document for file in manifest_files for document in self._read_once(file)]

    def _read_once(self, file: File) -> list[Document]:
        if file not in self._documents_by_file:
            self._documents_by_file[file] = self._read_file(file)
        return self._documents_by_file[file]

    def _read_file(self, file: File) -> list[Document]:
        display_path = paths.display_path(file)
        try:
            data = paths.read_file(file, paths.MANIFEST_LIMIT)
        except paths.UnusableFile as unusable:
            self._problems.add(Problem(display_path, 0, 0, "", unusable.message, unusable.hint))
            return []
        return yaml_reader.read_documents(file, display_path, data, self._problems)


def is_project(document: Document) -> bool:
    value = document.value
    return isinstance(value, dict) and value.get("kind") == "Project"


def _find_project(directory: File, reader: _ManifestReader) -> tuple[File, list[Document]]:
    """The nearest directory at or above `directory` that has a Project, and its Projects."""
    for ancestor in paths.walk_up(directory):
        candidates = reader.read_all(paths.find_project_candidates(ancestor))
        if projects := [document for document in candidates if is_project(document)]:
            return ancestor, projects
    return directory, []


def _select_files(path: File, root: File, skip: Collection[File], problems: ProblemCollector) -> list[File]:
    if not path.is_dir():
        return [path]
    selected = []
    for entry in paths.find_manifests(path, root):
        if isinstance(entry, paths.OutsideLink):
            link_path = paths.display_path(entry.path)
            problems.add(Problem(link_path, 0, 0, "", entry.message, "copy it into the project"))
        elif entry.resolve() not in skip:
            selected.append(entry)
    return selected
