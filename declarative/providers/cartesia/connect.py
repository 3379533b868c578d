"""Connects to Cartesia: the channels of each API version, and the lookup of agents and numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from declarative.model.resource import Json, ProviderSpec, Route
from declarative.providers.base import Channel, ConnectOptions
from declarative.providers.cartesia import account, errors
from declarative.providers.cartesia.batches import BatchChannel
from declarative.providers.cartesia.calls import CallChannel, LegacyCallChannel
from declarative.providers.cartesia.type import CARTESIA, LEGACY_VERSION, VARIABLES_VERSION
from declarative.providers.http import endpoint
from declarative.providers.http.client import HttpClient
from declarative.providers.http.connection import HttpConnection
from declarative.providers.http.parse import dict_or_empty, id_or_none, text_or_none

_NUMBERS = "/agents/phone-numbers"


def connect(spec: ProviderSpec, connect_options: ConnectOptions) -> HttpConnection:
    """Open a connection; sends nothing yet. Raises MissingKey, or ProviderError for a base URL that cannot be used."""
    version = spec.api_version or CARTESIA.versions[0]
    numbers: dict[str, str] = {}
    client = HttpClient(
        endpoint.from_environment(spec, CARTESIA, connect_options.environment),
        errors.parse_plain_error if version == LEGACY_VERSION else errors.parse_structured_error,
        headers={"Cartesia-Version": version},
        transport=connect_options.transport,
        sleep=connect_options.sleep,
        monotonic=connect_options.monotonic,
    )
    return HttpConnection(
        client,
        _channels(client, version),
        clock_path="/",
        find_unknown=_unknown_finder(version, numbers),
        find_number=lambda client, settings: _find_number(client, settings, numbers),
        list_agents=lambda client: account.list_agents(client, version),
        list_numbers=lambda client: account.list_numbers(client, version),
    )


def _channels(client: HttpClient, version: str) -> Mapping[Route, Channel]:
    capabilities = CARTESIA.routes[version]
    if version == LEGACY_VERSION:
        return {Route.CALL: LegacyCallChannel(client, capabilities[Route.CALL])}
    return {
        Route.BATCH: BatchChannel(client, capabilities[Route.BATCH]),
        Route.CALL: CallChannel(client, capabilities[Route.CALL], has_managed_agents=version == VARIABLES_VERSION),
    }


def _unknown_finder(
    version: str, numbers_by_id: dict[str, str]
) -> Callable[[HttpClient, Mapping[str, Json]], list[str]]:
    """Return the look-up. It keeps the number that it reads in `numbers_by_id`, so that nobody asks for it again."""
    agents = "/v1/agents" if version == VARIABLES_VERSION else "/agents"
    numbers = None if version == LEGACY_VERSION else _NUMBERS

    def find_unknown(client: HttpClient, settings: Mapping[str, Json]) -> list[str]:
        agent = _check_reference(client, "agent", agents, text_or_none(settings.get("agent_id")), {})
        number_id = text_or_none(settings.get("from_number_id"))
        number = _check_reference(client, "phone number", numbers, number_id, numbers_by_id)
        return [*agent, *number]

    return find_unknown


def _find_number(client: HttpClient, settings: Mapping[str, Json], numbers_by_id: Mapping[str, str]) -> str:
    """Return the number of `from_number_id` (cartesia.md 2.11); "" where there is none."""
    number_id = text_or_none(settings.get("from_number_id"))
    if number_id is not None and number_id in numbers_by_id:
        return numbers_by_id[number_id]
    phone_number = client.get_or_none(f"{_NUMBERS}/{number_id}") if id_or_none(number_id) else None
    return text_or_none(dict_or_empty(phone_number).get("number")) or ""


def _check_reference(
    client: HttpClient, noun: str, path: str | None, reference: str | None, numbers_by_id: dict[str, str]
) -> list[str]:
    """Return a sentence if the reference is unknown or deleted; nothing where there is none, or no path to ask."""
    if path is None or reference is None:
        return []
    agent_or_number = client.get_or_none(f"{path}/{reference}") if id_or_none(reference) else None
    if agent_or_number is None:
        return [f"Cartesia does not know the {noun} {reference}"]
    if number := text_or_none(dict_or_empty(agent_or_number).get("number")):
        numbers_by_id[reference] = number
    return (
        [f"the {noun} {reference} was deleted at Cartesia"] if dict_or_empty(agent_or_number).get("deleted_at") else []
    )
