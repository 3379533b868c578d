"""What every acting module needs at hand in a run that writes: the ledger under its lease, the providers, the limits.
Makes no request of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from declarative.engine.signals import StopSignal
from declarative.model.capabilities import Capabilities
from declarative.model.digest import PersonKey
from declarative.model.resource import Project, Resource, Route
from declarative.providers.base import Provider
from declarative.state.base import Lease
from declarative.state.ledger import Ledger


@dataclass
class DialBudget:
    """How many people may still be called in this run; None is no limit. Counted before each send, by the mark of the
    request, and given back once it is known not to have been done."""

    remaining: int | None = None
    _reserved: dict[str, int] = field(default_factory=dict)

    def covers(self, count: int) -> bool:
        return self.remaining is None or count <= self.remaining

    def reserve(self, mark: str, count: int) -> None:
        if self.remaining is not None:
            self.remaining -= count
            self._reserved[mark] = count

    def release(self, mark: str) -> None:
        """Of a request that was not made in this run there is nothing to give back."""
        if self.remaining is not None:
            self.remaining += self._reserved.pop(mark, 0)


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """`sleep` in seconds, by real time or by the sandbox's clock; `say` shows progress."""

    ledger: Ledger
    lease: Lease
    project: Project
    providers: Mapping[str, Provider]
    capabilities: Callable[[str, Route], Capabilities]
    key: PersonKey
    stop: StopSignal
    budget: DialBudget
    sleep: Callable[[float], None]
    progress: Callable[[str], None] = lambda _: None

    def check_may_dial(self) -> None:
        """Passed before every request that dials. Raises Interrupted or LeaseLost."""
        self.stop.check()
        self.lease.check()

    def pause(self, seconds: float) -> None:
        """Waits, and stops waiting when asked to stop. Raises Interrupted."""
        self.sleep(seconds)
        self.stop.check()

    def provider(self, resource: Resource) -> Provider:
        return self.providers[resource.provider]
