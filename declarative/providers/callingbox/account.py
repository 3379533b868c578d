"""What a CallingBox account has: agents and phone numbers (callingbox.md 2)."""

from __future__ import annotations

from declarative.model.resource import Json
from declarative.providers.base import AccountEntry
from declarative.providers.http.client import HttpClient
from declarative.providers.http.pages import read_pages
from declarative.providers.http.parse import dict_or_empty, text_or_none


def list_agents(client: HttpClient) -> list[AccountEntry]:
    """Return the agents that place calls and are not archived."""
    agents = _read_all(client, "/v1/agents")
    return [_parse(agent, "name", "type") for agent in agents if not agent.get("archived_at")]


def list_numbers(client: HttpClient) -> list[AccountEntry]:
    """Return the account's numbers. A manifest names the number itself, so it is the id too."""
    entries = [_parse(number, "e164", "number_type") for number in _read_all(client, "/v1/numbers")]
    return [AccountEntry(entry.name, entry.name, entry.kind) for entry in entries]


def _read_all(client: HttpClient, path: str) -> list[dict[str, Json]]:
    """Return a list through all its pages, each entry once. The documents show none, and the vendor's own client pages
    (callingbox.md 2.5)."""
    entries = (entry for page in read_pages(client, path, {}, may_lack_pages=True) for entry in page)
    return list({str(entry["id"]): entry for entry in entries}.values())


def _parse(entry: Json, name: str, kind: str) -> AccountEntry:
    fields = dict_or_empty(entry)
    return AccountEntry(*(text_or_none(fields.get(field)) or "" for field in ("id", name, kind)))
