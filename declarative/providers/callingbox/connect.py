"""Connects to CallingBox: one channel of single calls, and the lookup of agents (callingbox.md 2)."""

from __future__ import annotations

from collections.abc import Mapping

from declarative.model.resource import Json, ProviderSpec, Route
from declarative.providers.base import ConnectOptions
from declarative.providers.callingbox import account
from declarative.providers.callingbox.calls import CallingBoxChannel
from declarative.providers.callingbox.errors import parse_error
from declarative.providers.callingbox.type import CALLINGBOX, VERSION
from declarative.providers.http import endpoint
from declarative.providers.http.client import HttpClient
from declarative.providers.http.connection import HttpConnection
from declarative.providers.http.parse import dict_or_empty, id_or_none, text_or_none

_AGENTS = "/v1/agents"


def connect(spec: ProviderSpec, connect_options: ConnectOptions) -> HttpConnection:
    """Open a connection; sends nothing yet. Raises MissingKey, or ProviderError for a base URL that cannot be used."""
    client = HttpClient(
        endpoint.from_environment(spec, CALLINGBOX, connect_options.environment),
        parse_error,
        transport=connect_options.transport,
        sleep=connect_options.sleep,
        monotonic=connect_options.monotonic,
    )
    channel = CallingBoxChannel(client, CALLINGBOX.routes[VERSION][Route.CALL])
    return HttpConnection(
        client,
        {Route.CALL: channel},
        clock_path=_AGENTS,
        find_unknown=_find_unknown_agent,
        list_agents=account.list_agents,
        list_numbers=account.list_numbers,
        find_number=lambda _client, settings: channel.capabilities.settings.caller_of(settings),
    )


def _find_unknown_agent(client: HttpClient, settings: Mapping[str, Json]) -> list[str]:
    """Return a sentence for an agent that is unknown, archived or inbound.

    Numbers are not looked up: the provider checks at the call whether one belongs to the agent.
    """
    agent_id = text_or_none(settings.get("agent_id"))
    if agent_id is None:
        return []
    agent = client.get_or_none(f"{_AGENTS}/{agent_id}") if id_or_none(agent_id) else None
    if agent is None:
        return [f"CallingBox does not know the agent {agent_id}"]
    if dict_or_empty(agent).get("archived_at"):
        return [f"the agent {agent_id} is archived at CallingBox"]
    inbound = dict_or_empty(agent).get("type") == "inbound"
    return [f"the agent {agent_id} is inbound: it takes calls and places none"] if inbound else []
