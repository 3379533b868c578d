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
from declarative.manifest import discover, messages, paths, project, schema, validate
from declarative.manifest.discover import DocumentSet, is_project
from declarative.manifest.document import Document
from declarative.manifest.project import ProjectConfig, ProviderTypes
from declarative.manifest.recipients.gather import RecipientLoader
from declarative.manifest.resource import ResourceCompiler
from declarative.manifest.variables import Variables, substitute_variables
from declarative.model.capabilities import PERSONAL
from declarative.model.digest import PersonKey, json_digest
from declarative.model.resource import Desired, Json, Kind, Resource

_KINDS = ("Project", *Kind)
_SAVED_PLAN = "dialctl-plan"  # the kind that planning/planfile.py writes
_RECIPIENT_FIELDS = ("recipients", "recipients_from", "to_number", *PERSONAL)

ResourcesByAddress = Mapping[str, tuple[Document, Resource]]


def load_desired(
    path: File,
    *,
    provider_types: ProviderTypes,
    variables: Variables,
    key: PersonKey,
    targets: Sequence[str] = (),
    cache: File | None = None,
) -> Desired:
    """What the manifests at `path` (a file or a directory) ask for. `types` are the provider types by name,
    `key` digests people, `cache` is a directory for what recipients files came to, `targets` narrows to those
    addresses. Raises ManifestError with every problem found."""
    with _pause_garbage_collection():
        return _load_desired(path, provider_types, variables, RecipientLoader(key, cache), targets)


