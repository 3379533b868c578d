"""What a branch changed: the addresses whose meaning differs from that at a git revision. Reads the repository and
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


def caused(session: Session, ref: str) -> frozenset[str]:
    """Addresses added, removed or changed since this branch left `ref`: manifests, recipients, do-not-call files and
    variable files all count, as they mean something to the resource. Where the manifests of then cannot be read, all
    addresses. Raises UsageError where there is no git repository, no such revision, or no history in common."""
    now = _meanings(session.desired)
    root = session.root
    top = Path(_git(root, "rev-parse", "--show-toplevel", failed=_no_repository(root)))
    with _checked_out(top, root, _fork(root, ref), session) as then:
        try:
            before = _meanings(_desired(session, then, top))
        except ManifestError:
            return frozenset(now)
    return frozenset(name for name in now.keys() | before.keys() if now.get(name) != before.get(name))


def _meanings(desired: Desired) -> dict[str, object]:
    """By address, all that its manifest, its people and its provider come to."""
    return {
        address: (
            {one.name: getattr(resource, one.name) for one in fields(resource) if one.name != "people"},
            (resource.people.count, resource.people.numbers, resource.people.payloads),
            desired.project.providers.get(resource.provider),
        )
        for address, resource in desired.resources.items()
    }


def _fork(root: Path, ref: str) -> str:
    shallow = "if this is a shallow clone, fetch all of it (actions/checkout: fetch-depth: 0; GitLab: GIT_DEPTH: 0)"
    unknown = UsageError(f'git knows no revision "{ref}"', hint=f"fetch it first; {shallow}")
    commit = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}", failed=unknown)
    unrelated = UsageError(f'"{ref}" and the checkout have no history in common', hint=shallow)
    return _git(root, "merge-base", commit, "HEAD", failed=unrelated)


@contextmanager
def _checked_out(top: Path, root: Path, commit: str, session: Session) -> Iterator[Path]:
    """The project and the variable files of then, in a folder of their own that stands for the top of the repository.
    git archive and not git worktree: that would write into the repository."""
    wanted = [root.resolve(), *(_absolute(session, file) for file in session.options.variable_files)]
    paths = [path.relative_to(top).as_posix() for path in wanted if path.is_relative_to(top)]
    with TemporaryDirectory() as folder:
        (Path(folder) / ".git").mkdir()  # where the search for a Project ends
        there = [path for path in paths if path == "." or _exists(top, commit, path)]
        if there:
            archive = _run(top, "archive", "--format=tar", commit, "--", *there).stdout
            with tarfile.open(fileobj=BytesIO(archive)) as tar:
                tar.extractall(folder, [m for m in tar if m.isfile() or m.isdir()], filter="data")
        yield Path(folder).resolve()


def _desired(session: Session, then: Path, top: Path) -> Desired:
    def moved(path: Path) -> Path:
        past = then / path.relative_to(top) if path.is_relative_to(top) else path
        return past if past.exists() else path

    options = session.options
    place = (options.directory / options.path).resolve()
    files = [moved(_absolute(session, file)) for file in options.variable_files]
    return manifest.load(
        then / place.relative_to(top),
        types=session.types,
        variables=manifest.Variables(options.variables, files, options.environment),
        key=session.key,
    )


def _absolute(session: Session, file: Path) -> Path:
    return (session.options.directory / file).resolve()


def _exists(top: Path, commit: str, path: str) -> bool:
    return _run(top, "cat-file", "-e", f"{commit}:{path}").returncode == 0


def _git(directory: Path, *arguments: str, failed: UsageError) -> str:
    done = _run(directory, *arguments)
    if done.returncode:
        raise failed
    return done.stdout.decode().strip()


def _run(directory: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", "-C", directory, *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        raise UsageError("--base-ref needs git, and there is none here", hint="install git") from None


def _no_repository(root: Path) -> UsageError:
    return UsageError(f"--base-ref needs a git repository, and {root} lies in none", hint="leave --base-ref out")
