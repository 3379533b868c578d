"""A Provider over HTTP. What differs between APIs is passed in: channels, and the lookup of agents and numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

from declarative.errors import ProviderError
from declarative.model.resource import Json, Route
from declarative.providers.base import Channel
from declarative.providers.http.client import HttpClient

T = TypeVar("T")

FindUnknown = Callable[[HttpClient, Mapping[str, Json]], list[str]]
"""Returns a sentence for each agent or number in a resource's settings that the provider does not know."""


class HttpConnection:
    """Implements `base.Provider`. A GET of `clock_path` must be cheap: it answers the first question for the time."""

    def __init__(
        self, client: HttpClient, channels: Mapping[Route, Channel], *, clock_path: str, find_unknown: FindUnknown
    ) -> None:
        self.client = client
        self._channels = channels
        self._clock_path = clock_path
        self._find_unknown = find_unknown

    @property
    def host(self) -> str:
        return self.client.host

    @property
    def channels(self) -> Mapping[Route, Channel]:
        return self._channels

    def now(self) -> datetime:
        return self._read_clock(self.client.clock.now)

    def skew(self) -> float:
        return self._read_clock(self.client.clock.skew)

    def unknown_references(self, settings: Mapping[str, Json]) -> list[str]:
        return self._find_unknown(self.client, settings)

    def close(self) -> None:
        self.client.close()

    def _read_clock(self, read: Callable[[], T | None]) -> T:
        if read() is None:
            self.client.get(self._clock_path)
        value = read()
        if value is None:
            raise ProviderError(f"{self.host} does not tell the time: its answers have no Date header")
        return value
