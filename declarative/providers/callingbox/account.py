"""What a CallingBox account has: agents and phone numbers (callingbox.md 2)."""

from __future__ import annotations

from declarative.model.resource import Json
from declarative.providers.base import AccountEntry
from declarative.providers.http.client import HttpClient
from declarative.providers.http.parse import dict_or_empty, text_or_none


def list_agents(client: HttpClient) -> list[AccountEntry]:
    """Return the agents that place calls and are not archived."""
    agents = dict_or_empty(client.get("/v1/agents")).get("data")
    if not isinstance(agents, list):
        raise client.failure("/v1/agents", "answered with a list that cannot be read")
    return [_parse(agent, "name", "type") for agent in agents if not dict_or_empty(agent).get("archived_at")]


def list_numbers(client: HttpClient) -> list[AccountEntry]:
    """Return the account's numbers. A manifest names the number itself, so it is the id too."""
    numbers = client.get("/v1/numbers")
    if not isinstance(numbers, list):
        raise client.failure("/v1/numbers", "answered with a list that cannot be read")
    entries = [_parse(number, "e164", "number_type") for number in numbers]
    return [AccountEntry(entry.name, entry.name, entry.kind) for entry in entries]


def _parse(entry: Json, name: str, kind: str) -> AccountEntry:
    fields = dict_or_empty(entry)
    return AccountEntry(*(text_or_none(fields.get(field)) or "" for field in ("id", name, kind)))
