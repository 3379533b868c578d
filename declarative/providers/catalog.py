"""The provider types by name: one literal table, and the entry points of the group `dialctl.providers`.

Importing this module imports nothing heavy and connects to nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from declarative.errors import ProviderError

if TYPE_CHECKING:
    from declarative.model.capabilities import ProviderType
    from declarative.model.resource import ProviderSpec
    from declarative.providers.base import ConnectOptions, Provider

GROUP = "dialctl.providers"
"""Entry point group of provider types from outside this package."""

Connect = Callable[["ProviderSpec", "ConnectOptions"], "Provider"]
"""Opens a connection. Sends nothing."""


class Plugin(Protocol):
    """The object that an entry point loads: a module, for example, with these two names."""

    @property
    def type(self) -> ProviderType: ...

    @property
    def connect(self) -> Connect: ...


@dataclass(frozen=True)
class BuiltIn:
    """A provider type of this package, imported on first use."""

    type_reference: str
    """Its ProviderType, as `module:name`."""
    connect_reference: str
    """Its connect function, as `module:name`."""

    @property
    def type(self) -> ProviderType:
        provider_type: ProviderType = _import_object(self.type_reference)
        return provider_type

    @property
    def connect(self) -> Connect:
        connect: Connect = _import_object(self.connect_reference)
        return connect


def _import_object(reference: str) -> Any:
    module, name = reference.split(":")
    return getattr(import_module(module), name)


BUILT_IN: Mapping[str, Plugin] = {
    "cartesia": BuiltIn(
        "declarative.providers.cartesia.type:CARTESIA", "declarative.providers.cartesia.connect:connect"
    ),
    "callingbox": BuiltIn(
        "declarative.providers.callingbox.type:CALLINGBOX", "declarative.providers.callingbox.connect:connect"
    ),
}
"""The types of this package, by name."""


def type_names() -> list[str]:
    """Return the names of `types()` without importing the built-in ones. Raises ProviderError as `types` does."""
    return list(_plugins())


def types() -> Mapping[str, ProviderType]:
    """Return every provider type by name, the built-in ones first.

    Raises ProviderError for an entry point that cannot be loaded.
    """
    return {name: plugin.type for name, plugin in _plugins().items()}


def find_types(names: Collection[str]) -> Mapping[str, ProviderType]:
    """Return the types of these names, as far as they exist and can be loaded. A plugin is loaded only where it is
    named."""
    types_by_name = {name: BUILT_IN[name].type for name in names if name in BUILT_IN}
    if {*names} <= {*types_by_name}:
        return types_by_name
    try:
        return {**types_by_name, **{name: plugin.type for name, plugin in _plugins().items() if name in names}}
    except ProviderError:
        return types_by_name


def connect(spec: ProviderSpec, connect_options: ConnectOptions) -> Provider:
    """Open a connection to the provider of `spec`.

    Raises MissingKey, or ProviderError for an unknown type, an unknown API version or a base URL that cannot be used.
    """
    # A plugin that nobody uses is not loaded: it cannot keep others from working.
    plugin = BUILT_IN.get(spec.type) or _plugins().get(spec.type)
    if plugin is None:
        raise ProviderError(
            f"{spec.name}: no provider type {spec.type!r}", hint=f"known types: {', '.join(_plugins())}"
        )
    if spec.api_version not in (None, *plugin.type.versions):
        raise ProviderError(
            f"{spec.name}: {spec.type} has no api_version {spec.api_version!r}",
            hint=f"known versions: {', '.join(plugin.type.versions)}",
        )
    return plugin.connect(spec, connect_options)


def _plugins() -> Mapping[str, Plugin]:
    """Return all plugins by name. An entry point cannot replace a built-in type."""
    return {**BUILT_IN, **{name: plugin for name, plugin in _load_entry_points().items() if name not in BUILT_IN}}


def _load_entry_points() -> dict[str, Plugin]:
    if not any(_may_declare_plugins(Path(folder)) for folder in sys.path):
        return {}
    from importlib.metadata import entry_points

    plugins: dict[str, Plugin] = {}
    for entry_point in entry_points(group=GROUP):
        try:
            plugin: Plugin = entry_point.load()
            plugins[plugin.type.name] = _check_capabilities(plugin)
        except (ImportError, AttributeError) as problem:
            raise ProviderError(f"the provider type {entry_point.name} cannot be loaded: {problem}") from problem
    return plugins


def _check_capabilities(plugin: Plugin) -> Plugin:
    """Return the plugin. Raises ProviderError where one of its channels lacks what the protocol needs."""
    # Protocol 5, 6 and 8: a lost batch is proven absent by a list, guarded by its start time, and cancelled before it.
    # The engine treats every batch so. Without one of the three, people could be called twice.
    for version, routes in plugin.type.routes.items():
        for route, capabilities in routes.items():
            if missing := capabilities.missing_for(route):
                raise ProviderError(
                    f"the provider type {plugin.type.name} cannot be used: its {route} route of {version} is not "
                    f"{', '.join(missing)}",
                    hint="leave that route out: its Batches are then sent as single calls, which need none of this",
                )
    return plugin


def _may_declare_plugins(path: Path) -> bool:
    """Tell whether anything installed in a `sys.path` entry names our group.

    A look at the files is cheap, while importlib.metadata takes as long as the rest of a short command, and few people
    have a provider type from outside. Entries that are files, such as zips, are left to importlib.metadata.
    """
    return path.is_file() or any(GROUP.encode() in file.read_bytes() for file in path.glob("*-info/entry_points.txt"))
