"""Wiring: from a directory and an environment to manifests, state, providers and a scene. Decides nothing."""

from __future__ import annotations

import os
import time
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
    from declarative.sandbox.embedded import Embedded
    from declarative.state.base import Backend, Holder, Lease
    from declarative.state.ledger import Ledger


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line and the environment say. `directory` is where the user stands."""

    directory: Path
    path: Path = Path()
    sandbox: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)
    variable_files: Sequence[Path] = ()
    targets: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    parallelism: int = 8
    say: Callable[[str], None] = lambda _: None


class Session:
    """One run of a command over one project. Use as a context manager: it closes what it opened. `pause` is the sleep
    of times when nothing is under way: it may raise Interrupted. Raises UsageError for a path that is not there."""

    def __init__(
        self, options: Options, sleep: Callable[[float], None], pause: Callable[[float], None] | None = None
    ) -> None:
        self.options = options
        self._real_sleep = sleep
        self._pause = pause or sleep
        self._closing = ExitStack()
        if not (options.directory / options.path).exists():
            raise UsageError(f'there is no "{options.path}" here', hint="PATH is a directory or a manifest in it")

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    @cached_property
    def types(self) -> Mapping[str, ProviderType]:
        found = catalog.types()
        for kind in found.values():
            if kind.schemas is not None:
                schemas.also_in(kind.schemas)
        return found

    @cached_property
    def key(self) -> PersonKey:
        return PersonKey(self.options.environment.get("DIALCTL_PERSON_KEY"))

    @cached_property
    def desired(self) -> Desired:
        """Raises ManifestError with every problem found."""
        options = self.options
        path = options.directory / options.path
        options.say("reading the manifests and their people")
        return manifest.load(
            path,
            types=self.types,
            variables=manifest.Variables(options.variables, options.variable_files, options.environment),
            key=self.key,
            targets=options.targets,
            cache=(path if path.is_dir() else path.parent) / ".dialctl" / "cache",
        )

    @cached_property
    def root(self) -> Path:
        """The project's directory."""
        return Path(self.desired.project.directory)

    @property
    def home(self) -> Path:
        """Where dialctl keeps what nobody commits."""
        return self.root / ".dialctl"

    @cached_property
    def sandbox(self) -> Embedded:
        from declarative.sandbox.embedded import open_sandbox

        embedded = open_sandbox(self.home / "sandbox")
        self._closing.callback(embedded.close)
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

        return open_backend(self.home / "sandbox" if self.options.sandbox else self.root, None)

    @cached_property
    def backend(self) -> Backend:
        from declarative.state.catalog import open_backend

        if self.options.sandbox:
            (self.home / "sandbox").mkdir(parents=True, exist_ok=True, mode=0o700)
            return self.local_backend
        url = self.options.environment.get("DIALCTL_STATE") or self.desired.project.state_url
        return open_backend(self.root, url)

    def lock(self) -> Lock | None:
        """The memory as it is now. Raises StateError where it belongs to another project, host or person key."""
        from declarative.state.format import parse

        lock = parse(self.backend.load())
        if lock is not None:
            self.check_lock(lock)
        return lock

    def local_lock(self) -> Lock | None:
        """The lock of this directory as it is, with nobody asked."""
        from declarative.state.format import parse

        return parse(self.local_backend.load())

    def check_lock(self, lock: Lock) -> None:
        if lock.project != self.desired.project.name:
            raise StateError(
                f'the lock at {self.backend.where} is of project "{lock.project}", the manifests are of '
                f'"{self.desired.project.name}"',
                hint="a project keeps its name for life; look whether this is the right directory",
            )
        if lock.person_key != self.key.fingerprint:
            raise StateError(
                f"the lock at {self.backend.where} was written "
                f"{'under another' if lock.person_key else 'without a'} DIALCTL_PERSON_KEY",
                hint="set the key it was written under" if lock.person_key else "unset DIALCTL_PERSON_KEY",
            )
        for name, host in lock.hosts.items():
            provider = self.providers.get(name)
            if provider is not None and not isinstance(provider, ProviderError) and provider.host != host:
                raise StateError(
                    f"the lock at {self.backend.where} was written against {host}, {name} is now at {provider.host}",
                    hint="look at the base URL in the environment; another host's calls need a lock of their own",
                )

    @cached_property
    def providers(self) -> Mapping[str, Provider | ProviderError]:
        """A connection, or why there is none, for each provider that the project declares. Nothing is sent yet."""
        return {name: self._connect(spec) for name, spec in self.desired.project.providers.items()}

    @property
    def used_providers(self) -> Mapping[str, Provider | ProviderError]:
        """Only those that some resource uses: the others need no key."""
        names = {resource.provider for resource in self.desired.resources.values()}
        return {name: found for name, found in self.providers.items() if name in names}

    @property
    def connected_providers(self) -> dict[str, Provider]:
        return {name: found for name, found in self.providers.items() if not isinstance(found, ProviderError)}

    def _connect(self, spec: ProviderSpec) -> Provider | ProviderError:
        from declarative.providers.base import ConnectOptions

        environment, transport, monotonic = self.options.environment, None, time.monotonic
        if self.options.sandbox:
            kind = self.types[spec.type]
            base = f"http://127.0.0.1/{spec.type}"
            environment = {kind.key_variable: SANDBOX_KEY, kind.url_variable: base}
            transport, monotonic = self.sandbox.transport(), self._sandbox_seconds
        try:
            around = ConnectOptions(environment=environment, transport=transport, sleep=self.sleep, monotonic=monotonic)
            provider = catalog.connect(spec, around)
        except ProviderError as error:
            return error
        self._closing.callback(provider.close)
        return provider

    def _sandbox_seconds(self) -> float:
        return self.sandbox.now().timestamp()

    def abilities(self, provider: str, route: Route) -> Capabilities:
        spec = self.desired.project.providers[provider]
        kind = self.types[spec.type]
        return kind.routes[spec.api_version or kind.versions[0]][route]

    def scene(self, lock: Lock | None, *, everything: bool = False, applying: str | None = None) -> ObserveScope:
        from declarative.engine.members import MemberCache
        from declarative.engine.observe import ObserveScope

        return ObserveScope(
            desired=self.desired,
            lock=lock,
            providers=self.providers,
            key=self.key,
            caches={
                name: MemberCache(self.home / "cache" / "members", p.host)
                for name, p in self.connected_providers.items()
            },
            lock_is_authoritative=self.options.sandbox,
            parallelism=self.options.parallelism,
            applying=applying,
            everything=everything,
            progress=self.options.say,
        )

    def holder(self) -> Holder | None:
        """Who holds the lease now, as far as can be told without waiting."""
        try:
            return self.backend.holder()
        except DialctlError:
            return None

    def _wait_for_the_holder(self, seconds: float) -> None:
        self.options.say(f"waiting for {self.holder() or 'another run'} to finish")
        self._pause(seconds)

    @contextmanager
    def open_ledger(self, wait: float) -> Iterator[tuple[Ledger, Lease]]:
        """The ledger under its lease, folded at the end whatever happened. Raises LeaseHeld."""
        from declarative.state.base import Holder
        from declarative.state.ledger import Ledger

        lease = self.backend.lease(Holder.here(self.options.environment), wait, self._wait_for_the_holder)
        with lease:
            ledger = Ledger.open(self.backend, lease)
            if ledger.started:
                self.check_lock(ledger.lock)
            try:
                yield ledger, lease
            finally:
                if ledger.started:
                    ledger.fold()
