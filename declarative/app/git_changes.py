"""`dialctl plan --base-ref`: finds the addresses that a branch changed since a git revision. Reads the repository and
changes nothing in it; knows no plan."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from declarative import manifest
from declarative.app.connections import open_remote_files
from declarative.app.git_repository import GitRepository, GitUnavailable
from declarative.app.session import Session
from declarative.errors import ManifestError, UsageError
from declarative.model.resource import Desired


def find_changed_addresses(session: Session, ref: str) -> frozenset[str]:
    """Addresses added, removed or changed since this branch left `ref`.

    Manifests, recipients, do-not-call files and variable files count, each as far as it changes what the resource
    means. If the manifests of the base cannot be read, every address counts. Raises UsageError without a git
    repository that is all here, for an unknown revision, or without history in common.
    """
    current = _comparable_values(session.desired)
    try:
        previous = _read_base(session, ref)
    except ManifestError:
        return frozenset(current)
    except GitUnavailable as error:
        raise UsageError(
            f"--base-ref needs a git repository that can be read: {error.message}",
            hint=error.hint or "leave --base-ref out",
        ) from None
    return frozenset(
        address for address in current.keys() | previous.keys() if current.get(address) != previous.get(address)
    )


def _read_base(session: Session, ref: str) -> dict[str, object]:
    repository = GitRepository(session.project_directory)
    with _check_out(repository, _find_base(repository, ref), session) as base_directory:
        return _comparable_values(_load_base(session, base_directory, repository.root))


def _comparable_values(desired: Desired) -> dict[str, object]:
    """By address, everything that its manifest, its recipients and its provider come to. Recipients are compared by
    their digests."""
    return {
        address: (
            {
                attribute.name: getattr(resource, attribute.name)
                for attribute in fields(resource)
                if attribute.name != "recipients"
            },
            (resource.recipients.count, resource.recipients.numbers, resource.recipients.payloads),
            desired.project.providers.get(resource.provider),
        )
        for address, resource in desired.resources.items()
    }


def _find_base(repository: GitRepository, ref: str) -> str:
    shallow = "if this is a shallow clone, fetch all of it (actions/checkout: fetch-depth: 0; GitLab: GIT_DEPTH: 0)"
    commit = repository.find_commit(ref)
    if commit is None:
        raise UsageError(f'git knows no revision "{ref}"', hint=f"fetch it first; {shallow}")
    base = repository.find_merge_base(commit, "HEAD")
    if base is None:
        raise UsageError(f'"{ref}" and the checkout have no history in common', hint=shallow)
    return base


@contextmanager
def _check_out(repository: GitRepository, commit: str, session: Session) -> Iterator[Path]:
    """What a run would read as of `commit`, in a temporary folder that stands for the top of the repository: the
    manifests and the variable files, and then what the manifests name."""
    with TemporaryDirectory() as folder:
        base_directory = Path(folder).resolve()
        (base_directory / ".git").mkdir()  # ends the search for a Project in the folders above
        blob_ids = _list_blobs(repository, commit, session)
        variable_files = {base_directory / path for path in _variable_paths(session, repository.root)}
        manifests = {file for file in map(base_directory.joinpath, blob_ids) if _is_read_by_name(file)}
        _write_files(repository, blob_ids, manifests | variable_files, base_directory)
        manifest_path = _to_base(session.options.directory / session.options.path, base_directory, repository.root)
        if manifest_path.exists():
            variables = _base_variables(session, base_directory, repository.root)
            named_files = {Path(os.path.normpath(file)) for file in manifest.list_named_files(manifest_path, variables)}
            _write_files(repository, blob_ids, named_files - manifests - variable_files, base_directory)
        yield base_directory


def _list_blobs(repository: GitRepository, commit: str, session: Session) -> dict[str, str]:
    """Blob id by path of every file of the project, and of the variable files."""
    project_directory = session.project_directory.resolve().relative_to(repository.root).as_posix()
    paths = [project_directory, *_variable_paths(session, repository.root)]
    # A tree may hold any name. One that leads out of the folder is left out.
    return {
        path: blob_id
        for path, blob_id in repository.list_files(commit, paths).items()
        if ".." not in PurePosixPath(path).parts
    }


def _variable_paths(session: Session, root: Path) -> list[str]:
    files = [_resolve_file(session, file) for file in session.options.variable_files]
    return [file.relative_to(root).as_posix() for file in files if file.is_relative_to(root)]


def _is_read_by_name(file: Path) -> bool:
    """Whether a run reads this file because of its name: a manifest, or the list of files that are none."""
    return file.suffix.lower() in (".yaml", ".yml") or file.name == ".dialctlignore"


def _write_files(
    repository: GitRepository, blob_ids: Mapping[str, str], files: Collection[Path], base_directory: Path
) -> None:
    """Write those of these files that the base has."""
    base_files = {base_directory / path: blob_id for path, blob_id in blob_ids.items()}
    repository.write_blobs({file: base_files[file] for file in sorted(files) if file in base_files})


def _load_base(session: Session, base_directory: Path, root: Path) -> Desired:
    """The manifests of the base. Files outside the repository, and files that the base lacks, are read as they are
    now. Raises ManifestError."""
    options = session.options
    manifest_path = (options.directory / options.path).resolve()
    return manifest.load_desired(
        base_directory / manifest_path.relative_to(root),
        provider_types=session.provider_types,
        variables=_base_variables(session, base_directory, root),
        key=session.key,
        remote_files=open_remote_files(manifest_path, options.environment, fetches=options.fetch_files),
    )


def _base_variables(session: Session, base_directory: Path, root: Path) -> manifest.Variables:
    files = []
    for file in session.options.variable_files:
        base_file = _to_base(session.options.directory / file, base_directory, root)
        files.append(base_file if base_file.exists() else _resolve_file(session, file))
    return manifest.Variables(session.options.variables, files, session.options.environment)


def _to_base(path: Path, base_directory: Path, root: Path) -> Path:
    """The path that stands for this one in the base; the path itself outside the repository."""
    resolved = path.resolve()
    return base_directory / resolved.relative_to(root) if resolved.is_relative_to(root) else resolved


def _resolve_file(session: Session, file: Path) -> Path:
    return (session.options.directory / file).resolve()


def find_head(session: Session) -> str:
    """The commit that is checked out; empty where git knows none."""
    try:
        return GitRepository(session.project_directory).find_commit("HEAD") or ""
    except GitUnavailable:
        return ""
