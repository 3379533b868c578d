"""Manifests to Desired: every document checked, everything put together. The one place that raises what the
others found."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path as File
from typing import Any

from declarative.errors import ManifestError, Problem
from declarative.manifest import (
    discover,
    project,
)
from declarative.manifest import (
    messages as wording,
)
from declarative.manifest import (
    paths as files,
)
from declarative.manifest import (
    schema as shapes,
)
from declarative.manifest import (
    validate as check,
)
from declarative.manifest.discover import Reading, is_project
from declarative.manifest.document import Document
from declarative.manifest.project import ProjectConfig, Types
from declarative.manifest.recipients.gather import RecipientLoader
from declarative.manifest.resource import Resources
from declarative.manifest.variables import Variables, substitute
from declarative.model.capabilities import PERSONAL
from declarative.model.digest import PersonKey, json_digest
from declarative.model.resource import Desired, Json, Kind, Resource

_KINDS = ("Project", *Kind)
_SAVED_PLAN = "dialctl-plan"  # the kind that planning/planfile.py writes
_OF_PEOPLE = ("recipients", "recipients_from", "to_number", *PERSONAL)

Addressed = Mapping[str, tuple[Document, Resource]]


def load(
    path: File,
    *,
    types: Types,
    variables: Variables,
    key: PersonKey,
    targets: Sequence[str] = (),
    cache: File | None = None,
) -> Desired:
    """What the manifests at `path` (a file or a directory) ask for. `types` are the provider types by name,
    `key` digests people, `cache` is a directory for what recipients files came to, `targets` narrows to those
    addresses. Raises ManifestError with every problem found."""
    with _no_collection():
        return _load(path, types, variables, RecipientLoader(key, cache), targets)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Nodes and values come by the hundred thousand and all of them live on: the garbage collector would walk
    them again and again and find nothing, at five times the cost of reading."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _load(path: File, types: Types, variables: Variables, gatherer: RecipientLoader, targets: Sequence[str]) -> Desired:
    problems: list[Problem] = []
    reading = discover.reading(path, {file.resolve() for file in variables.files}, problems)
    unread = bool(problems)
    documents = _filled(reading.documents, variables, problems)
    known = list(problems)
    ground = _ground(documents, reading, types, problems, unread=unread)
    resources = _compiled(documents, ground, reading.root, gatherer, problems)
    problems.extend(_unknown_targets(path, targets, documents))
    if not problems:
        problems.extend(_nothing(path.resolve(), reading, documents))
    if problems:
        raise ManifestError(_in_order(known, problems))
    wanted = {address: each for address, each in resources.items() if not targets or address in targets}
    whole = reading.all_of_it and str(path.resolve()) == ground.project.directory and not targets
    people = {address: resource for address, (_, resource) in wanted.items()}
    return Desired(
        ground.project,
        people,
        whole,
        digested=lambda: _digest(ground, wanted, whole=whole),
        named=lambda: {*resources, *_named_elsewhere(reading, path)},
    )


def _named_elsewhere(reading: Reading, path: File) -> Iterator[str]:
    """Addresses in the manifests of the project that this run does not read, whatever else is wrong with those."""
    for document in discover.beside(reading, path):
        value = document.value
        if isinstance(value, dict) and isinstance(metadata := value.get("metadata"), dict):
            yield f"{str(value.get('kind')).lower()}/{metadata.get('name')}"


def _filled(documents: Sequence[Document], variables: Variables, problems: list[Problem]) -> list[Document]:
    """The documents with variables put in, those left out that are no manifests at all."""
    values = variables.values(problems)
    filled = [substitute(document, values, problems) for document in documents]
    return [headed for document in filled if (headed := _headed(document, problems))]


def _headed(document: Document, problems: list[Problem]) -> Document | None:
    """The document when its kind and spec can be gone into; with an empty name when its own is wrong."""
    value = document.value
    if not isinstance(value, dict) or _is_foreign(value):
        problems.append(_foreign(document, value))
        return None
    sound = check.keep_valid(document, value, shapes.head(is_project(document)), (), problems)
    if not {"apiVersion", "kind", "spec"} <= set(sound):
        return None
    metadata = sound.get("metadata")
    named = {"name": "", **(metadata if isinstance(metadata, dict) else {})}
    return replace(document, value={**sound, "metadata": named})


def _is_foreign(value: Mapping[str, Json]) -> bool:
    """Whether nothing says that it is meant for dialctl, not even with a slip of the pen."""
    version, kind = str(value.get("apiVersion", "")), str(value.get("kind", ""))
    return not version.startswith("dialctl") and kind not in _KINDS and not wording.did_you_mean(kind, _KINDS)


def _foreign(document: Document, value: Json) -> Problem:
    if isinstance(value, dict) and value.get("kind") == _SAVED_PLAN:
        return document.problem((), "a saved plan, not a manifest", f"dialctl apply {document.shown} carries it out")
    head = value if isinstance(value, dict) else {}
    said = " and ".join(f"{name} {wording.describe(head[name])}" for name in ("apiVersion", "kind") if name in head)
    what = said or f"{wording.describe(value)} without apiVersion and kind"
    hint = "keep other YAML in a folder whose name begins with a dot"
    return document.problem((), f"found {what}: not a manifest", hint)


def _ground(
    documents: Sequence[Document], reading: Reading, types: Types, problems: list[Problem], *, unread: bool
) -> ProjectConfig:
    projects = [document for document in documents if is_project(document)]
    problems.extend(_more_projects(projects))
    if projects:
        return project.foundation(projects[0], reading.root, types, problems)
    unread = unread or any(is_project(document) for document in reading.documents)
    return project.refuse_without_project(reading.root, types, unread=unread)


def _compiled(
    documents: Sequence[Document], ground: ProjectConfig, root: File, gatherer: RecipientLoader, problems: list[Problem]
) -> Addressed:
    compiler = Resources(ground, root, gatherer, problems)
    found: dict[str, tuple[Document, Resource]] = {}
    problems.extend(_addresses(documents))
    for document in documents:
        if not is_project(document) and (resource := compiler.compile(document)):
            found[resource.address] = (document, resource)
    return found


def _more_projects(projects: Sequence[Document]) -> Iterator[Problem]:
    for document in projects[1:]:
        message = f"a second Project; the first is at {_at(projects[0], ())}"
        yield document.problem((), message, "a run reads one project; keep the other in a folder of its own")


def _addresses(documents: Sequence[Document]) -> Iterator[Problem]:
    """Addresses must be unique, and a former address belongs to one resource and is nobody's present one."""
    taken: dict[str, Document] = {}
    for document in documents:
        address = _address(document)
        if address in taken:
            message = f"{address} is there twice, first at {_at(taken[address], ('metadata', 'name'))}"
            yield document.problem(("metadata", "name"), message, "give one of them another name")
        elif address:
            taken[address] = document
    claimed: dict[str, Document] = {}
    for address, document in taken.items():
        yield from _former(document, address, taken, claimed)


