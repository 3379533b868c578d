"""What a Telnyx account has: assistants and phone numbers (telnyx.md 2.6)."""

from __future__ import annotations

from declarative.model.resource import Json
from declarative.providers.base import AccountEntry
from declarative.providers.http.client import HttpClient
from declarative.providers.http.parse import dict_or_empty, id_or_none, text_or_none
from declarative.providers.telnyx.offset_pages import read_offset_pages

ASSISTANTS = "/ai/assistants"
NUMBERS = "/phone_numbers"


def list_assistant_ids(client: HttpClient) -> list[str]:
    """Return the ids of all assistants of the account."""
    return [str(assistant["id"]) for assistant in _read_assistants(client)]


def list_agents(client: HttpClient) -> list[AccountEntry]:
    """Return the account's assistants."""
    return [AccountEntry(str(entry["id"]), text_or_none(entry.get("name")) or "") for entry in _read_assistants(client)]


def list_numbers(client: HttpClient) -> list[AccountEntry]:
    """Return the account's numbers. A manifest names the number itself, so it is the id too."""
    numbers = [text_or_none(entry.get("phone_number")) for entry in read_offset_pages(client, NUMBERS)]
    return [AccountEntry(number, number) for number in numbers if number]


def _read_assistants(client: HttpClient) -> list[dict[str, Json]]:
    """Return the one answer that holds all assistants, as it says."""
    data = dict_or_empty(client.get(ASSISTANTS)).get("data")
    if not isinstance(data, list) or not all(id_or_none(dict_or_empty(entry).get("id")) for entry in data):
        raise client.failure(ASSISTANTS, "answered with a list that cannot be read")
    return [dict_or_empty(entry) for entry in data]
