"""The pace of single calls: how many are placed per second, how many are in flight. Providers pace batches by
themselves."""

from __future__ import annotations

from datetime import datetime

from declarative.engine.run_context import RunContext
from declarative.errors import ProviderError
from declarative.model.remote import Remote, is_over
from declarative.model.resource import Resource, Route

POLL_SECONDS = 2.0
"""Seconds between two reads of the calls in flight."""


class Pacer:
    """Paces the single calls of one resource: call `wait` before each request and `track` after it. Does nothing on a
    batch route."""

    def __init__(self, run: RunContext, resource: Resource) -> None:
        self._run = run
        self._resource = resource
        self._single = resource.route is Route.CALL
        self._in_flight: dict[str, datetime] = {}
        self._first = True

    def wait(self) -> None:
        """Waits until the next call may be placed. Raises Interrupted."""
        if not self._single:
            return
        if not self._first:
            self._run.pause(1.0 / self._resource.pace.calls_per_second)
        self._first = False
        while len(self._in_flight) >= self._resource.pace.max_in_flight:
            self._in_flight = {
                remote_id: placed_at
                for remote_id, placed_at in self._in_flight.items()
                if not self._has_ended(remote_id, placed_at)
            }
            if len(self._in_flight) >= self._resource.pace.max_in_flight:
                self._run.pause(POLL_SECONDS)

    def track(self, remote_id: str) -> None:
        """Counts a call as in flight. "" counts none: the request created nothing that is known."""
        if remote_id:
            self._in_flight[remote_id] = self._run.provider(self._resource).now()

    def _has_ended(self, remote_id: str, placed_at: datetime) -> bool:
        provider = self._run.provider(self._resource)
        channel = provider.channels[Route.CALL]
        if provider.now() - placed_at >= channel.capabilities.longest_call:
            return True
        try:
            remote = channel.read(remote_id)
        except ProviderError:
            return False
        return remote is None or is_over(remote) or _has_no_members(remote)


def _has_no_members(remote: Remote) -> bool:
    """Whether a call is known from our own request alone. It has no id to read, so nothing will ever say that it
    ended."""
    return remote.members is None or remote.members.is_empty()
