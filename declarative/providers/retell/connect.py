"""Connects to Retell: one channel of single calls, and the look-ups of agents and numbers (retell.md 4)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from declarative.model.resource import Json, ProviderSpec, Route
from declarative.privacy import mask
from declarative.providers.base import ConnectOptions
from declarative.providers.http import endpoint
from declarative.providers.http.client import HttpClient
from declarative.providers.http.connection import HttpConnection
from declarative.providers.http.parse import id_or_none, text_or_none
from declarative.providers.retell.calls import RetellChannel
from declarative.providers.retell.errors import parse_error
from declarative.providers.retell.type import RETELL, VERSION


def connect(spec: ProviderSpec, connect_options: ConnectOptions) -> HttpConnection:
    """Open a connection; sends nothing yet. Raises MissingKey, or ProviderError for a base URL that cannot be used."""
    client = HttpClient(
        endpoint.from_environment(spec, RETELL, connect_options.environment),
        parse_error,
        transport=connect_options.transport,
        sleep=connect_options.sleep,
        monotonic=connect_options.monotonic,
    )
    channel = RetellChannel(client, RETELL.routes[VERSION][Route.CALL])
    return HttpConnection(
        client,
        {Route.CALL: channel},
        clock_path="/get-concurrency",
        find_unknown=_find_unknown,
        find_number=lambda _client, settings: channel.capabilities.settings.caller_of(settings),
    )


def _find_unknown(client: HttpClient, settings: Mapping[str, Json]) -> list[str]:
    """Return a sentence for an agent, and for a number, that Retell does not know."""
    unknown = []
    agent_id, number = (text_or_none(settings.get(name)) for name in ("override_agent_id", "from_number"))
    if agent_id is not None and (id_or_none(agent_id) is None or client.get_or_none(f"/get-agent/{agent_id}") is None):
        unknown.append(f"Retell does not know the agent {agent_id}")
    if number is not None and client.get_or_none(f"/get-phone-number/{quote(number, safe='')}") is None:
        unknown.append(f"Retell does not know the number {mask(number)}")
    return unknown
