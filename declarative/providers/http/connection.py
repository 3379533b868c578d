"""A Provider over HTTP. What differs between APIs is passed in: channels, and the lookup of agents and numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TypeVar

from declarative.errors import ProviderError
from declarative.model.resource import Json, Route
from declarative.providers.base import AccountEntry, Channel
from declarative.providers.http.client import HttpClient

T = TypeVar("T")

FindUnknown = Callable[[HttpClient, Mapping[str, Json]], list[str]]
"""Returns a sentence for each agent or number in a resource's settings that the provider does not know."""

FindNumber = Callable[[HttpClient, Mapping[str, Json]], str]
"""Returns the E.164 number that a resource's settings name, or hold; "" where that is not known."""

ListEntries = Callable[[HttpClient], list[AccountEntry]]
"""Returns the agents or the numbers of the account."""


class HttpConnection:
    """Implements `base.Provider`. A GET of `clock_path` must be cheap: it answers the first question for the time."""

    def __init__(
        self,
        client: HttpClient,
        channels: Mapping[Route, Channel],
        *,
        clock_path: str,
        find_unknown: FindUnknown,
        list_agents: ListEntries = lambda _client: [],
        list_numbers: ListEntries = lambda _client: [],
        find_number: FindNumber = lambda _client, _settings: "",
    ) -> None:
        self.client = client
        self._channels = channels
        self._clock_path = clock_path
        self._find_unknown = find_unknown
        self._list_agents = list_agents
        self._list_numbers = list_numbers
        self._find_number = find_number

    @property
    def host(self) -> str:
        return self.client.host

    @property
    def channels(self) -> Mapping[Route, Channel]:
        return self._channels

    def now(self) -> datetime:
        return self._read_clock(self.client.clock.now)

    def latest_now(self) -> datetime:
        return self._read_clock(self.client.clock.latest_now)

    def skew(self) -> float:
        return self._read_clock(self.client.clock.skew)

    def reading_until(self, deadline: datetime) -> AbstractContextManager[None]:
        return self.client.reading_until(deadline)

    def own_number(self, settings: Mapping[str, Json]) -> str:
        return self._find_number(self.client, settings)

    def unknown_references(self, settings: Mapping[str, Json]) -> list[str]:
        return self._find_unknown(self.client, settings)

    def list_agents(self) -> list[AccountEntry]:
        return self._list_agents(self.client)

    def list_numbers(self) -> list[AccountEntry]:
        return self._list_numbers(self.client)

    def close(self) -> None:
        self.client.close()

    def _read_clock(self, read: Callable[[], T | None]) -> T:
        value = read()
        if value is None:
            self.client.get(self._clock_path)
            value = read()
        if value is None:
            raise ProviderError(f"{self.host} does not tell the time: its answers have no Date header")
        return value
