"""Opens one project: manifests, lock, lease and providers, each on first use. Decides nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from declarative import humanize, manifest
from declarative.app import lock_file
from declarative.app.cache_life import end_old_caches
from declarative.app.connections import Connections, load_provider_types, open_remote_files, quarantine_plugins
from declarative.app.lock_check import check_lock
from declarative.errors import DialctlError, StateError, UsageError
from declarative.model.digest import PersonKey
from declarative.model.selection import EVERYTHING, Selection
from declarative.state.local_files import make_folder, refuse_link

if TYPE_CHECKING:
    from declarative.engine.observe import ObserveScope
    from declarative.model.capabilities import ProviderType
    from declarative.model.halts import Halts
    from declarative.model.lock import Lock
    from declarative.model.resource import Desired
    from declarative.state.base import Backend, Holder


@dataclass(frozen=True, kw_only=True)
class SessionOptions:
    """What a session was opened with, relative paths not yet resolved."""

    directory: Path
    """Where the user stands: relative paths start here."""
    path: Path
    """The project's directory, or a folder or manifest in it."""
    sandbox: bool
    """Use the embedded sandbox in place of every provider, with a lock of its own."""
    variables: Mapping[str, str]
    """Values of `${var.NAME}` by name; they win over files and environment."""
    variable_files: Sequence[Path]
    """YAML files of variables, later ones win."""
    selection: Selection
    """What the run is narrowed to; empty for everything in `path`."""
    environment: Mapping[str, str]
    """Environment variables: API keys, base URLs, `DIALCTL_*`, and who runs this in CI."""
    parallelism: int
    """How many reads of one provider may be in flight at once."""
    progress: Callable[[str], None]
    """Takes a short text for people about what happens now."""
    fetch_files: bool
    """Fetch recipients files under URLs that are not kept yet."""
    describe_all: bool
    """Describe every problem of the manifests, however many."""


