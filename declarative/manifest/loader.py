"""The entry of this package: reads manifests, checks every document, and returns the desired state. The only place that
raises the collected problems."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path as File

from declarative.errors import Problem
from declarative.manifest import addresses, paths
from declarative.manifest.discover import DocumentSet, find_documents, is_project
from declarative.manifest.document import Document
from declarative.manifest.head import check_head
from declarative.manifest.messages import MOST_DESCRIBED
from declarative.manifest.problems import ProblemCollector
from declarative.manifest.project import ProjectConfig, ProviderTypes, default_project_config, read_project_config
from declarative.manifest.recipients.gather import RecipientLoader
from declarative.manifest.recipients.remote_file import RemoteFiles
from declarative.manifest.resource import ResourceCompiler
from declarative.manifest.variables import Variables, substitute_variables
from declarative.model.digest import PersonKey, json_digest
from declarative.model.resource import Desired, Project, Resource
from declarative.model.selection import EVERYTHING, Selection

ResourcesByAddress = Mapping[str, tuple[Document, Resource]]
"""Each resource with its document, by address."""


def load_desired(
    path: File,
    *,
    provider_types: ProviderTypes,
    variables: Variables,
    key: PersonKey,
    selection: Selection = EVERYTHING,
    cache: File | None = None,
    most_described: int = MOST_DESCRIBED,
    remote_files: RemoteFiles | None = None,
) -> Desired:
    """Read what the manifests at `path`, a file or a directory, ask for.

    `key` digests people. `selection` limits the result. `cache` is a directory that keeps summaries of recipients
    files. `remote_files` gives those under URLs. Of a kind of problem `most_described` are described for each file.
    Raises ManifestError with every problem that was found.
    """
    problems = ProblemCollector(most_described)
    loader = RecipientLoader(key, cache, remote_files or RemoteFiles())
    with _pause_garbage_collection():
        return _load_desired(path, provider_types, variables, loader, selection, problems)


@contextmanager
def _pause_garbage_collection() -> Iterator[None]:
    """Keep the garbage collector from running: it takes five times as long as reading. Reading creates nodes and values
    by the hundred thousand. All of them stay in use, so that it would walk them again and again and find nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _load_desired(
    path: File,
    provider_types: ProviderTypes,
    variables: Variables,
    loader: RecipientLoader,
    selection: Selection,
    problems: ProblemCollector,
) -> Desired:
    document_set = find_documents(path, {file.resolve() for file in variables.files}, problems)
    has_unreadable = not problems.is_empty
    documents = _fill_documents(document_set.documents, variables, problems)
    problems.end_phase()
    project_config = _find_project_config(
        documents, document_set, provider_types, loader.remote_files, problems, has_unreadable=has_unreadable
    )
    resources = _compile_resources(documents, project_config, document_set.root, loader, problems)
    problems.extend(addresses.unknown_target_problems(path, selection, documents))
    if problems.is_empty:
        problems.extend(_empty_project_problems(path.resolve(), document_set, documents))
    problems.raise_if_any()
    chosen = selection.choose({address: resource.labels for address, (_, resource) in resources.items()})
    problems.extend(addresses.nothing_selected_problems(path, selection, chosen))
    problems.raise_if_any()
    selected_resources = {address: resources[address] for address in chosen}
    is_complete = (
        document_set.whole_directory and str(path.resolve()) == project_config.project.directory and not selection
    )
    return Desired(
        _describe_lists(project_config, loader),
        {address: resource for address, (_, resource) in selected_resources.items()},
        is_complete,
        make_digest=lambda: _digest_manifests(project_config, selected_resources, is_complete=is_complete),
        unread_files=tuple(loader.remote_files.unread),
        look_at_lists=loader.watch_lists(),
        foreign_file_count=document_set.foreign_count,
        list_addresses=lambda: {*resources, *addresses.addresses_outside(document_set, path)},
    )


