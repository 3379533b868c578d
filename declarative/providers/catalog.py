"""The provider types by name: one literal table, and the entry points of the group `dialctl.providers`.

Importing this module imports nothing heavy and connects to nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from declarative.errors import DialctlError, ProviderError
from declarative.providers.plugins import Connect, Plugin, describe_failure, load_plugins
from declarative.providers.quarantine import hold_quarantine

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


BUILT_IN: Mapping[str, Plugin] = {
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
    "vapi": BuiltIn("declarative.providers.vapi.type:VAPI", "declarative.providers.vapi.connect:connect"),
    "retell": BuiltIn("declarative.providers.retell.type:RETELL", "declarative.providers.retell.connect:connect"),
    "twilio": BuiltIn("declarative.providers.twilio.type:TWILIO", "declarative.providers.twilio.connect:connect"),
}
"""The types of this package, by name."""


def type_names() -> list[str]:
    """Return the names of `types()` without importing the built-in ones."""
    return [*BUILT_IN, *load_plugins(BUILT_IN).sound]


def types() -> dict[str, ProviderType]:
    """Return every provider type by name, the built-in ones first. A plugin that is broken is left out."""
    plugins = {**BUILT_IN, **load_plugins(BUILT_IN).sound}
    return {name: plugin.type for name, plugin in plugins.items()}


def broken_types() -> Mapping[str, str]:
    """Return why each installed type cannot be used that is left out of `types()`, by the name of its entry point."""
    return load_plugins(BUILT_IN).broken


def unsimulated_types() -> Collection[str]:
    """Return the installed types of which nothing runs, since a sandbox is in use and they bring no simulator."""
    return load_plugins(BUILT_IN).unsimulated


def quarantine() -> AbstractContextManager[None]:
    """Return a context for the time that a sandbox is in use: types from outside run there only with a simulator, and
    find neither keys nor a network."""
    return hold_quarantine()


def is_built_in(type_name: str) -> bool:
    """Tell whether a type is of this package. The sandbox simulates these, and no others."""
    return type_name in BUILT_IN


def find_types(names: Collection[str]) -> Mapping[str, ProviderType]:
    """Return the types of these names, as far as they exist and can be loaded. A plugin is loaded only where it is
    named."""
    types_by_name = {name: BUILT_IN[name].type for name in names if name in BUILT_IN}
    if {*names} <= {*types_by_name}:
        return types_by_name
    sound = load_plugins(BUILT_IN).sound
    return {**types_by_name, **{name: plugin.type for name, plugin in sound.items() if name in names}}


def connect(spec: ProviderSpec, connect_options: ConnectOptions) -> Provider:
    """Open a connection to the provider of `spec`.

    Raises MissingKey, or ProviderError for an unknown type, an unknown API version, a base URL that cannot be used, or
    whatever a plugin raises.
    """
    # A plugin that nobody uses is not loaded: it cannot keep others from working.
    if plugin := BUILT_IN.get(spec.type):
        return _check_version(plugin, spec).connect(spec, connect_options)
    plugins = load_plugins(BUILT_IN)
    if reason := plugins.broken.get(spec.type):
        message = f"the provider type {spec.type} cannot be used: {reason}"
        raise ProviderError(message, hint="repair or remove its package")
    if spec.type not in plugins.sound:
        known = ", ".join([*BUILT_IN, *plugins.sound])
        raise ProviderError(f"{spec.name}: no provider type {spec.type!r}", hint=f"known types: {known}")
    return _connect_plugin(_check_version(plugins.sound[spec.type], spec), spec, connect_options)


def _check_version(plugin: Plugin, spec: ProviderSpec) -> Plugin:
    if spec.api_version not in (None, *plugin.type.versions):
        raise ProviderError(
            f"{spec.name}: {spec.type} has no api_version {spec.api_version!r}",
            hint=f"known versions: {', '.join(plugin.type.versions)}",
        )
    return plugin


def _connect_plugin(plugin: Plugin, spec: ProviderSpec, connect_options: ConnectOptions) -> Provider:
    from declarative.providers.contained import ContainedProvider

    try:
        return ContainedProvider(spec.type, plugin.connect(spec, connect_options))
    except DialctlError:
        raise
    except Exception as problem:
        message = f"the provider type {spec.type} cannot be connected: {describe_failure(problem)}"
        raise ProviderError(message) from problem
