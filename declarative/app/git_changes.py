"""`dialctl plan --base-ref`: finds the addresses that a branch changed since a git revision. Reads the repository and
changes nothing in it; knows no plan."""

from __future__ import annotations

import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from declarative import manifest
from declarative.app.session import Session
from declarative.errors import ManifestError, UsageError
from declarative.model.resource import Desired


def find_changed_addresses(session: Session, ref: str) -> frozenset[str]:
    """Addresses added, removed or changed since this branch left `ref`.

    Manifests, recipients, do-not-call files and variable files count, each as far as it changes what the resource
    means. If the manifests of the base cannot be read, every address counts. Raises UsageError without a git
    repository, for an unknown revision, or without history in common.
    """
    current = _comparable_values(session.desired)
    project_directory = session.project_directory
    repository = Path(
        _git_output(project_directory, "rev-parse", "--show-toplevel", error=_no_repository_error(project_directory))
    )
    with _check_out(repository, project_directory, _merge_base(project_directory, ref), session) as base_directory:
        try:
            previous = _comparable_values(_load_base(session, base_directory, repository))
        except ManifestError:
            return frozenset(current)
    return frozenset(
        address for address in current.keys() | previous.keys() if current.get(address) != previous.get(address)
    )


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


def _merge_base(project_directory: Path, ref: str) -> str:
    shallow = "if this is a shallow clone, fetch all of it (actions/checkout: fetch-depth: 0; GitLab: GIT_DEPTH: 0)"
    unknown_revision = UsageError(f'git knows no revision "{ref}"', hint=f"fetch it first; {shallow}")
    commit = _git_output(
        project_directory,
        "rev-parse",
        "--verify",
        "--quiet",
        "--end-of-options",
        f"{ref}^{{commit}}",
        error=unknown_revision,
    )
    no_common_history = UsageError(f'"{ref}" and the checkout have no history in common', hint=shallow)
    return _git_output(project_directory, "merge-base", commit, "HEAD", error=no_common_history)


@contextmanager
def _check_out(repository: Path, project_directory: Path, commit: str, session: Session) -> Iterator[Path]:
    """The project and the variable files as of `commit`, in a temporary folder that stands for the top of the
    repository."""
    sources = [project_directory.resolve(), *(_resolve_file(session, file) for file in session.options.variable_files)]
    paths = [path.relative_to(repository).as_posix() for path in sources if path.is_relative_to(repository)]
    with TemporaryDirectory() as folder:
        (Path(folder) / ".git").mkdir()  # ends the search for a Project in the folders above
        existing_paths = [path for path in paths if path == "." or _is_in_commit(repository, commit, path)]
        if existing_paths:
            # Not `git worktree`: that would write into the repository.
            archive = _run_git(repository, "archive", "--format=tar", commit, "--", *existing_paths).stdout
            with tarfile.open(fileobj=BytesIO(archive)) as archive_file:
                archive_file.extractall(
                    folder, [member for member in archive_file if member.isfile() or member.isdir()], filter="data"
                )
        yield Path(folder).resolve()


def _load_base(session: Session, base_directory: Path, repository: Path) -> Desired:
    """The manifests of the base. Files outside the repository, and files that the base lacks, are read as they are
    now. Raises ManifestError."""

    def to_base(path: Path) -> Path:
        base_path = base_directory / path.relative_to(repository) if path.is_relative_to(repository) else path
        return base_path if base_path.exists() else path

    options = session.options
    manifest_path = (options.directory / options.path).resolve()
    files = [to_base(_resolve_file(session, file)) for file in options.variable_files]
    return manifest.load_desired(
        base_directory / manifest_path.relative_to(repository),
        provider_types=session.provider_types,
        variables=manifest.Variables(options.variables, files, options.environment),
        key=session.key,
        remote_files=session.remote_files,
    )


def _resolve_file(session: Session, file: Path) -> Path:
    return (session.options.directory / file).resolve()


def _is_in_commit(repository: Path, commit: str, path: str) -> bool:
    return _run_git(repository, "cat-file", "-e", f"{commit}:{path}").returncode == 0


def _git_output(directory: Path, *arguments: str, error: UsageError) -> str:
    completed = _run_git(directory, *arguments)
    if completed.returncode:
        raise error
    return completed.stdout.decode().strip()


def _run_git(directory: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", "-C", directory, *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        raise UsageError("--base-ref needs git, which is not installed here", hint="install git") from None


def _no_repository_error(project_directory: Path) -> UsageError:
    return UsageError(
        f"--base-ref needs a git repository, and {project_directory} is in none", hint="leave --base-ref out"
    )