def _describe_lists(project_config: ProjectConfig, loader: RecipientLoader) -> Project:
    """The project with what its do-not-call lists hold."""
    project, sources = project_config.project, project_config.limits.suppress
    lists = loader.suppression_files.describe(sources)
    return replace(project, policy=replace(project.policy, suppress_from=lists))


def _fill_documents(documents: Sequence[Document], variables: Variables, problems: ProblemCollector) -> list[Document]:
    """Put in the variables, and leave out documents that are not manifests."""
    values = variables.values(problems)
    filled = [substitute_variables(document, values, problems) for document in documents]
    return [checked_document for document in filled if (checked_document := check_head(document, problems))]


def _find_project_config(
    documents: Sequence[Document],
    document_set: DocumentSet,
    provider_types: ProviderTypes,
    remote_files: RemoteFiles,
    problems: ProblemCollector,
    *,
    has_unreadable: bool,
) -> ProjectConfig:
    projects = [document for document in documents if is_project(document)]
    problems.extend(_extra_project_problems(projects))
    if projects:
        return read_project_config(projects[0], document_set.root, provider_types, problems, remote_files)
    has_unreadable = has_unreadable or any(is_project(document) for document in document_set.documents)
    return default_project_config(document_set.root, provider_types, has_unreadable=has_unreadable)


def _compile_resources(
    documents: Sequence[Document],
    project_config: ProjectConfig,
    root: File,
    loader: RecipientLoader,
    problems: ProblemCollector,
) -> ResourcesByAddress:
    compiler = ResourceCompiler(project_config, root, loader, problems)
    compiled: dict[str, tuple[Document, Resource]] = {}
    problems.extend(addresses.address_problems(documents))
    for document in documents:
        if not is_project(document) and (resource := compiler.compile(document)):
            compiled[resource.address] = (document, resource)
    return compiled


def _extra_project_problems(projects: Sequence[Document]) -> Iterator[Problem]:
    for document in projects[1:]:
        message = f"a second Project; the first is at {projects[0].location(())}"
        yield document.problem((), message, "a run reads one project; keep the other in its own folder")


def _empty_project_problems(path: File, document_set: DocumentSet, documents: Sequence[Document]) -> Iterator[Problem]:
    """Find that there is nothing to do. `dialctl destroy` is suggested only for a whole project: the part that this run
    reads can be empty while other parts have resources."""
    problem = Problem(paths.display_path(path), 0, 0, "", "no Batch and no Call: a project without resources")
    if not any(document.file.is_relative_to(path) for document in documents):
        hint = "" if documents else "dialctl init writes a first one"
        yield replace(problem, message=_describe_empty(path), hint=hint)
    elif all(is_project(document) for document in documents):
        is_whole = document_set.whole_directory and path == document_set.root
        yield replace(problem, hint="to cancel what is still waiting, use dialctl destroy" if is_whole else "")


def _describe_empty(path: File) -> str:
    if path.is_dir():
        return "no manifests here"
    return "contains no manifest" if paths.read_file(path, paths.MANIFEST_LIMIT).strip() else "is empty"


def _digest_manifests(
    project_config: ProjectConfig, selected_resources: ResourcesByAddress, *, is_complete: bool
) -> str:
    """Digest everything that the manifests mean. People are covered by their own digests."""
    project = project_config.project
    providers = {name: [spec.type, spec.api_version] for name, spec in project.providers.items()}
    return json_digest(
        {
            "project": [project.name, project.declared, project_config.spec, providers],
            "whole": is_complete,
            "resources": {address: _digest_input(resource) for address, (_, resource) in selected_resources.items()},
        }
    )


def _digest_input(resource: Resource) -> list[object]:
    recipients = resource.recipients
    return [
        resource.manifest_digest,
        resource.settings_digest,
        recipients.count,
        recipients.numbers,
        recipients.payloads,
    ]
