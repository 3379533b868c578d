"""A connection to Cartesia: which channels an API version has, and how its agents and numbers are looked
up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote

from declarative.model.resource import Json, ProviderSpec, Route
from declarative.providers.base import Channel, ConnectOptions
from declarative.providers.cartesia import errors as cartesia_form
from declarative.providers.cartesia.batches import FIELDS, BatchChannel
from declarative.providers.cartesia.calls import CallChannel, LegacyCallChannel
from declarative.providers.cartesia.type import CARTESIA, LEGACY_VERSION, VARIABLES_VERSION
from declarative.providers.http import endpoint as access
from declarative.providers.http.client import HttpClient
from declarative.providers.http.connection import Connection
from declarative.providers.http.parse import entry, text


def connect(spec: ProviderSpec, surroundings: ConnectOptions) -> Connection:
    """Raises MissingKey, or ProviderError for a base URL that cannot be used. Sends nothing yet."""
    version = spec.api_version or CARTESIA.versions[0]
    wire = HttpClient(
        access.from_environment(spec, CARTESIA, surroundings.environment),
        cartesia_form.plain if version == LEGACY_VERSION else cartesia_form.structured,
        headers={"Cartesia-Version": version},
        transport=surroundings.transport,
        sleep=surroundings.sleep,
        monotonic=surroundings.monotonic,
    )
    return Connection(wire, _channels(wire, version), clock_path="/", look=_look(version))


def _channels(wire: HttpClient, version: str) -> Mapping[Route, Channel]:
    abilities = CARTESIA.routes[version]
    if version == LEGACY_VERSION:
        return {Route.CALL: LegacyCallChannel(wire, abilities[Route.CALL])}
    fields = (*FIELDS, "region") if version == VARIABLES_VERSION else FIELDS
    return {
        Route.BATCH: BatchChannel(wire, abilities[Route.BATCH], fields),
        Route.CALL: CallChannel(wire, abilities[Route.CALL], managed=version == VARIABLES_VERSION),
    }


def _look(version: str) -> Callable[[HttpClient, Mapping[str, Json]], list[str]]:
    agents = "/v1/agents" if version == VARIABLES_VERSION else "/agents"
    numbers = None if version == LEGACY_VERSION else "/agents/phone-numbers"

    def look(wire: HttpClient, settings: Mapping[str, Json]) -> list[str]:
        agent = _absent(wire, "agent", agents, text(settings.get("agent_id")))
        number = _absent(wire, "phone number", numbers, text(settings.get("from_number_id")))
        return [*agent, *number]

    return look


def _absent(wire: HttpClient, noun: str, path: str | None, wanted: str | None) -> list[str]:
    if path is None or wanted is None:
        return []
    found = wire.get_or_none(f"{path}/{quote(wanted, safe='')}")
    if found is None:
        return [f"Cartesia does not know the {noun} {wanted}"]
    return [f"the {noun} {wanted} was deleted at Cartesia"] if entry(found).get("deleted_at") else []
