"""A connection of a plugin, from which nothing escapes but what `base.Provider` promises.

An error that a plugin did not mean is a failed read, or a request of which nothing is known: it may have been sent.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TypeVar

from declarative.errors import DialctlError, ProviderError
from declarative.model.capabilities import Capabilities
from declarative.model.remote import Remote
from declarative.model.resource import Json, Route
from declarative.providers.base import (
    AccountEntry,
    Ambiguous,
    Channel,
    Failure,
    NumberChannel,
    Outcome,
    Provider,
    Removal,
    RemovalChannel,
    SearchChannel,
    Submission,
)
from declarative.providers.plugins import describe_failure

T = TypeVar("T")


class ContainedChannel:
    """Implements `base.Channel`, `base.RemovalChannel`, `base.SearchChannel` and `base.NumberChannel`."""

    def __init__(self, type_name: str, channel: Channel) -> None:
        self._type_name = type_name
        self._channel = channel

    @property
    def capabilities(self) -> Capabilities:
        return self._channel.capabilities

    def list_pages(self, agent_ids: Iterable[str]) -> list[Iterator[list[Remote]]]:
        lists = _read(self._type_name, lambda: self._channel.list_pages(agent_ids))
        return [self._contain_pages(pages) for pages in lists]

    def _contain_pages(self, pages: Iterator[list[Remote]]) -> Iterator[list[Remote]]:
        iterator = iter(pages)
        while (page := _read(self._type_name, lambda: next(iterator, None))) is not None:
            yield page

    def find_calls_to(self, number: str) -> list[Remote]:
        channel = self._channel
        if not isinstance(channel, NumberChannel):
            raise ProviderError(f"the provider type {self._type_name} shows no marks, and cannot search by number")
        return _read(self._type_name, lambda: channel.find_calls_to(number))

    def read(self, remote_id: str) -> Remote | None:
        return _read(self._type_name, lambda: self._channel.read(remote_id))

    def submit(self, submission: Submission) -> Outcome:
        return self._send(lambda: self._channel.submit(submission))

    def retry(self, remote_id: str) -> Outcome:
        return self._send(lambda: self._channel.retry(remote_id))

    def cancel(self, remote_id: str) -> Outcome:
        return self._send(lambda: self._channel.cancel(remote_id))

    def find_members(self, remote_id: str, numbers: Collection[str]) -> Mapping[str, Sequence[str]]:
        return _read(self._type_name, lambda: self._removal_channel.find_members(remote_id, numbers))

    def remove_member(self, remote_id: str, member_id: str) -> Removal | Failure:
        return self._send(lambda: self._removal_channel.remove_member(remote_id, member_id))

    def find_marked(self, mark: str) -> list[Remote]:
        channel = self._channel
        if not isinstance(channel, SearchChannel):
            raise ProviderError(f"the provider type {self._type_name} declares finds_marks, and cannot search")
        return _read(self._type_name, lambda: channel.find_marked(mark))

    @property
    def _removal_channel(self) -> RemovalChannel:
        if isinstance(self._channel, RemovalChannel):
            return self._channel
        raise ProviderError(f"the provider type {self._type_name} declares most_removals, and cannot take off anybody")

    def _send(self, send: Callable[[], T]) -> T | Ambiguous:
        # Protocol 3: nothing tells how far the request had come, so it may have happened.
        try:
            return send()
        except Exception as problem:
            return Ambiguous(f"the provider type {self._type_name} failed: {describe_failure(problem)}")


class ContainedProvider:
    """Implements `base.Provider`."""

    def __init__(self, type_name: str, provider: Provider) -> None:
        self._type_name = type_name
        self._provider = provider
        self._channels = {
            route: ContainedChannel(type_name, channel)
            for route, channel in _read(type_name, lambda: provider.channels).items()
        }

    @property
    def host(self) -> str:
        return _read(self._type_name, lambda: self._provider.host)

    @property
    def channels(self) -> Mapping[Route, Channel]:
        return self._channels

    def now(self) -> datetime:
        return _read(self._type_name, self._provider.now)

    def latest_now(self) -> datetime:
        return _read(self._type_name, self._provider.latest_now)

    def skew(self) -> float:
        return _read(self._type_name, self._provider.skew)

    def reading_until(self, deadline: datetime) -> AbstractContextManager[None]:
        return _read(self._type_name, lambda: self._provider.reading_until(deadline))

    def own_number(self, settings: Mapping[str, Json]) -> str:
        return _read(self._type_name, lambda: self._provider.own_number(settings))

    def unknown_references(self, settings: Mapping[str, Json]) -> list[str]:
        return _read(self._type_name, lambda: self._provider.unknown_references(settings))

    def list_agents(self) -> list[AccountEntry]:
        return _read(self._type_name, self._provider.list_agents)

    def list_numbers(self) -> list[AccountEntry]:
        return _read(self._type_name, self._provider.list_numbers)

    def close(self) -> None:
        _read(self._type_name, self._provider.close)


def _read(type_name: str, read: Callable[[], T]) -> T:
    """Return what a plugin answers. Raises ProviderError for whatever it raises, except for our own errors."""
    try:
        return read()
    except DialctlError:
        raise
    except Exception as problem:
        raise ProviderError(f"the provider type {type_name} failed: {describe_failure(problem)}") from problem