class Session:
    """One project, opened for one run. Use it as a context manager: it closes what it opened.

    `directory` defaults to the current directory, `environment` to that of the process. `sleep` waits while a request
    may be open; `pause` waits where nothing is under way, so it may raise Interrupted, and defaults to `sleep`.
    Raises UsageError if `path` does not exist.
    """

    def __init__(
        self,
        path: str | Path = ".",
        *,
        sandbox: bool = False,
        variables: Mapping[str, str] | None = None,
        variable_files: Sequence[str | Path] = (),
        targets: Sequence[str] = (),
        labels: Sequence[str] = (),
        directory: str | Path | None = None,
        environment: Mapping[str, str] | None = None,
        parallelism: int = 8,
        progress: Callable[[str], None] = lambda _: None,
        describe_all: bool = False,
        fetch_files: bool = True,
        sleep: Callable[[float], None] = time.sleep,
        pause: Callable[[float], None] | None = None,
    ) -> None:
        self.options = SessionOptions(
            directory=Path.cwd() if directory is None else Path(directory),
            path=Path(path),
            sandbox=sandbox,
            variables=variables or {},
            variable_files=[Path(file) for file in variable_files],
            selection=Selection(tuple(targets), tuple(labels)),
            environment=dict(os.environ) if environment is None else environment,
            parallelism=parallelism,
            progress=progress,
            describe_all=describe_all,
            fetch_files=fetch_files,
        )
        self.sleep = sleep
        self.pause = pause or sleep
        self._exit_stack = ExitStack()
        if sandbox:
            self._exit_stack.enter_context(quarantine_plugins())
        if not (self.options.directory / self.options.path).exists():
            raise UsageError(f'there is no "{path}" here', hint="PATH is a directory or a manifest in it")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._exit_stack.close()

    @cached_property
    def provider_types(self) -> Mapping[str, ProviderType]:
        return load_provider_types()

    @cached_property
    def key(self) -> PersonKey:
        """The key under which people are digested, from DIALCTL_PERSON_KEY. Of several (NEW,OLD) it is the one that the
        lock was written under, so that one lock never mixes two; the first where there is no lock."""
        return _choose_key(self)

    @cached_property
    def desired(self) -> Desired:
        """What the manifests ask for. Raises ManifestError with every problem found."""
        self.options.progress("reading the manifests and their people")
        return _load_desired(self, self.options.directory / self.options.path, self.options.selection)

    def reuse(self, desired: Desired) -> None:
        """Use what an earlier session read of the same project, in place of its manifests."""
        self.desired = desired
        humanize.set_display_zone(desired.project.display_zone)

    def load_whole_project(self) -> Desired:
        """What all manifests of the project ask for, whatever this run is narrowed to. Raises ManifestError."""
        return _load_desired(self, self.project_directory, EVERYTHING)

    @cached_property
    def project_directory(self) -> Path:
        """The folder of the Project document, absolute; that of PATH for a project without one."""
        return Path(self.desired.project.directory)

    @cached_property
    def data_directory(self) -> Path:
        """Where dialctl keeps what is not to be committed. Raises StateError where a symbolic link has its name."""
        return refuse_link(self.project_directory / ".dialctl")

    @property
    def _sandbox_directory(self) -> Path:
        return self.data_directory / "sandbox"

    @cached_property
    def connections(self) -> Connections:
        connections = Connections(
            self.desired,
            self.provider_types,
            environment=self.options.environment,
            sandbox_directory=self._sandbox_directory if self.options.sandbox else None,
            sleep=self.sleep,
        )
        self._exit_stack.callback(connections.close)
        return connections

    @cached_property
    def local_backend(self) -> Backend:
        """The backend of this directory, whatever `state.url` says."""
        from declarative.state.catalog import open_backend

        return open_backend(self._sandbox_directory if self.options.sandbox else self.project_directory, None)

    @cached_property
    def backend(self) -> Backend:
        """Where the lock is kept: DIALCTL_STATE, else `state.url` of the Project, else this directory."""
        from declarative.state.catalog import open_backend

        if self.options.sandbox:
            make_folder(self._sandbox_directory)
            return self.local_backend
        variable_url = self.options.environment.get("DIALCTL_STATE")
        url = variable_url or self.desired.project.state_url
        origin = "DIALCTL_STATE" if variable_url else ""
        return open_backend(self.project_directory, url and self.name_place(url), origin=origin)

    def name_place(self, url: str) -> str:
        """A state URL with the project's name for `{project}`, so that one variable serves several projects."""
        return url.replace("{project}", self.desired.project.name)

    def lock(self) -> Lock | None:
        """Read the lock; None before the first apply. Raises StateError for the lock of another project, host or
        person key."""
        lock = lock_file.read_lock(self.backend, self.data_directory / "cache" / "lock")
        if lock is not None:
            self.check_lock(lock)
        return lock

    def local_lock(self) -> Lock | None:
        """Read the local lock file without contacting any provider or backend."""
        return lock_file.read_lock(self.local_backend, self.data_directory / "cache" / "lock")

    def scope(self, lock: Lock | None, *, everything: bool = False, applying: str | None = None) -> ObserveScope:
        """What `observe` needs to read this project. `everything` also reads members where it is known without them
        that there is nothing to do; `applying` names the run that holds the lease."""
        from declarative.engine.members import MemberCache
        from declarative.engine.observe import ObserveScope

        end_old_caches(self.data_directory / "cache")
        cache_directory = self.data_directory / "cache" / "members"
        hosts = self.connections.hosts
        return ObserveScope(
            desired=self.desired,
            lock=lock,
            providers=self.connections.providers,
            key=self.key,
            halts=self.read_halts(),
            caches={name: MemberCache(cache_directory, host) for name, host in hosts.items()},
            lock_is_authoritative=self.options.sandbox,
            parallelism=self.options.parallelism,
            applying=applying,
            everything=everything,
            progress=self.options.progress,
        )

    def holder(self) -> Holder | None:
        """Who holds the lease now, read without waiting. None if the lease is free or cannot be read."""
        try:
            return self.backend.holder()
        except DialctlError:
            return None

    def check_lock(self, lock: Lock) -> None:
        """Raises StateError for the lock of another project, host or person key."""
        location, project_name = self.backend.location, self.desired.project.name
        check_lock(lock, location, project_name, self.key, self.connections.hosts)

    def read_halts(self) -> Halts:
        """Read the emergency stops that stand now: those beside the lock, and DIALCTL_HALT. Raises StateError."""
        from declarative.app.emergency_halts import read_halts

        return read_halts(self.backend, self.options.environment)

    def wait_for_holder(self, seconds: float) -> None:
        """Wait so long for the run that holds the lease, and say so."""
        self.options.progress(f"waiting for {self.holder() or 'another run'} to finish")
        self.pause(seconds)


def _choose_key(session: Session) -> PersonKey:
    key = PersonKey.from_environment(session.options.environment)
    if not key.others:
        return key
    # Only the manifests say where the lock is, and reading them needs a key.
    probe = copy(session)
    probe.__dict__["key"] = key
    lock: Lock | None = None
    with suppress(StateError):  # whoever needs the lock says what is wrong with it
        backend = probe.backend if session.options.fetch_files else probe.local_backend
        lock = lock_file.read_lock(backend, probe.data_directory / "cache" / "lock")
    return key.preferring(lock.person_key) if lock else key


def _load_desired(session: Session, path: Path, selection: Selection) -> Desired:
    options = session.options
    files = [options.directory / file for file in options.variable_files]
    desired = manifest.load_desired(
        path,
        provider_types=session.provider_types,
        variables=manifest.Variables(options.variables, files, options.environment),
        key=session.key,
        selection=selection,
        cache=(path if path.is_dir() else path.parent) / ".dialctl" / "cache",
        remote_files=open_remote_files(path, options.environment, fetches=options.fetch_files),
        most_described=1_000_000_000 if options.describe_all else 20,
    )
    humanize.set_display_zone(desired.project.display_zone)
    return desired


def find_project(path: Path) -> Path:
    """The directory of the project that is meant by a directory: itself, or its only child that holds a Project.
    Raises UsageError, with their names, where several do."""
    if not path.is_dir():
        return path
    children = [path / child.name for child in manifest.find_nested_projects(path)]
    if len(children) > 1:
        names = ", ".join(str(child) for child in children[:10])
        raise UsageError(
            "there is no Project here, and several projects are below",
            hint=f"name one, as in dialctl -C {children[0]}: {names}",
        )
    return children[0] if children else path
