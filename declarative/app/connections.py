"""Connects the providers that a project declares, or the embedded sandbox in their place. Decides nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from declarative import manifest, schemas
from declarative.errors import DialctlError, NoSandbox, ProviderError, UsageError
from declarative.model.capabilities import broken_type
from declarative.model.outline import OutlinedProvider
from declarative.model.resource import Desired, Project, ProviderSpec
from declarative.providers import catalog, plugins
from declarative.sandbox import SANDBOX_KEY

if TYPE_CHECKING:
    from obstore.store import ObjectStore

    from declarative.model.capabilities import Capabilities, ProviderType
    from declarative.model.outline import Outline
    from declarative.model.resource import Route
    from declarative.providers.base import ConnectOptions, Provider
    from declarative.providers.plugins import Simulator
    from declarative.sandbox.embedded import EmbeddedSandbox

_FETCH_TIMEOUT = timedelta(seconds=60)
"""For one request to the store of a recipients file."""


def load_provider_types() -> Mapping[str, ProviderType]:
    """Every provider type by its name, those that are broken too. Makes the schemas of types from other packages
    known."""
    provider_types = catalog.types()
    for provider_type in provider_types.values():
        if provider_type.schemas is not None:
            schemas.add_directory(provider_type.schemas)
    unusable = {**catalog.broken_types(), **dict.fromkeys(catalog.unsimulated_types(), "the sandbox has none of it")}
    return {**provider_types, **{name: broken_type(name, reason) for name, reason in unusable.items()}}


def quarantine_plugins() -> AbstractContextManager[None]:
    """Within it, types from other packages find neither keys nor a network, and those without a simulator do not run at
    all: for the time that a sandbox is in use."""
    return catalog.quarantine()


class Connections:
    """The providers of one project, connected on first use. Connecting sends nothing.

    `sandbox_directory` is where the embedded sandbox keeps its world; None connects to the real providers, with keys
    and base URLs from `environment`. Close it in the end.
    """

    def __init__(
        self,
        desired: Desired,
        provider_types: Mapping[str, ProviderType],
        *,
        environment: Mapping[str, str],
        sandbox_directory: Path | None,
        sleep: Callable[[float], None],
    ) -> None:
        self._desired = desired
        self._provider_types = provider_types
        self._environment = environment
        self._sandbox_directory = sandbox_directory
        self._real_sleep = sleep
        self._exit_stack = ExitStack()
        self._simulators: dict[str, Simulator] = {}

    def close(self) -> None:
        """Closes what was opened: the providers first, then the sandbox."""
        self._exit_stack.close()

    @cached_property
    def providers(self) -> Mapping[str, Provider | ProviderError]:
        """Each declared provider by its name: connected, or the error that says why it cannot be."""
        return {name: self._connect(spec) for name, spec in self._desired.project.providers.items()}

    @property
    def only_type(self) -> ProviderType:
        """The type of the one provider that is declared."""
        [spec] = self._desired.project.providers.values()
        return self._provider_types[spec.type]

    @property
    def used_providers(self) -> Mapping[str, Provider | ProviderError]:
        """The providers that some resource uses. The others need no API key."""
        used_names = {resource.provider for resource in self._desired.resources.values()}
        return {name: provider for name, provider in self.providers.items() if name in used_names}

    @property
    def connected_providers(self) -> dict[str, Provider]:
        """The declared providers that could be connected."""
        return {name: provider for name, provider in self.providers.items() if not isinstance(provider, ProviderError)}

    @property
    def hosts(self) -> dict[str, str]:
        """The host of each connected provider."""
        return {name: provider.host for name, provider in self.connected_providers.items()}

    def capabilities(self, provider_name: str, route: Route) -> Capabilities:
        """What a declared provider can do by this route, in the API version that the project pins or the first one."""
        spec = self._desired.project.providers[provider_name]
        provider_type = self._provider_types[spec.type]
        return provider_type.routes[spec.api_version or provider_type.versions[0]][route]

    def sleep(self, seconds: float) -> None:
        """Waits in real time; with the embedded sandbox it moves the sandbox's clock instead."""
        if self._sandbox_directory is None:
            self._real_sleep(seconds)
        else:
            self._sandbox.advance(seconds)

    def read_time(self, *, asks: bool) -> datetime:
        """The earliest time of the providers in use, which the embedded sandbox always tells. That of this machine
        where none is connected or answers, or where none is to be asked."""
        names = {resource.provider for resource in self._desired.resources.values()}
        may_ask, times = asks or self._sandbox_directory is not None, list[datetime]()
        for name, provider in self.connected_providers.items() if may_ask else ():
            with suppress(DialctlError):
                times += [provider.now()] if name in names else []
        return min(times, default=datetime.now(UTC)).replace(microsecond=0)

    def _connect(self, spec: ProviderSpec) -> Provider | ProviderError:
        try:
            provider = catalog.connect(spec, self._connect_options(spec))
        except ProviderError as error:
            is_simulated = self._sandbox_directory is not None and not catalog.is_built_in(spec.type)
            # What an earlier run did there is in the same sandbox, so it holds back nobody else.
            return NoSandbox(error.message, hint=error.hint) if is_simulated else error
        self._exit_stack.callback(provider.close)
        return provider

    def _connect_options(self, spec: ProviderSpec) -> ConnectOptions:
        from declarative.providers.base import ConnectOptions

        if self._sandbox_directory is None:
            return ConnectOptions(environment=self._environment, sleep=self.sleep)
        simulator = None if catalog.is_built_in(spec.type) else self._open_simulator(spec.type)
        provider_type = self._provider_types.get(spec.type)
        if provider_type is None:
            raise ProviderError(f"{spec.name}: no provider type {spec.type!r} can be loaded")
        # No variable of the real environment: a base URL set there must not take the sandbox's place.
        environment = {
            **dict.fromkeys(provider_type.key_variables, SANDBOX_KEY),
            provider_type.url_variable: f"http://127.0.0.1/{spec.type}",
        }
        if simulator is not None:
            environment |= simulator.environment()
        transport = self._sandbox.transport() if simulator is None else simulator.transport()
        monotonic = self._sandbox_seconds
        return ConnectOptions(environment=environment, transport=transport, sleep=self.sleep, monotonic=monotonic)

    def _open_simulator(self, type_name: str) -> Simulator:
        """The simulator of a type from outside: one for all providers of the type. Raises ProviderError."""
        if type_name not in self._simulators:
            assert self._sandbox_directory is not None
            directory = self._sandbox_directory / "simulators" / type_name
            simulator = plugins.open_simulator(type_name, directory, self._sandbox.now)
            self._exit_stack.callback(simulator.close)
            self._simulators[type_name] = simulator
        return self._simulators[type_name]

    @cached_property
    def _sandbox(self) -> EmbeddedSandbox:
        from declarative.sandbox.embedded import open_sandbox

        assert self._sandbox_directory is not None
        sandbox = open_sandbox(self._sandbox_directory)
        self._exit_stack.callback(sandbox.close)
        return sandbox

    def _sandbox_seconds(self) -> float:
        return self._sandbox.now().timestamp()


