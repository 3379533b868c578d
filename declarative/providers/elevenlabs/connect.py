"""Connects to ElevenLabs: campaigns or batch calling, and the lookup of agents and numbers (elevenlabs.md 1 and 5)."""

from __future__ import annotations

from collections.abc import Mapping

from declarative.model.resource import Json, ProviderSpec, Route
from declarative.providers.base import Channel, ConnectOptions
from declarative.providers.elevenlabs import account
from declarative.providers.elevenlabs.batch_calling import BatchCallingChannel
from declarative.providers.elevenlabs.campaigns import CAMPAIGNS, CampaignChannel
from declarative.providers.elevenlabs.errors import parse_error
from declarative.providers.elevenlabs.type import BATCH_VERSION, ELEVENLABS
from declarative.providers.http import endpoint
from declarative.providers.http.client import HttpClient
from declarative.providers.http.connection import HttpConnection
from declarative.providers.http.parse import dict_or_empty, id_or_none, text_or_none


def connect(spec: ProviderSpec, connect_options: ConnectOptions) -> HttpConnection:
    """Open a connection; sends nothing yet. Raises MissingKey, or ProviderError for a base URL that cannot be used."""
    version = spec.api_version or ELEVENLABS.versions[0]
    client = HttpClient(
        endpoint.from_environment(spec, ELEVENLABS, connect_options.environment),
        parse_error,
        key_headers=lambda key: {"xi-api-key": key},
        transport=connect_options.transport,
        sleep=connect_options.sleep,
        monotonic=connect_options.monotonic,
    )
    capabilities = ELEVENLABS.routes[version][Route.BATCH]
    is_batch_calling = version == BATCH_VERSION
    channel: Channel = (BatchCallingChannel if is_batch_calling else CampaignChannel)(client, capabilities)
    return HttpConnection(
        client,
        {Route.BATCH: channel},
        clock_path="/v1/convai/batch-calling/workspace?limit=1" if is_batch_calling else f"{CAMPAIGNS}?page_size=1",
        find_unknown=_find_unknown,
        find_number=_find_number,
        list_agents=account.list_agents,
        list_numbers=account.list_numbers,
    )


def _find_unknown(client: HttpClient, settings: Mapping[str, Json]) -> list[str]:
    """Return a sentence for an agent and for a number that ElevenLabs does not know."""
    references = (("agent", account.AGENTS, "agent_id"), ("phone number", account.NUMBERS, "agent_phone_number_id"))
    return [
        f"ElevenLabs does not know the {noun} {reference}"
        for noun, path, field in references
        if (reference := text_or_none(settings.get(field))) is not None
        and (id_or_none(reference) is None or client.get_or_none(f"{path}/{reference}") is None)
    ]


def _find_number(client: HttpClient, settings: Mapping[str, Json]) -> str:
    """Return the number of `agent_phone_number_id`; "" where there is none."""
    number_id = id_or_none(settings.get("agent_phone_number_id"))
    number = client.get_or_none(f"{account.NUMBERS}/{number_id}") if number_id is not None else None
    return text_or_none(dict_or_empty(number).get("phone_number")) or ""
