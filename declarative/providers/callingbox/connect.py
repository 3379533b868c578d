"""CallingBox: single calls only, found again in one list without pages (callingbox.md 2). Knows no batch."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from declarative.model.resource import Json, ProviderSpec, Route
from declarative.providers.base import (
    ConnectOptions,
)
from declarative.providers.callingbox.calls import CallingBoxChannel
from declarative.providers.callingbox.errors import error_form
from declarative.providers.callingbox.type import CALLINGBOX, VERSION
from declarative.providers.http import endpoint as access
from declarative.providers.http.client import HttpClient
from declarative.providers.http.connection import Connection
from declarative.providers.http.parse import entry, text

_AGENTS = "/v1/agents"


def connect(spec: ProviderSpec, surroundings: ConnectOptions) -> Connection:
    """Raises MissingKey, or ProviderError for a base URL that cannot be used. Sends nothing yet."""
    wire = HttpClient(
        access.from_environment(spec, CALLINGBOX, surroundings.environment),
        error_form,
        transport=surroundings.transport,
        sleep=surroundings.sleep,
        monotonic=surroundings.monotonic,
    )
    channel = CallingBoxChannel(wire, CALLINGBOX.routes[VERSION][Route.CALL])
    return Connection(wire, {Route.CALL: channel}, clock_path=_AGENTS, look=_look)


def _look(wire: HttpClient, settings: Mapping[str, Json]) -> list[str]:
    """Numbers are not looked up: whether one is attached to the agent is the provider's to say at the
    call."""
    wanted = text(settings.get("agent_id"))
    if wanted is None:
        return []
    agent = wire.get_or_none(f"{_AGENTS}/{quote(wanted, safe='')}")
    if agent is None:
        return [f"CallingBox does not know the agent {wanted}"]
    if entry(agent).get("archived_at"):
        return [f"the agent {wanted} is archived at CallingBox"]
    inbound = entry(agent).get("type") == "inbound"
    return [f"the agent {wanted} takes calls and places none"] if inbound else []