@contextmanager
def _pause_garbage_collection() -> Iterator[None]:
    """Nodes and values come by the hundred thousand and all of them live on: the garbage collector would walk
    them again and again and find nothing, at five times the cost of reading."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _load_desired(
    path: File, provider_types: ProviderTypes, variables: Variables, loader: RecipientLoader, targets: Sequence[str]
) -> Desired:
    problems: list[Problem] = []
    document_set = discover.find_documents(path, {file.resolve() for file in variables.files}, problems)
    has_unreadable = bool(problems)
    documents = _fill_documents(document_set.documents, variables, problems)
    first_problems = list(problems)
    project_config = _find_project_config(
        documents, document_set, provider_types, problems, has_unreadable=has_unreadable
    )
    resources = _compile_resources(documents, project_config, document_set.root, loader, problems)
    problems.extend(_unknown_target_problems(path, targets, documents))
    if not problems:
        problems.extend(_empty_project_problems(path.resolve(), document_set, documents))
    if problems:
        raise ManifestError(_sort_problems(first_problems, problems))
    selected_resources = {
        address: compiled for address, compiled in resources.items() if not targets or address in targets
    }
    whole = document_set.whole_directory and str(path.resolve()) == project_config.project.directory and not targets
    desired_resources = {address: resource for address, (_, resource) in selected_resources.items()}
    return Desired(
        project_config.project,
        desired_resources,
        whole,
        make_digest=lambda: _desired_digest(project_config, selected_resources, whole=whole),
        list_addresses=lambda: {*resources, *_addresses_outside_path(document_set, path)},
    )


def _addresses_outside_path(document_set: DocumentSet, path: File) -> Iterator[str]:
    """Addresses in the manifests of the project that this run does not read, whatever else is wrong with those."""
    for document in discover.read_documents_outside(document_set, path):
        value = document.value
        if isinstance(value, dict) and isinstance(metadata := value.get("metadata"), dict):
            yield f"{str(value.get('kind')).lower()}/{metadata.get('name')}"


def _fill_documents(documents: Sequence[Document], variables: Variables, problems: list[Problem]) -> list[Document]:
    """The documents with variables put in, those left out that are no manifests at all."""
    values = variables.values(problems)
    filled = [substitute_variables(document, values, problems) for document in documents]
    return [checked_document for document in filled if (checked_document := _check_head(document, problems))]


def _check_head(document: Document, problems: list[Problem]) -> Document | None:
    """The document when its kind and spec can be gone into; with an empty name when its own is wrong."""
    value = document.value
    if not isinstance(value, dict) or _is_foreign(value):
        problems.append(_foreign_problem(document, value))
        return None
    valid_fields = validate.keep_valid(document, value, schema.head_schema(is_project(document)), (), problems)
    if not {"apiVersion", "kind", "spec"} <= set(valid_fields):
        return None
    metadata = valid_fields.get("metadata")
    metadata_with_name = {"name": "", **(metadata if isinstance(metadata, dict) else {})}
    return replace(document, value={**valid_fields, "metadata": metadata_with_name})


def _is_foreign(value: Mapping[str, Json]) -> bool:
    """Whether nothing says that it is meant for dialctl, not even with a slip of the pen."""
    version, kind = str(value.get("apiVersion", "")), str(value.get("kind", ""))
    return not version.startswith("dialctl") and kind not in _KINDS and not messages.did_you_mean(kind, _KINDS)


def _foreign_problem(document: Document, value: Json) -> Problem:
    if isinstance(value, dict) and value.get("kind") == _SAVED_PLAN:
        return document.problem(
            (), "a saved plan, not a manifest", f"dialctl apply {document.display_path} carries it out"
        )
    head = value if isinstance(value, dict) else {}
    head_description = " and ".join(
        f"{name} {messages.describe_value(head[name])}" for name in ("apiVersion", "kind") if name in head
    )
    description = head_description or f"{messages.describe_value(value)} without apiVersion and kind"
    hint = "keep other YAML in a folder whose name begins with a dot"
    return document.problem((), f"found {description}: not a manifest", hint)


def _find_project_config(
    documents: Sequence[Document],
    document_set: DocumentSet,
    provider_types: ProviderTypes,
    problems: list[Problem],
    *,
    has_unreadable: bool,
) -> ProjectConfig:
    projects = [document for document in documents if is_project(document)]
    problems.extend(_extra_project_problems(projects))
    if projects:
        return project.read_project_config(projects[0], document_set.root, provider_types, problems)
    has_unreadable = has_unreadable or any(is_project(document) for document in document_set.documents)
    return project.default_project_config(document_set.root, provider_types, has_unreadable=has_unreadable)


def _compile_resources(
    documents: Sequence[Document],
    project_config: ProjectConfig,
    root: File,
    loader: RecipientLoader,
    problems: list[Problem],
) -> ResourcesByAddress:
    compiler = ResourceCompiler(project_config, root, loader, problems)
    compiled: dict[str, tuple[Document, Resource]] = {}
    problems.extend(_address_problems(documents))
    for document in documents:
        if not is_project(document) and (resource := compiler.compile(document)):
            compiled[resource.address] = (document, resource)
    return compiled


def _extra_project_problems(projects: Sequence[Document]) -> Iterator[Problem]:
    for document in projects[1:]:
        message = f"a second Project; the first is at {_format_location(projects[0], ())}"
        yield document.problem((), message, "a run reads one project; keep the other in a folder of its own")


def _address_problems(documents: Sequence[Document]) -> Iterator[Problem]:
    """Addresses must be unique, and a former address belongs to one resource and is nobody's present one."""
    owners: dict[str, Document] = {}
    for document in documents:
        address = _document_address(document)
        if address in owners:
            message = f"{address} is there twice, first at {_format_location(owners[address], ('metadata', 'name'))}"
            yield document.problem(("metadata", "name"), message, "give one of them another name")
        elif address:
            owners[address] = document
    claims: dict[str, Document] = {}
    for address, document in owners.items():
        yield from _former_address_problems(document, address, owners, claims)


