"""Connects to Twilio: one channel of single calls, and the look-ups of account and numbers (twilio.md 2.4)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from declarative.errors import ProviderError
from declarative.model.resource import Json, ProviderSpec, Route
from declarative.privacy import mask
from declarative.providers.base import AccountEntry, ConnectOptions
from declarative.providers.http import endpoint
from declarative.providers.http.client import HttpClient
from declarative.providers.http.connection import HttpConnection
from declarative.providers.http.parse import dict_or_empty, id_or_none, text_or_none, word_or_empty
from declarative.providers.http.request import basic
from declarative.providers.twilio.calls import CallChannel
from declarative.providers.twilio.errors import parse_error
from declarative.providers.twilio.pages import read_pages
from declarative.providers.twilio.type import TWILIO, VERSION

_NUMBER_LISTS = (
    ("IncomingPhoneNumbers", "incoming_phone_numbers", "incoming"),
    ("OutgoingCallerIds", "outgoing_caller_ids", "verified"),
)
"""Route, field of the entries, and what the entries are: numbers of the account, and numbers verified for it."""


def connect(spec: ProviderSpec, connect_options: ConnectOptions) -> HttpConnection:
    """Open a connection; sends nothing yet. Raises MissingKey, or ProviderError for a base URL or an account that
    cannot be used."""
    access = endpoint.from_environment(spec, TWILIO, connect_options.environment)
    if id_or_none(access.account) is None or ":" in access.account:
        raise ProviderError(f"{TWILIO.account_variable} is no id of an account", hint="it begins with AC")
    client = HttpClient(
        access,
        parse_error,
        key_headers=partial(basic, access.account),
        transport=connect_options.transport,
        sleep=connect_options.sleep,
        monotonic=connect_options.monotonic,
    )
    account_path = f"/{VERSION}/Accounts/{access.account}"
    channel = CallChannel(client, TWILIO.routes[VERSION][Route.CALL], account_path)
    return HttpConnection(
        client,
        {Route.CALL: channel},
        clock_path=f"{account_path}.json",
        find_unknown=partial(_find_unknown, account_path),
        list_numbers=partial(_list_numbers, account_path),
        find_number=lambda _client, settings: channel.capabilities.settings.caller_of(settings),
    )


def _find_unknown(account_path: str, client: HttpClient, settings: Mapping[str, Json]) -> list[str]:
    """Return a sentence for an account that is not active, and for a number that it does not have."""
    unknown = []
    status = word_or_empty(dict_or_empty(client.get(f"{account_path}.json")).get("status"))
    if status not in ("", "active"):
        unknown.append(f"Twilio says that the account is {status}")
    number = text_or_none(settings.get("From"))
    if number is not None and not any(_list_entries(account_path, client, number)):
        unknown.append(f"Twilio does not know the number {mask(number)}")
    return unknown


def _list_numbers(account_path: str, client: HttpClient) -> list[AccountEntry]:
    """Return the numbers that the account calls from. A manifest names the number itself, so it is the id too."""
    return _list_entries(account_path, client, None)


def _list_entries(account_path: str, client: HttpClient, number: str | None) -> list[AccountEntry]:
    params = {} if number is None else {"PhoneNumber": number}
    entries = (
        AccountEntry(text_or_none(entry.get("phone_number")) or "", text_or_none(entry.get("phone_number")) or "", kind)
        for route, field, kind in _NUMBER_LISTS
        for page in read_pages(client, f"{account_path}/{route}.json", params, field)
        for entry in page
    )
    return [entry for entry in entries if entry.id and number in (None, entry.id)]