def _former(
    document: Document, address: str, taken: Mapping[str, Document], claimed: dict[str, Document]
) -> Iterator[Problem]:
    metadata: Any = document.value["metadata"]  # type: ignore[call-overload,index]  # a mapping by its schema
    for index, former in enumerate(metadata.get("previously", ())):
        at = ("metadata", "previously", index)
        if former == address:
            yield document.problem(at, f"{address} names itself", "name the address that it had before")
        elif former in taken:
            message = f"{former} is still there, at {_at(taken[former], ('metadata', 'name'))}"
            yield document.problem(at, message, "previously names addresses that are gone")
        elif former is not None and former in claimed:
            message = f"{former} is claimed twice, first at {_at(claimed[former], ('metadata', 'previously'))}"
            yield document.problem(at, message, "one resource can take over what was done there")
        claimed.setdefault(former, document)


def _address(document: Document) -> str:
    value: Any = document.value
    name = value["metadata"]["name"]
    return f"{value['kind'].lower()}/{name}" if name and not is_project(document) else ""


def _at(document: Document, path: wording.Path) -> str:
    line, column = document.position(path)
    return f"{document.shown}:{line}:{column}"


def _unknown_targets(path: File, targets: Sequence[str], documents: Sequence[Document]) -> Iterator[Problem]:
    known = [address for document in documents if (address := _address(document))]
    for target in targets:
        if target not in known:
            hint = wording.did_you_mean(target, known) or "an address is batch/NAME or call/NAME"
            yield Problem(files.shown(path), 0, 0, "", f"no resource has the address {wording.quoted(target)}", hint)


def _nothing(path: File, reading: Reading, documents: Sequence[Document]) -> Iterator[Problem]:
    """Advice to destroy is for a whole project only: elsewhere its resources are merely not looked at."""
    at = Problem(files.shown(path), 0, 0, "", "no Batch and no Call: a project without resources")
    if not any(document.file.is_relative_to(path) for document in documents):
        yield replace(at, message=_without_any(path), hint="" if documents else "dialctl init writes a first one")
    elif all(is_project(document) for document in documents):
        whole = reading.all_of_it and path == reading.root
        yield replace(at, hint="to cancel what still waits, use dialctl destroy" if whole else "")


def _without_any(path: File) -> str:
    if path.is_dir():
        return "no manifests here"
    return "holds no manifest" if files.read(path, files.MANIFEST_LIMIT).strip() else "is empty"


def _in_order(known: Sequence[Problem], problems: Sequence[Problem]) -> list[Problem]:
    """Each problem once, in the order of reading. An undefined variable leaves an empty text, which then
    breaks other rules at the same place: those are left out."""
    told = {(each.file, each.line, each.column) for each in known if each.line}
    later = (each for each in problems[len(known) :] if (each.file, each.line, each.column) not in told)
    files_met = list(dict.fromkeys(each.file for each in problems))
    order = {file: place for place, file in enumerate(files_met)}
    found = dict.fromkeys([*known, *later])
    return sorted(found, key=lambda each: (order[each.file], not each.line, each.line, each.column))


def _digest(ground: ProjectConfig, wanted: Addressed, *, whole: bool) -> str:
    """Of everything that the manifests mean; people by their own digests."""
    providers = {name: [each.type, each.api_version] for name, each in ground.project.providers.items()}
    return json_digest(
        {
            "project": [ground.project.name, ground.project.declared, ground.spec, providers],
            "whole": whole,
            "resources": {address: _meaning(*each) for address, each in wanted.items()},
        }
    )


def _meaning(document: Document, resource: Resource) -> list[object]:
    value: Any = document.value
    spec = {name: item for name, item in value["spec"].items() if name not in _OF_PEOPLE}
    people = resource.people
    return [value["metadata"], spec, resource.settings_digest, people.count, people.numbers, people.payloads]
