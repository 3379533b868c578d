"""Wiring: from a directory and an environment to manifests, state, providers and a scene. Decides nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from declarative import manifest, schemas
from declarative.errors import DialctlError, ProviderError, StateError, UsageError
from declarative.model.digest import PersonKey
from declarative.providers import catalog
from declarative.sandbox import SANDBOX_KEY

if TYPE_CHECKING:
    from declarative.engine.observe import ObserveScope
    from declarative.model.capabilities import Capabilities, ProviderType
    from declarative.model.lock import Lock
    from declarative.model.resource import Desired, ProviderSpec, Route
    from declarative.providers.base import Provider
    from declarative.sandbox.embedded import EmbeddedSandbox
    from declarative.state.base import Backend, Holder, Lease
    from declarative.state.ledger import Ledger


@dataclass(frozen=True, kw_only=True)
class SessionOptions:
    """What the command line and the environment say. `directory` is where the user stands."""

    directory: Path
    path: Path = Path()
    sandbox: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)
    variable_files: Sequence[Path] = ()
    targets: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    parallelism: int = 8
    progress: Callable[[str], None] = lambda _: None


class Session:
    """One run of a command over one project. Use as a context manager: it closes what it opened. `pause` is the sleep
    of times when nothing is under way: it may raise Interrupted. Raises UsageError for a path that is not there."""

    def __init__(
        self, options: SessionOptions, sleep: Callable[[float], None], pause: Callable[[float], None] | None = None
    ) -> None:
        self.options = options
        self._real_sleep = sleep
        self._pause = pause or sleep
        self._exit_stack = ExitStack()
        if not (options.directory / options.path).exists():
            raise UsageError(f'there is no "{options.path}" here', hint="PATH is a directory or a manifest in it")

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self._exit_stack.close()

    @cached_property
    def provider_types(self) -> Mapping[str, ProviderType]:
        provider_types = catalog.types()
        for provider_type in provider_types.values():
            if provider_type.schemas is not None:
                schemas.add_directory(provider_type.schemas)
        return provider_types

    @cached_property
    def key(self) -> PersonKey:
        return PersonKey(self.options.environment.get("DIALCTL_PERSON_KEY"))

    @cached_property
    def desired(self) -> Desired:
        """Raises ManifestError with every problem found."""
        options = self.options
        path = options.directory / options.path
        options.progress("reading the manifests and their people")
        return manifest.load_desired(
            path,
            provider_types=self.provider_types,
            variables=manifest.Variables(options.variables, options.variable_files, options.environment),
            key=self.key,
            targets=options.targets,
            cache=(path if path.is_dir() else path.parent) / ".dialctl" / "cache",
        )

    @cached_property
    def project_directory(self) -> Path:
        """The project's directory."""
        return Path(self.desired.project.directory)

    @property
    def data_directory(self) -> Path:
        """Where dialctl keeps what nobody commits."""
        return self.project_directory / ".dialctl"

    @cached_property
    def sandbox(self) -> EmbeddedSandbox:
        from declarative.sandbox.embedded import open_sandbox

        embedded = open_sandbox(self.data_directory / "sandbox")
        self._exit_stack.callback(embedded.close)
        return embedded

    def sleep(self, seconds: float) -> None:
        """Waits in real time; in the embedded sandbox its clock is moved instead."""
        if self.options.sandbox:
            self.sandbox.advance(seconds)
        else:
            self._real_sleep(seconds)

    @cached_property
    def local_backend(self) -> Backend:
        """The backend of this directory, whatever `state.url` says."""
        from declarative.state.catalog import open_backend

        return open_backend(self.data_directory / "sandbox" if self.options.sandbox else self.project_directory, None)

    @cached_property
    def backend(self) -> Backend:
        from declarative.state.catalog import open_backend

        if self.options.sandbox:
            (self.data_directory / "sandbox").mkdir(parents=True, exist_ok=True, mode=0o700)
            return self.local_backend
        url = self.options.environment.get("DIALCTL_STATE") or self.desired.project.state_url
        return open_backend(self.project_directory, url)

    def lock(self) -> Lock | None:
        """The memory as it is now. Raises StateError where it belongs to another project, host or person key."""
        from declarative.state.format import parse_lock

        lock = parse_lock(self.backend.load())
        if lock is not None:
            self.check_lock(lock)
        return lock

    def local_lock(self) -> Lock | None:
        """The lock of this directory as it is, with nobody asked."""
        from declarative.state.format import parse_lock

        return parse_lock(self.local_backend.load())

    def check_lock(self, lock: Lock) -> None:
        if lock.project != self.desired.project.name:
            raise StateError(
                f'the lock at {self.backend.location} is of project "{lock.project}", the manifests are of '
                f'"{self.desired.project.name}"',
                hint="a project keeps its name for life; look whether this is the right directory",
            )
        if lock.person_key != self.key.fingerprint:
            raise StateError(
                f"the lock at {self.backend.location} was written "
                f"{'under another' if lock.person_key else 'without a'} DIALCTL_PERSON_KEY",
                hint="set the key it was written under" if lock.person_key else "unset DIALCTL_PERSON_KEY",
            )
        for name, host in lock.hosts.items():
            provider = self.providers.get(name)
            if provider is not None and not isinstance(provider, ProviderError) and provider.host != host:
                raise StateError(
                    f"the lock at {self.backend.location} was written against {host}, {name} is now at {provider.host}",
                    hint="look at the base URL in the environment; another host's calls need a lock of their own",
                )

    @cached_property
    def providers(self) -> Mapping[str, Provider | ProviderError]:
        """A connection, or why there is none, for each provider that the project declares. Nothing is sent yet."""
        return {name: self._connect(spec) for name, spec in self.desired.project.providers.items()}

    @property
    def used_providers(self) -> Mapping[str, Provider | ProviderError]:
        """Only those that some resource uses: the others need no key."""
        used_names = {resource.provider for resource in self.desired.resources.values()}
        return {name: provider for name, provider in self.providers.items() if name in used_names}

    @property
    def connected_providers(self) -> dict[str, Provider]:
        return {name: provider for name, provider in self.providers.items() if not isinstance(provider, ProviderError)}

    def _connect(self, spec: ProviderSpec) -> Provider | ProviderError:
        from declarative.providers.base import ConnectOptions, steady_seconds

        environment, transport, monotonic = self.options.environment, None, steady_seconds
        if self.options.sandbox:
            provider_type = self.provider_types[spec.type]
            base_url = f"http://127.0.0.1/{spec.type}"
            environment = {provider_type.key_variable: SANDBOX_KEY, provider_type.url_variable: base_url}
            transport, monotonic = self.sandbox.transport(), self._sandbox_monotonic
        try:
            connect_options = ConnectOptions(
                environment=environment, transport=transport, sleep=self.sleep, monotonic=monotonic
            )
            provider = catalog.connect(spec, connect_options)
        except ProviderError as error:
            return error
        self._exit_stack.callback(provider.close)
        return provider

    def _sandbox_monotonic(self) -> float:
        return self.sandbox.now().timestamp()

    def capabilities(self, provider_name: str, route: Route) -> Capabilities:
        spec = self.desired.project.providers[provider_name]
        provider_type = self.provider_types[spec.type]
        return provider_type.routes[spec.api_version or provider_type.versions[0]][route]

    def scope(self, lock: Lock | None, *, everything: bool = False, applying: str | None = None) -> ObserveScope:
        from declarative.engine.members import MemberCache
        from declarative.engine.observe import ObserveScope

        return ObserveScope(
            desired=self.desired,
            lock=lock,
            providers=self.providers,
            key=self.key,
            caches={
                name: MemberCache(self.data_directory / "cache" / "members", provider.host)
                for name, provider in self.connected_providers.items()
            },
            lock_is_authoritative=self.options.sandbox,
            parallelism=self.options.parallelism,
            applying=applying,
            everything=everything,
            progress=self.options.progress,
        )

    def holder(self) -> Holder | None:
        """Who holds the lease now, as far as can be told without waiting."""
        try:
            return self.backend.holder()
        except DialctlError:
            return None

    def _wait_for_holder(self, seconds: float) -> None:
        self.options.progress(f"waiting for {self.holder() or 'another run'} to finish")
        self._pause(seconds)

    @contextmanager
    def open_ledger(self, wait: float) -> Iterator[tuple[Ledger, Lease]]:
        """The ledger under its lease, folded at the end whatever happened. Raises LeaseHeld."""
        from declarative.state.base import Holder
        from declarative.state.ledger import Ledger

        lease = self.backend.lease(Holder.from_environment(self.options.environment), wait, self._wait_for_holder)
        with lease:
            ledger = Ledger.open(self.backend, lease)
            if ledger.is_started:
                self.check_lock(ledger.lock)
            try:
                yield ledger, lease
            finally:
                if ledger.is_started:
                    ledger.fold()