def _former_address_problems(
    document: Document, address: str, owners: Mapping[str, Document], claims: dict[str, Document]
) -> Iterator[Problem]:
    metadata: Any = document.value["metadata"]  # type: ignore[call-overload,index]  # a mapping by its schema
    for index, former in enumerate(metadata.get("previously", ())):
        path = ("metadata", "previously", index)
        if former == address:
            yield document.problem(path, f"{address} names itself", "name the address that it had before")
        elif former in owners:
            message = f"{former} is still there, at {_format_location(owners[former], ('metadata', 'name'))}"
            yield document.problem(path, message, "previously names addresses that are gone")
        elif former is not None and former in claims:
            message = (
                f"{former} is claimed twice, first at {_format_location(claims[former], ('metadata', 'previously'))}"
            )
            yield document.problem(path, message, "one resource can take over what was done there")
        claims.setdefault(former, document)


def _document_address(document: Document) -> str:
    value: Any = document.value
    name = value["metadata"]["name"]
    return f"{value['kind'].lower()}/{name}" if name and not is_project(document) else ""


def _format_location(document: Document, path: messages.Path) -> str:
    line, column = document.position(path)
    return f"{document.display_path}:{line}:{column}"


def _unknown_target_problems(path: File, targets: Sequence[str], documents: Sequence[Document]) -> Iterator[Problem]:
    addresses = [address for document in documents if (address := _document_address(document))]
    for target in targets:
        if target not in addresses:
            hint = messages.did_you_mean(target, addresses) or "an address is batch/NAME or call/NAME"
            yield Problem(
                paths.display_path(path), 0, 0, "", f"no resource has the address {messages.quote(target)}", hint
            )


def _empty_project_problems(path: File, document_set: DocumentSet, documents: Sequence[Document]) -> Iterator[Problem]:
    """Advice to destroy is for a whole project only: elsewhere its resources are merely not looked at."""
    problem = Problem(paths.display_path(path), 0, 0, "", "no Batch and no Call: a project without resources")
    if not any(document.file.is_relative_to(path) for document in documents):
        yield replace(
            problem, message=_describe_empty(path), hint="" if documents else "dialctl init writes a first one"
        )
    elif all(is_project(document) for document in documents):
        whole = document_set.whole_directory and path == document_set.root
        yield replace(problem, hint="to cancel what still waits, use dialctl destroy" if whole else "")


def _describe_empty(path: File) -> str:
    if path.is_dir():
        return "no manifests here"
    return "holds no manifest" if paths.read_file(path, paths.MANIFEST_LIMIT).strip() else "is empty"


def _sort_problems(first_problems: Sequence[Problem], problems: Sequence[Problem]) -> list[Problem]:
    """Each problem once, in the order of reading. An undefined variable leaves an empty text, which then
    breaks other rules at the same place: those are left out."""
    reported_places = {(problem.file, problem.line, problem.column) for problem in first_problems if problem.line}
    later_problems = (
        problem
        for problem in problems[len(first_problems) :]
        if (problem.file, problem.line, problem.column) not in reported_places
    )
    file_names = list(dict.fromkeys(problem.file for problem in problems))
    file_order = {file: place for place, file in enumerate(file_names)}
    unique_problems = dict.fromkeys([*first_problems, *later_problems])
    return sorted(
        unique_problems, key=lambda problem: (file_order[problem.file], not problem.line, problem.line, problem.column)
    )


def _desired_digest(project_config: ProjectConfig, selected_resources: ResourcesByAddress, *, whole: bool) -> str:
    """Of everything that the manifests mean; people by their own digests."""
    providers = {
        name: [provider_spec.type, provider_spec.api_version]
        for name, provider_spec in project_config.project.providers.items()
    }
    return json_digest(
        {
            "project": [project_config.project.name, project_config.project.declared, project_config.spec, providers],
            "whole": whole,
            "resources": {
                address: _digest_input(*provider_spec) for address, provider_spec in selected_resources.items()
            },
        }
    )


def _digest_input(document: Document, resource: Resource) -> list[object]:
    value: Any = document.value
    spec = {name: item for name, item in value["spec"].items() if name not in _RECIPIENT_FIELDS}
    recipients = resource.recipients
    return [
        value["metadata"],
        spec,
        resource.settings_digest,
        recipients.count,
        recipients.numbers,
        recipients.payloads,
    ]
