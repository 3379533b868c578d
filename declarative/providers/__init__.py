"""The one import for authors of providers: interface, values and HTTP client, each loaded on first use.

    from declarative.providers import Capabilities, Done, Provider, ProviderType, SingleCallChannel

Importing this package alone imports nothing heavy, so that the catalog of types stays cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from declarative.model.capabilities import Cancellable, CancelProof, Capabilities, DataLimits, ProviderType
    from declarative.model.mark import Mark
    from declarative.model.remote import Phase, Remote
    from declarative.model.settings_fields import SettingsFields
    from declarative.providers.base import (
        AccountEntry,
        Ambiguous,
        Busy,
        Channel,
        ConnectOptions,
        Done,
        MarkMissing,
        NotSent,
        NumberChannel,
        Outcome,
        OutOfFunds,
        Provider,
        Rejected,
        Removal,
        RemovalChannel,
        SearchChannel,
        SingleCallChannel,
        Submission,
    )
    from declarative.providers.http.client import HttpClient
    from declarative.providers.http.request import Body
    from declarative.providers.plugins import Simulator

__all__ = [  # noqa: RUF022, grouped by what an author looks for
    # What a provider implements
    "Provider",
    "Channel",
    "SingleCallChannel",
    "RemovalChannel",
    "SearchChannel",
    "NumberChannel",
    "Simulator",
    # What it is described by
    "ProviderType",
    "Capabilities",
    "SettingsFields",
    "DataLimits",
    "Cancellable",
    "CancelProof",
    # What it is given
    "ConnectOptions",
    "Submission",
    "Mark",
    # What it returns
    "Remote",
    "Phase",
    "Outcome",
    "Done",
    "NotSent",
    "Rejected",
    "Busy",
    "OutOfFunds",
    "Ambiguous",
    "MarkMissing",
    "Removal",
    "AccountEntry",
    # How it sends requests
    "HttpClient",
    "Body",
]

_MODULES = {
    "Body": "declarative.providers.http.request",
    "CancelProof": "declarative.model.capabilities",
    "Cancellable": "declarative.model.capabilities",
    "Capabilities": "declarative.model.capabilities",
    "DataLimits": "declarative.model.capabilities",
    "ProviderType": "declarative.model.capabilities",
    "Mark": "declarative.model.mark",
    "Phase": "declarative.model.remote",
    "Remote": "declarative.model.remote",
    "SettingsFields": "declarative.model.settings_fields",
    "Simulator": "declarative.providers.plugins",
    "HttpClient": "declarative.providers.http.client",
}
"""Where a public name is defined; `declarative.providers.base` for all others."""

if not TYPE_CHECKING:  # a type checker takes the imports above, and so still finds a misspelled name

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_MODULES.get(name, "declarative.providers.base")), name)
