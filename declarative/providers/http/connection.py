"""A connection over HTTP as the rest of the house sees it; what differs from API to API is handed in. Knows
no provider's routes or words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

from declarative.errors import ProviderError
from declarative.model.resource import Json, Route
from declarative.providers.base import Channel
from declarative.providers.http.client import HttpClient

T = TypeVar("T")

Look = Callable[[HttpClient, Mapping[str, Json]], list[str]]
"""Sentences for those of a resource's settings that the provider does not know."""


class Connection:
    """Implements `base.Provider`. `clock_path` is a cheap GET for the first question of the time."""

    def __init__(self, wire: HttpClient, channels: Mapping[Route, Channel], *, clock_path: str, look: Look) -> None:
        self.wire = wire
        self._channels = channels
        self._clock_path = clock_path
        self._look = look

    @property
    def host(self) -> str:
        return self.wire.host

    @property
    def channels(self) -> Mapping[Route, Channel]:
        return self._channels

    def now(self) -> datetime:
        return self._asked(self.wire.clock.now)

    def skew(self) -> float:
        return self._asked(self.wire.clock.skew)

    def unknown_references(self, settings: Mapping[str, Json]) -> list[str]:
        return self._look(self.wire, settings)

    def close(self) -> None:
        self.wire.close()

    def _asked(self, tell: Callable[[], T | None]) -> T:
        if tell() is None:
            self.wire.get(self._clock_path)
        told = tell()
        if told is None:
            raise ProviderError(f"{self.host} does not tell the time: its answers carry no Date")
        return told
