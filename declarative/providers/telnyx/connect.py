"""Connects to Telnyx: one channel of scheduled events, and the lookup of assistants (telnyx.md 1 and 2.6)."""

from __future__ import annotations

from collections.abc import Mapping

from declarative.model.resource import Json, ProviderSpec, Route
from declarative.providers.base import ConnectOptions
from declarative.providers.http import endpoint
from declarative.providers.http.client import HttpClient
from declarative.providers.http.connection import HttpConnection
from declarative.providers.http.parse import id_or_none, text_or_none
from declarative.providers.telnyx import account
from declarative.providers.telnyx.errors import parse_error
from declarative.providers.telnyx.events import EventChannel
from declarative.providers.telnyx.type import TELNYX, VERSION


def connect(spec: ProviderSpec, connect_options: ConnectOptions) -> HttpConnection:
    """Open a connection; sends nothing yet. Raises MissingKey, or ProviderError for a base URL that cannot be used."""
    client = HttpClient(
        endpoint.from_environment(spec, TELNYX, connect_options.environment),
        parse_error,
        transport=connect_options.transport,
        sleep=connect_options.sleep,
        monotonic=connect_options.monotonic,
    )
    return HttpConnection(
        client,
        {Route.BATCH: EventChannel(client, TELNYX.routes[VERSION][Route.BATCH])},
        clock_path=account.ASSISTANTS,
        find_unknown=_find_unknown_assistant,
        find_number=lambda _, settings: text_or_none(settings.get("telnyx_agent_target")) or "",
        list_agents=account.list_agents,
        list_numbers=account.list_numbers,
    )


def _find_unknown_assistant(client: HttpClient, settings: Mapping[str, Json]) -> list[str]:
    """Return a sentence for an assistant that Telnyx does not know. Numbers are not looked up: the provider checks them
    at the call."""
    assistant = text_or_none(settings.get("assistant_id"))
    if assistant is None:
        return []
    is_known = id_or_none(assistant) and client.get_or_none(f"{account.ASSISTANTS}/{assistant}") is not None
    return [] if is_known else [f"Telnyx does not know the assistant {assistant}"]
