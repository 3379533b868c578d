"""Connects to Vapi: campaigns, single calls, and the look-up of assistants, squads and numbers (vapi.md 1 and 4)."""

from __future__ import annotations

from collections.abc import Mapping

from declarative.model.resource import Json, ProviderSpec, Route
from declarative.providers.base import ConnectOptions
from declarative.providers.http import endpoint
from declarative.providers.http.client import HttpClient
from declarative.providers.http.connection import HttpConnection
from declarative.providers.http.parse import dict_or_empty, id_or_none, text_or_none
from declarative.providers.vapi.calls import CALLS, CallChannel
from declarative.providers.vapi.campaigns import CampaignChannel
from declarative.providers.vapi.errors import parse_error
from declarative.providers.vapi.type import VAPI, VERSION

_REFERENCES = (
    ("assistant", "/assistant", "assistantId"),
    ("squad", "/squad", "squadId"),
    ("phone number", "/phone-number", "phoneNumberId"),
)


def connect(spec: ProviderSpec, connect_options: ConnectOptions) -> HttpConnection:
    """Open a connection; sends nothing yet. Raises MissingKey, or ProviderError for a base URL that cannot be used."""
    client = HttpClient(
        endpoint.from_environment(spec, VAPI, connect_options.environment),
        parse_error,
        transport=connect_options.transport,
        sleep=connect_options.sleep,
        monotonic=connect_options.monotonic,
    )
    routes = VAPI.routes[spec.api_version or VERSION]
    return HttpConnection(
        client,
        {
            Route.BATCH: CampaignChannel(client, routes[Route.BATCH]),
            Route.CALL: CallChannel(client, routes[Route.CALL]),
        },
        clock_path=f"{CALLS}?limit=1",
        find_unknown=_find_unknown,
        find_number=_find_number,
    )


def _find_unknown(client: HttpClient, settings: Mapping[str, Json]) -> list[str]:
    """Return a sentence for whatever Vapi does not know among assistant, squad and number."""
    return [
        f"Vapi does not know the {noun} {reference}"
        for noun, path, field in _REFERENCES
        if (reference := text_or_none(settings.get(field))) is not None
        and (id_or_none(reference) is None or client.get_or_none(f"{path}/{reference}") is None)
    ]


def _find_number(client: HttpClient, settings: Mapping[str, Json]) -> str:
    """Return the number of `phoneNumberId`; "" where there is none."""
    number_id = id_or_none(settings.get("phoneNumberId"))
    number = client.get_or_none(f"/phone-number/{number_id}") if number_id is not None else None
    return text_or_none(dict_or_empty(number).get("number")) or ""
