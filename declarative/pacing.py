"""The pace of single calls: so many a second, so many in flight. Batches are paced by their provider, not here."""

from __future__ import annotations

from declarative.desk import Desk
from declarative.errors import ProviderError
from declarative.model import Resource, Route
from declarative.planning.case import is_over

LOOK_EVERY = 2.0
"""Seconds between looks at the calls in flight."""
LONGEST_CALL = 75 * 60.0
"""Seconds after which a call that never ends no longer holds a place (callingbox.md 9, row 20)."""


class Pacer:
    """Call `wait` before each placing and `placed` after it. Does nothing on a batch route."""

    def __init__(self, desk: Desk, resource: Resource) -> None:
        self._desk = desk
        self._resource = resource
        self._single = resource.route is Route.CALL
        self._in_flight: list[str] = []
        self._first = True

    def wait(self) -> None:
        """Waits for its turn. Raises Interrupted."""
        if not self._single:
            return
        if not self._first:
            self._desk.pause(1.0 / self._resource.pace.calls_per_second)
        self._first = False
        waited = 0.0
        while len(self._in_flight) >= self._resource.pace.max_in_flight and waited < LONGEST_CALL:
            self._in_flight = [key for key in self._in_flight if not self._has_ended(key)]
            if len(self._in_flight) >= self._resource.pace.max_in_flight:
                self._desk.pause(LOOK_EVERY)
                waited += LOOK_EVERY

    def placed(self, remote_id: str) -> None:
        if remote_id:
            self._in_flight.append(remote_id)

    def _has_ended(self, remote_id: str) -> bool:
        channel = self._desk.provider(self._resource).channels[Route.CALL]
        try:
            remote = channel.read(remote_id)
        except ProviderError:
            return False
        return remote is None or is_over(remote)
