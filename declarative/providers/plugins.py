"""Provider types from outside this package, by entry point. One that is broken is named, and breaks nothing else. Under
--sandbox only those are loaded that bring a simulator.

Whatever a plugin raises is caught here: when it is loaded, when it connects, and in each request that it makes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from stat import S_ISDIR
from typing import TYPE_CHECKING, Protocol

from declarative.errors import NoSandbox, ProviderError
from declarative.providers import quarantine

if TYPE_CHECKING:
    import httpx

    from declarative.model.capabilities import ProviderType
    from declarative.model.resource import ProviderSpec
    from declarative.providers.base import ConnectOptions, Provider

GROUP = "dialctl.providers"
"""Entry point group of provider types from outside this package."""

SIMULATORS = "dialctl.simulators"
"""Entry point group of their simulators, each under the name of its type. Loads to an OpenSimulator."""

Connect = Callable[["ProviderSpec", "ConnectOptions"], "Provider"]
"""Opens a connection. Sends nothing."""


class Plugin(Protocol):
    """The object that an entry point loads: a module, for example, with these two names."""

    @property
    def type(self) -> ProviderType: ...

    @property
    def connect(self) -> Connect: ...


class Simulator(Protocol):
    """The provider's side of a type from outside, as --sandbox runs it."""

    def environment(self) -> Mapping[str, str]:
        """Return variables for `connect` besides a made-up key, such as the base URL of a server on this machine."""
        ...

    def transport(self) -> httpx.BaseTransport | None:
        """Return the transport that leads to it. None: the connection needs none."""
        ...

    def close(self) -> None: ...


OpenSimulator = Callable[[Path, Callable[[], datetime]], Simulator]
"""Opens the simulator that is kept in a directory, which is its own, under the clock of the sandbox: aware, UTC."""


@dataclass(frozen=True)
class Plugins:
    """What is installed."""

    sound: Mapping[str, Plugin] = field(default_factory=dict)
    """By the name of the type."""
    broken: Mapping[str, str] = field(default_factory=dict)
    """By the name of the entry point: why it cannot be used."""
    unsimulated: frozenset[str] = frozenset()
    """Names of the entry points that were not loaded: a sandbox is in use, and they bring no simulator."""


def load_plugins(built_in: Mapping[str, object]) -> Plugins:
    """Return the installed types. None of them can replace a built-in one.

    While a sandbox is in use, nothing runs of a type without a simulator.
    """
    if not any(_may_declare_plugins(folder) for folder in sys.path):
        return Plugins()
    from importlib.metadata import entry_points

    sound: dict[str, Plugin] = {}
    broken: dict[str, str] = {}
    installed = [entry_point for entry_point in entry_points(group=GROUP) if entry_point.name not in built_in]
    simulated = {entry_point.name for entry_point in entry_points(group=SIMULATORS)}
    unsimulated = {one.name for one in installed if quarantine.is_open() and one.name not in simulated}
    for entry_point in installed:
        if entry_point.name in unsimulated:
            continue
        quarantine.close()
        try:
            plugin: Plugin = entry_point.load()
            name = plugin.type.name
            if name in built_in:
                continue
            if name != entry_point.name:
                raise ProviderError(f"its entry point is named {entry_point.name}, and its type {name}")
            _check(plugin)
        # A plugin is another author's program. SystemExit is what a script raises that was never meant to be imported.
        except (Exception, SystemExit) as problem:
            broken[entry_point.name] = describe_failure(problem)
        else:
            if name in sound:
                broken[name] = "two installed packages bring it"
            sound[name] = plugin
    sound = {name: plugin for name, plugin in sound.items() if name not in broken}
    return Plugins(sound, broken, frozenset(unsimulated))


def open_simulator(type_name: str, directory: Path, now: Callable[[], datetime]) -> Simulator:
    """Open the simulator that a type from outside brings. Raises NoSandbox where it brings none, and ProviderError for
    whatever it raises."""
    from importlib.metadata import entry_points

    found = [entry_point for entry_point in entry_points(group=SIMULATORS) if entry_point.name == type_name]
    if not found:
        message = f"the sandbox does not simulate the provider type {type_name}: nothing of it is run there"
        raise NoSandbox(message, hint="run without --sandbox, or install a simulator of it")
    quarantine.close()
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        open_type: OpenSimulator = found[0].load()
        return open_type(directory, now)
    except (Exception, SystemExit) as problem:
        message = f"the simulator of the provider type {type_name} cannot be opened: {describe_failure(problem)}"
        raise ProviderError(message) from problem


def describe_failure(problem: BaseException) -> str:
    """Return what a plugin raised, in a line."""
    if isinstance(problem, ProviderError):
        return problem.message
    text = " ".join(str(problem).split())[:200]
    return f"{type(problem).__name__}: {text}" if text else type(problem).__name__


def _check(plugin: Plugin) -> None:
    """Raise ProviderError where a channel lacks what the protocol needs, or a schema allows what none declares."""
    # Protocol 5, 6 and 8: a lost batch is proven absent by a list, guarded by its start time, and cancelled before it.
    # The engine treats every batch so. Without one of the three, people could be called twice.
    for version, routes in plugin.type.routes.items():
        for route, capabilities in routes.items():
            if missing := capabilities.missing_for(route):
                message = f"its {route} route of {version} is not {', '.join(missing)}; leave that route out: its"
                raise ProviderError(f"{message} Batches are then sent as single calls, which need none of this")
    if missing_versions := [version for version in plugin.type.versions if not plugin.type.routes.get(version)]:
        raise ProviderError(f"it has no route for {', '.join(missing_versions)}")
    if not callable(plugin.connect):
        raise ProviderError("its connect cannot be called")
    if plugin.type.schemas is not None:
        _check_fields(plugin.type)


def _check_fields(provider_type: ProviderType) -> None:
    """Raise ProviderError where the schema allows a field that would be dropped in silence."""
    import orjson

    assert provider_type.schemas is not None
    path = provider_type.schemas / "providers" / f"{provider_type.name}.v1.schema.json"
    definitions = orjson.loads(path.read_bytes())["$defs"]
    for version, routes in provider_type.routes.items():
        declared = {
            name for capabilities in routes.values() for name in (*capabilities.settings.names, *capabilities.personal)
        }
        for kind in ("Batch", "Call"):
            definition = definitions.get(f"{version}.{kind}") or definitions[kind]
            if dropped := sorted(set(definition["properties"]) - declared):
                raise ProviderError(f"its schema allows {', '.join(dropped)} of a {kind}, and no route declares it")


def _may_declare_plugins(path: str) -> bool:
    """Tell whether anything installed in a `sys.path` entry names our group.

    A look at the files is cheap, while importlib.metadata takes as long as the rest of a short command, and few people
    have a provider type from outside. Entries that are files, such as zips, are left to importlib.metadata.
    """
    try:
        status = os.stat(path or ".")
        return not S_ISDIR(status.st_mode) or _names_group(path or ".", status.st_mtime_ns)
    except OSError:
        return False


@lru_cache
def _names_group(folder: str, _changed: int) -> bool:
    """Tell whether a package installed in a folder names our group. Once for each time of its last change."""
    for name in os.listdir(folder):
        if name.endswith("-info"):
            with suppress(OSError), open(os.path.join(folder, name, "entry_points.txt"), "rb") as file:
                if GROUP.encode() in file.read():
                    return True
    return False
