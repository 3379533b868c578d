"""Finds the documents that a run reads: the manifests at PATH, and the Project document at or above PATH."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path as File

from declarative.errors import Problem
from declarative.manifest import paths, walk, yaml_reader
from declarative.manifest.document import Document
from declarative.manifest.foreign import is_foreign
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
    foreign_count: int = 0
    """How many YAML files of other tools were left alone."""


def find_documents(path: File, skip: Collection[File], problems: ProblemCollector) -> DocumentSet:
    """Read the documents at `path`, except the files in `skip`. Files that cannot be read are added to `problems`."""
    path = path.resolve()
    directory = path if path.is_dir() else path.parent
    reader = _ManifestReader(problems, None if path.is_dir() else path)
    root, projects = _find_project(directory, reader, problems)
    documents = reader.read_all(_select_files(path, root, skip, problems))
    projects_above = [document for document in projects if document not in documents]
    return DocumentSet(root, [*documents, *projects_above], path.is_dir(), reader.foreign_count)


def has_manifests(path: File) -> bool:
    """Whether there is anything at `path` that a run would read, or would fail to read."""
    problems = ProblemCollector()
    return bool(find_documents(path, (), problems).documents) or not problems.is_empty


def read_documents_outside(document_set: DocumentSet, path: File) -> list[Document]:
    """Read the documents of the project that are not at `path`. Files that cannot be read are left out."""
    manifest_files = [
        entry for entry in walk.find_manifests(document_set.root, document_set.root) if isinstance(entry, File)
    ]
    reader = _ManifestReader(ProblemCollector(), None)
    return reader.read_all(entry for entry in manifest_files if not entry.is_relative_to(path.resolve()))


class _ManifestReader:
    """Reads each file once, so that its problems are reported once. Files of other tools are left alone, save `named`,
    which the user names as a manifest."""

    def __init__(self, problems: ProblemCollector, named: File | None) -> None:
        self.foreign_count = 0
        self._problems = problems
        self._named = named
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
        file_problems = ProblemCollector(self._problems.most_described)
        documents = yaml_reader.read_documents(file, display_path, data, file_problems)
        if file != self._named:
            if _is_foreign_file(data, documents, file_problems):
                self.foreign_count += 1
                return []
            if not documents and file_problems.is_empty:
                message = "contains no manifest" if data.strip() else "is empty"
                file_problems.add(Problem(display_path, 0, 0, "", message, "delete the file if that is intended"))
        self._problems.extend(file_problems)
        return documents


def _is_foreign_file(data: bytes, documents: Sequence[Document], file_problems: ProblemCollector) -> bool:
    """Whether a file belongs to another tool. One that cannot be read, such as a template of YAML, does if it does not
    even mention dialctl."""
    if not file_problems.is_empty:
        return b"dialctl" not in data.replace(b"\0", b"")  # UTF-16 has a NUL beside each letter
    return bool(documents) and all(is_foreign(document.value) for document in documents)


def is_project(document: Document) -> bool:
    value = document.value
    return isinstance(value, dict) and value.get("kind") == "Project"


def _find_project(directory: File, reader: _ManifestReader, problems: ProblemCollector) -> tuple[File, list[Document]]:
    """The nearest directory at or above `directory` that has a Project, and its Projects."""
    for ancestor in paths.walk_up(directory):
        candidates = reader.read_all(_report_refused(walk.find_project_candidates(ancestor), problems))
        if projects := [document for document in candidates if is_project(document)]:
            return ancestor, projects
    return directory, []


def _select_files(path: File, root: File, skip: Collection[File], problems: ProblemCollector) -> list[File]:
    if not path.is_dir():
        return [path]
    manifest_files = _report_refused(walk.find_manifests(path, root), problems)
    return [file for file in manifest_files if file.resolve() not in skip]


def _report_refused(entries: Iterable[File | walk.RefusedEntry], problems: ProblemCollector) -> list[File]:
    """The files among the entries. Each entry that is refused is added to `problems`."""
    files = []
    for entry in entries:
        if isinstance(entry, walk.RefusedEntry):
            problems.add(Problem(paths.display_path(entry.path), 0, 0, "", entry.message, entry.hint))
        else:
            files.append(entry)
    return files
