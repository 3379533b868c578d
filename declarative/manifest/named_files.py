"""Which files besides manifests a project names: recipients and do-not-call lists. Opens none of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from declarative.manifest import discover
from declarative.manifest.problems import ProblemCollector
from declarative.manifest.variables import Variables, substitute_variables
from declarative.model.resource import Json


def list_named_files(path: Path, variables: Variables) -> set[Path]:
    """Every file that the manifests at `path` name in a `file:`, as far as they can be read. It need not exist."""
    ignored = ProblemCollector()
    document_set = discover.find_documents(path, {file.resolve() for file in variables.files}, ignored)
    values = variables.values(ignored)
    return {
        document.file.parent / name
        for document in document_set.documents
        for name in _find_names(substitute_variables(document, values, ignored).value)
        if "\0" not in name
    }


def _find_names(value: Json) -> Iterator[str]:
    match value:
        case list():
            for item in value:
                yield from _find_names(item)
        case dict():
            if isinstance(name := value.get("file"), str):
                yield name
            for item in value.values():
                yield from _find_names(item)
