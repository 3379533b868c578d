"""The provider types by name: one literal table, and the entry points of the group `dialctl.providers`.

Importing this module imports nothing heavy and connects to nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from declarative.errors import DialctlError, ProviderError
from declarative.providers.plugins import Connect, Plugin, describe_failure, load_plugins

if TYPE_CHECKING:
    from declarative.model.capabilities import ProviderType
    from declarative.model.resource import ProviderSpec
    from declarative.providers.base import ConnectOptions, Provider


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


_BUILT_IN: Mapping[str, Plugin] = {
    "cartesia": BuiltIn(
        "declarative.providers.cartesia.type:CARTESIA", "declarative.providers.cartesia.connect:connect"
    ),
    "callingbox": BuiltIn(
        "declarative.providers.callingbox.type:CALLINGBOX", "declarative.providers.callingbox.connect:connect"
    ),
    "elevenlabs": BuiltIn(
        "declarative.providers.elevenlabs.type:ELEVENLABS", "declarative.providers.elevenlabs.connect:connect"
    ),
    "telnyx": BuiltIn("declarative.providers.telnyx.type:TELNYX", "declarative.providers.telnyx.connect:connect"),
}


def type_names() -> list[str]:
    """Return the names of `types()` without importing the built-in ones."""
    return [*_BUILT_IN, *load_plugins(_BUILT_IN).sound]


def types() -> dict[str, ProviderType]:
    """Return every provider type by name, the built-in ones first. A plugin that is broken is left out."""
    plugins = {**_BUILT_IN, **load_plugins(_BUILT_IN).sound}
    return {name: plugin.type for name, plugin in plugins.items()}


def broken_types() -> Mapping[str, str]:
    """Return why each installed type cannot be used that is left out of `types()`, by the name of its entry point."""
    return load_plugins(_BUILT_IN).broken


def is_built_in(type_name: str) -> bool:
    """Tell whether a type is of this package. The sandbox simulates these, and no others."""
    return type_name in _BUILT_IN


def connect(spec: ProviderSpec, connect_options: ConnectOptions) -> Provider:
    """Open a connection to the provider of `spec`.

    Raises MissingKey, or ProviderError for an unknown type, an unknown API version, a base URL that cannot be used, or
    whatever a plugin raises.
    """
    plugins = load_plugins(_BUILT_IN)
    known: Mapping[str, Plugin] = {**_BUILT_IN, **plugins.sound}
    if reason := plugins.broken.get(spec.type):
        raise ProviderError(
            f"the provider type {spec.type} cannot be used: {reason}", hint="repair or remove its package"
        )
    if spec.type not in known:
        raise ProviderError(f"{spec.name}: no provider type {spec.type!r}", hint=f"known types: {', '.join(known)}")
    plugin = known[spec.type]
    if spec.api_version not in (None, *plugin.type.versions):
        raise ProviderError(
            f"{spec.name}: {spec.type} has no api_version {spec.api_version!r}",
            hint=f"known versions: {', '.join(plugin.type.versions)}",
        )
    return (
        plugin.connect(spec, connect_options)
        if is_built_in(spec.type)
        else _connect_plugin(plugin, spec, connect_options)
    )


def _connect_plugin(plugin: Plugin, spec: ProviderSpec, connect_options: ConnectOptions) -> Provider:
    from declarative.providers.contained import ContainedProvider

    try:
        return ContainedProvider(spec.type, plugin.connect(spec, connect_options))
    except DialctlError:
        raise
    except Exception as problem:
        message = f"the provider type {spec.type} cannot be connected: {describe_failure(problem)}"
        raise ProviderError(message) from problem
