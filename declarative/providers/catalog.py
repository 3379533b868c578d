"""Which provider types there are: one literal table, and the entry points of the group `dialctl.providers`.
Importing it imports nothing heavy and connects to nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
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


Connect = Callable[["ProviderSpec", "ConnectOptions"], "Provider"]
"""Opens a connection without sending anything."""


class Plugin(Protocol):
    """What an entry point loads to: an object, a module for instance, with these two names."""

    @property
    def type(self) -> ProviderType: ...

    @property
    def connect(self) -> Connect: ...


@dataclass(frozen=True)
class BuiltIn:
    """Its data and its `connect` as `module:name`, each imported when it is asked for."""

    type_reference: str
    connect_reference: str

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


_BUILT_IN: Mapping[str, Plugin] = {
    "cartesia": BuiltIn(
        "declarative.providers.cartesia.type:CARTESIA", "declarative.providers.cartesia.connect:connect"
    ),
    "callingbox": BuiltIn(
        "declarative.providers.callingbox.type:CALLINGBOX", "declarative.providers.callingbox.connect:connect"
    ),
}


def type_names() -> list[str]:
    """The names of `types`, for the cost of their names alone. Raises as they do."""
    return list(_plugins())


def types() -> Mapping[str, ProviderType]:
    """Every provider type by its name, the built-in ones first. Raises ProviderError for an entry point that
    cannot be loaded."""
    return {name: plugin.type for name, plugin in _plugins().items()}


def connect(spec: ProviderSpec, connect_options: ConnectOptions) -> Provider:
    """Raises MissingKey, or ProviderError for an unknown type, an unknown API version or a base URL that
    cannot be used."""
    plugins = _plugins()
    if spec.type not in plugins:
        raise ProviderError(f"{spec.name}: no provider type {spec.type!r}", hint=f"there are: {', '.join(plugins)}")
    plugin = plugins[spec.type]
    if spec.api_version not in (None, *plugin.type.versions):
        raise ProviderError(
            f"{spec.name}: {spec.type} has no api_version {spec.api_version!r}",
            hint=f"there are: {', '.join(plugin.type.versions)}",
        )
    return plugin.connect(spec, connect_options)


def _plugins() -> Mapping[str, Plugin]:
    """A built-in type cannot be replaced from outside."""
    return {**_BUILT_IN, **{name: plugin for name, plugin in _load_entry_points().items() if name not in _BUILT_IN}}


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
    """Raises ProviderError where nobody could keep what is promised of every batch."""
    for version, routes in plugin.type.routes.items():
        for route, capabilities in routes.items():
            if missing := capabilities.missing_for(route):
                raise ProviderError(
                    f"the provider type {plugin.type.name} cannot be used: its {route} route of {version} is not "
                    f"{', '.join(missing)}",
                    hint="without a batch route its Batches are called by single calls, of which none of this is asked",
                )
    return plugin


def _may_declare_plugins(path: Path) -> bool:
    """Whether anything installed there names our group. importlib.metadata takes as long as the rest of a short
    command, and hardly anybody has a provider type from outside; what is no folder, a zip say, is left to it."""
    return path.is_file() or any(GROUP.encode() in file.read_bytes() for file in path.glob("*-info/entry_points.txt"))
