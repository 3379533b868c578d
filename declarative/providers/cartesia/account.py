"""What a Cartesia account has: agents and phone numbers (cartesia.md 2.11 and 2.12)."""

from __future__ import annotations

from declarative.model.resource import Json
from declarative.providers.base import AccountEntry
from declarative.providers.cartesia.type import LEGACY_VERSION, VARIABLES_VERSION
from declarative.providers.http.client import HttpClient
from declarative.providers.http.pages import read_pages
from declarative.providers.http.parse import dict_or_empty, text_or_none


def list_agents(client: HttpClient, version: str) -> list[AccountEntry]:
    """Return every agent that is listed and not deleted, each once."""
    summaries = dict_or_empty(client.get("/agents")).get("summaries")
    if not isinstance(summaries, list):
        raise client.failure("/agents", "answered with a list that cannot be read")
    agents = [dict_or_empty(summary) for summary in summaries]
    if version == VARIABLES_VERSION:
        agents += [agent for page in read_pages(client, "/v1/agents", {}) for agent in page]
    entries = [_parse_entry(agent, "name") for agent in agents if not agent.get("deleted_at")]
    return list({entry.id: entry for entry in reversed(entries) if entry.id}.values())[::-1]


def list_numbers(client: HttpClient, version: str) -> list[AccountEntry]:
    """Return every number, with who provides it. The oldest API version lists none."""
    if version == LEGACY_VERSION:
        return []
    pages = read_pages(client, "/agents/phone-numbers", {})
    return [
        _parse_entry(number, "number", kind=text_or_none(dict_or_empty(number.get("provider")).get("type")) or "")
        for page in pages
        for number in page
    ]


def _parse_entry(entry: dict[str, Json], name: str, *, kind: str = "") -> AccountEntry:
    return AccountEntry(text_or_none(entry.get("id")) or "", text_or_none(entry.get(name)) or "", kind)
