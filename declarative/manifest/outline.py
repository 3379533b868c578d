"""What can still be read of manifests, whatever is wrong in them: the project's name, its providers, the addresses. For
the emergency stop, which must not fail because of a manifest. Opens no recipients file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from declarative.manifest import discover
from declarative.manifest.document import Document
from declarative.manifest.foreign import is_foreign
from declarative.manifest.paths import UnusableFile, walk_up
from declarative.manifest.problems import ProblemCollector
from declarative.manifest.variables import Variables, substitute_variables
from declarative.model.outline import Outline, OutlinedProvider, OutlinedResource
from declarative.model.resource import Kind


def read_outline(path: Path, variables: Variables, lock: Path) -> Outline:
    """Read what can be read at `path`. Raises nothing for what is wrong in it. `lock` is where the lock of the project
    is, in its folder: it tells the folder where the Project document cannot be read."""
    problems = ProblemCollector()
    directory = path if path.is_dir() else path.parent
    try:
        document_set = discover.find_documents(path, (), problems)
    except (OSError, UnusableFile):
        return Outline(directory=_find_lock_folder(directory, lock), unreadable=(str(path),))
    documents = [_fill(document, variables) for document in document_set.documents]
    projects = [document.value for document in documents if discover.is_project(document)]
    unreadable = tuple(dict.fromkeys(problem.file for problem in problems))
    resources = dict(_outline_resources(documents))
    if not projects:
        return Outline(directory=_find_lock_folder(directory, lock), resources=resources, unreadable=unreadable)
    spec = _mapping(_mapping(projects[0]).get("spec"))
    return Outline(
        directory=document_set.root,
        project=_text(_mapping(_mapping(projects[0]).get("metadata")).get("name")),
        state_url=_text(_mapping(spec.get("state")).get("url")) or None,
        default_provider=_text(_mapping(spec.get("defaults")).get("provider")),
        providers=dict(_outline_providers(_mapping(spec.get("providers")))),
        resources=resources,
        unreadable=unreadable,
    )


def _fill(document: Document, variables: Variables) -> Document:
    """The document with its variables, as far as they are defined."""
    ignored = ProblemCollector()
    return substitute_variables(document, variables.values(ignored), ignored)


def _find_lock_folder(directory: Path, lock: Path) -> Path:
    """The nearest folder at or above that holds a lock: where the Project document cannot be read, it is beside it."""
    resolved = directory.resolve()
    return next((folder for folder in walk_up(resolved) if (folder / lock).exists()), resolved)


def _outline_providers(providers: Mapping[str, Any]) -> Iterator[tuple[str, OutlinedProvider]]:
    for name, entry in providers.items():
        if type_name := _text(_mapping(entry).get("type")):
            yield name, OutlinedProvider(type=type_name, api_version=_text(_mapping(entry).get("api_version")) or None)


def _outline_resources(documents: Iterable[Document]) -> Iterator[tuple[str, OutlinedResource]]:
    for document in documents:
        value, kinds = document.value, {str(kind) for kind in Kind}
        if not isinstance(value, dict) or is_foreign(value) or value.get("kind") not in kinds:
            continue
        metadata, spec = _mapping(value.get("metadata")), _mapping(value.get("spec"))
        if name := _text(metadata.get("name")):
            former = metadata.get("previously")
            previously = tuple(filter(None, map(_text, former))) if isinstance(former, list) else ()
            yield (
                f"{str(value['kind']).lower()}/{name}",
                OutlinedResource(provider=_text(spec.get("provider")), previously=previously),
            )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
