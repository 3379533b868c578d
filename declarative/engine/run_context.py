"""What every module of the engine needs in a run that writes: the ledger under its lease, the providers, the limits.
Makes no request of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from declarative.engine.list_watch import ListWatch
from declarative.engine.signals import StopSignal
from declarative.model.capabilities import Capabilities
from declarative.model.digest import PersonKey
from declarative.model.halts import NO_HALTS, EmergencyHalt, Halts
from declarative.model.history import PeopleCounts
from declarative.model.resource import Project, Resource, Route
from declarative.providers.base import Provider
from declarative.state.base import Lease
from declarative.state.ledger import Ledger

SUBMITTING_SECONDS = 60.0
"""How long a run that comes again submits."""


def ignore_count(people: int) -> None:
    """Count nothing: the limit is of one run."""


@dataclass
class DialBudget:
    """Limits how many people one run may call. People are counted before their request is sent."""

    remaining: int | None = None
    """How many more people may be called. None means no limit."""
    on_count: Callable[[int], None] = ignore_count
    """Takes the people of each request before it is sent, and less than nothing for those of one that was not done."""
    _reserved: dict[str, PeopleCounts] = field(default_factory=dict)
    """People counted for each request of this run, by its mark."""

    def covers(self, count: int, mark: str = "") -> bool:
        """Whether a request fits. One that this run has counted by its mark does."""
        return self.remaining is None or count <= self.remaining or mark in self._reserved

    def reserve(self, mark: str, counts: PeopleCounts) -> None:
        """Counts a request. Does nothing for a mark that this run has counted: the same request sent again."""
        if mark in self._reserved:
            return
        if self.remaining is not None:
            self._count(counts.people_called + counts.people_moved)
        self._reserved[mark] = counts

    def release(self, mark: str) -> PeopleCounts:
        """Gives back the people of a request that is known not to have been done, and returns by how much the counts of
        the run change. Does nothing for a mark that this run did not count."""
        counts = self._reserved.pop(mark, PeopleCounts())
        if self.remaining is not None:
            self._count(-(counts.people_called + counts.people_moved))
        return -counts

    def _count(self, people: int) -> None:
        if self.remaining is not None and people:
            self.on_count(people)
            self.remaining -= people


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """One run that writes, from the moment it holds the lease."""

    ledger: Ledger
    """The lock while it is written."""
    lease: Lease
    """The right to send and to write."""
    project: Project
    """The project as its manifest says: name, guard, settle time."""
    providers: Mapping[str, Provider]
    """The connected providers by name."""
    capabilities: Callable[[str, Route], Capabilities]
    """What a provider can do on a route, from the provider's name and the route."""
    key: PersonKey
    """The key that digests of people are made with."""
    stop: StopSignal
    """Whether the user asked the run to stop."""
    budget: DialBudget
    """How many more people may be called."""
    parallelism: int = 8
    """How many requests that dial may be under way at once."""
    sleep: Callable[[float], None]
    """Waits that many seconds: in real time, or by moving the clock of the embedded sandbox."""
    lists: ListWatch = field(default_factory=ListWatch)
    """The do-not-call lists, which may change while the run dials."""
    read_halts: Callable[[], Halts] = lambda: NO_HALTS
    """Reads the emergency stops that stand now. Raises StateError where they cannot be read: then nothing is sent."""
    progress: Callable[[str], None] = lambda _: None
    """Shows a line of progress."""
    comes_again: bool = False
    """Whether another run follows soon: then no doubt is waited for, and submitting ends after a minute."""
    began: float = field(default_factory=time.monotonic)
    """When the run began, by the clock that never goes back."""

    @property
    def must_look_again(self) -> bool:
        """Whether manifests, policies and outcomes are to be looked at again before anything more is submitted."""
        return self.comes_again and time.monotonic() - self.began >= SUBMITTING_SECONDS

    def check_may_dial(self) -> None:
        """Passes before every request that dials. Raises Interrupted or LeaseLost."""
        self.stop.check()
        # Protocol 11: a run that lost its lease must not send; the new holder may be sending the same.
        self.lease.check()

    def find_halt(self, resource: Resource) -> EmergencyHalt | None:
        """Reads whether a person halted the resource, or the project, by now. None: nobody did."""
        return self.read_halts().find(resource.address, *resource.previously)

    def pause(self, seconds: float) -> None:
        """Waits, and stops waiting when asked to stop. Raises Interrupted."""
        self.sleep(seconds)
        self.stop.check()

    def guard(self, provider: str) -> timedelta:
        """How long before its first call a batch is sent to this provider, at least. Zero: the guard is left out."""
        return self.ledger.lock.guard(provider, self.project.guard)

    def api_version(self, resource: Resource) -> str | None:
        """The API version that the project pins for a resource's provider; None for the first one of its type."""
        spec = self.project.providers.get(resource.provider)
        return spec.api_version if spec else None

    def provider(self, resource: Resource) -> Provider:
        return self.providers[resource.provider]
