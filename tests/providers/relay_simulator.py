"""A simulator of the type relay, as its author would bring it: a world in a file, under the sandbox's clock."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from declarative.model.resource import Route
from tests.providers.relay_world import RelayChannel, RelayProvider, RelayWorld


class RelaySimulator:
    """Implements `plugins.Simulator`. The one that is open is `current`."""

    current: RelaySimulator

    def __init__(self, directory: Path, now: Callable[[], datetime]) -> None:
        self._file, self._now = directory / "world", now
        known = self._file.exists()
        self.world: RelayWorld = pickle.loads(self._file.read_bytes()) if known else RelayWorld(now=now())
        RelaySimulator.current = self

    def catch_up(self) -> RelayWorld:
        """Let happen what the sandbox's clock has passed."""
        self.world.advance((self._now() - self.world.now).total_seconds())
        return self.world

    def environment(self) -> Mapping[str, str]:
        return {"RELAY_BASE_URL": "http://127.0.0.1:9/relay"}

    def transport(self) -> None:
        return None

    def close(self) -> None:
        self._file.write_bytes(pickle.dumps(self.catch_up()))


@dataclass
class SimulatedProvider(RelayProvider):
    """A connection to the simulator that is open."""

    host: str = "127.0.0.1"

    @property
    def channels(self) -> Mapping[Route, RelayChannel]:
        return {Route.BATCH: RelayChannel(RelaySimulator.current.catch_up())}

    def now(self) -> datetime:
        return RelaySimulator.current.catch_up().now

    latest_now = now