def connect_type(
    type_name: str,
    *,
    environment: Mapping[str, str],
    sandbox_directory: Path | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Connections:
    """Connections of a project that is yet to be written, with one provider of this type. Raises UsageError."""
    provider_types = load_provider_types()
    if reason := provider_types[type_name].broken if type_name in provider_types else "":
        raise UsageError(f"the provider type {type_name} cannot be used: {reason}", hint="repair or remove its package")
    if type_name not in provider_types:
        known = ", ".join(provider_types)
        raise UsageError(f'there is no provider type "{type_name}"', hint=f"provider types: {known}")
    desired = Desired(Project(providers={type_name: ProviderSpec(type_name, type_name)}), {}, True, str)
    return Connections(
        desired, provider_types, environment=environment, sandbox_directory=sandbox_directory, sleep=sleep
    )


def read_outline(
    path: Path, variables: Mapping[str, str], files: Sequence[Path], environment: Mapping[str, str], lock: Path
) -> Outline:
    """What can be read of the project at `path`, whatever is wrong in its manifests. `lock` is where its lock is, in
    its folder."""
    return manifest.read_outline(path, manifest.Variables(variables, files, environment), lock)


def find_keyed_types(environment: Mapping[str, str], *, sandbox: bool) -> list[str]:
    """The provider types of this package for which the environment holds a key; with the sandbox all of them."""
    built_in = catalog.find_types(catalog.BUILT_IN)
    return [
        name
        for name, kind in built_in.items()
        if sandbox or all(environment.get(variable) for variable in kind.key_variables)
    ]


def connect_outlined(
    outline: Outline,
    names: Collection[str],
    *,
    environment: Mapping[str, str],
    sandbox_directory: Path | None,
    sleep: Callable[[float], None],
) -> Connections:
    """Connections to these providers of a project whose manifests may be broken. A provider that no document declares
    is one of its own type."""
    declared = {name: outline.providers.get(name) or OutlinedProvider(type=name) for name in names}
    specs = {name: ProviderSpec(name, provider.type, provider.api_version) for name, provider in declared.items()}
    provider_types = catalog.find_types({spec.type for spec in specs.values()})
    desired = Desired(Project(name=outline.project, providers=specs), {}, False, str)
    return Connections(
        desired, provider_types, environment=environment, sandbox_directory=sandbox_directory, sleep=sleep
    )


def has_manifests(path: Path) -> bool:
    """Whether there is anything that a run on `path` would read."""
    return manifest.has_manifests(path)


def find_sandbox_directory(directory: Path) -> Path:
    """Where --sandbox keeps its world for the project of this directory. `directory` is itself its project, or stands
    below it."""
    project_directory = manifest.find_enclosing_project(directory) or directory
    return project_directory / ".dialctl" / "sandbox"


def open_remote_files(path: Path, environment: Mapping[str, str], *, fetches: bool = True) -> manifest.RemoteFiles:
    """The recipients files under URLs that a run on `path` may read."""
    directory = (path if path.is_dir() else path.parent) / ".dialctl" / "cache" / "files"

    def open_bucket(url: str) -> ObjectStore:
        from declarative.state.objectstore_open import open_store  # obstore is large, and few projects need it here

        return open_store(url, environment, timeout=_FETCH_TIMEOUT)

    return manifest.RemoteFiles(environment, directory, fetches, open_bucket)


def describe_file(name: str, directory: Path, environment: Mapping[str, str]) -> manifest.FileDescription:
    """Describe a recipients file, by its path from `directory` or by its URL. Raises ManifestError."""
    return manifest.describe_file(name, directory, open_remote_files(directory, environment))
