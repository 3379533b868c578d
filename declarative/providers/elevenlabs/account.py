"""What an ElevenLabs account has: agents and phone numbers (elevenlabs.md 5)."""

from __future__ import annotations

from declarative.providers.base import AccountEntry
from declarative.providers.http.client import HttpClient
from declarative.providers.http.pages import PageForm, read_pages
from declarative.providers.http.parse import dict_or_empty, text_or_none

AGENTS, NUMBERS = "/v1/convai/agents", "/v1/convai/phone-numbers"
_AGENT_PAGES = PageForm(
    entries="agents",
    entry_id="agent_id",
    size_parameter="page_size",
    cursor_parameter="cursor",
    next_field="next_cursor",
    ids_are_cursors=False,
)


def list_agents(client: HttpClient) -> list[AccountEntry]:
    """Return the agents that are not archived."""
    agents = [agent for page in read_pages(client, AGENTS, {}, form=_AGENT_PAGES) for agent in page]
    return [
        AccountEntry(str(agent["agent_id"]), text_or_none(agent.get("name")) or "")
        for agent in agents
        if not agent.get("archived")
    ]


def list_numbers(client: HttpClient) -> list[AccountEntry]:
    """Return the numbers, with who provides them. They come in one answer."""
    numbers = client.get(NUMBERS)
    if not isinstance(numbers, list):
        raise client.failure(NUMBERS, "answered with a list that cannot be read")
    fields = [dict_or_empty(number) for number in numbers]
    return [
        AccountEntry(
            *(text_or_none(number.get(name)) or "" for name in ("phone_number_id", "phone_number", "provider"))
        )
        for number in fields
    ]
