"""A project whose provider is an installed plugin with idempotency keys. Its world is in memory."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

import declarative as dialctl
from declarative.app.apply import ApplyReport
from declarative.model.lock import Lock, ResourceRecord
from declarative.model.resource import ProviderSpec, Route
from declarative.planning.plan import Plan
from declarative.providers.base import ConnectOptions
from tests.providers.relay_type import relay_type
from tests.providers.relay_world import RelayProvider, RelayWorld

ADA, BOB, CLEO = "+12125550101", "+12125550102", "+12125550103"
MARCH = "batch/march"
_HEAD = "apiVersion: dialctl/v1\nkind: {}\nmetadata: {{name: {}}}\nspec:\n"


class RelayProject:
    """One project. Each `apply` is a run of its own, with whatever the lock holds."""

    def __init__(self, directory: Path, world: RelayWorld, monkeypatch: pytest.MonkeyPatch) -> None:
        self.directory = directory / "project"
        self.world = world
        self.directory.mkdir()
        (self.directory / ".git").mkdir()
        _install(directory / "site", world, monkeypatch)
        self.write()
        (self.directory / "dnc.csv").write_text("to_number\n")

    def write(self, *numbers: str, project: str = "  guard: 3m\n", spec: str = "", data: str = "pro") -> None:
        """Write the manifests: a Batch of these people, three of them where none is named."""
        people = "".join(
            f'  - {{to_number: "{number}", details: {{plan: {data}}}}}\n' for number in numbers or (ADA, BOB, CLEO)
        )
        (self.directory / "project.yaml").write_text(
            _HEAD.format("Project", "spring") + "  defaults: {provider: relay}\n" + project
        )
        (self.directory / "march.yaml").write_text(
            _HEAD.format("Batch", "march") + f"  speakerId: s1\n{spec}  recipients:\n{people}"
        )

    def apply(self, approve: Callable[[Plan], bool] = lambda _: True, **options: int | None) -> ApplyReport:
        with self._session() as session:
            return dialctl.apply(session, approve=approve, **options)  # type: ignore[arg-type]

    def plan(self) -> Plan:
        with self._session() as session:
            return dialctl.plan(session)

    def lock(self) -> Lock:
        with self._session() as session:
            lock = session.local_lock()
            assert lock is not None
            return lock

    def record(self) -> ResourceRecord:
        return self.lock().resources[MARCH]

    def _session(self) -> dialctl.Session:
        environment = {"RELAY_API_KEY": "a-key-of-nobody", "DIALCTL_PERSON_KEY": "secret"}
        return dialctl.Session(self.directory, environment=environment, sleep=self.world.advance, parallelism=1)


def _install(site: Path, world: RelayWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    info = site / "relay-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: relay\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[dialctl.providers]\nrelay = relay_of_a_test\n")
    module = ModuleType("relay_of_a_test")
    provider_type = relay_type(site / "schemas")

    def connect(spec: ProviderSpec, options: ConnectOptions) -> RelayProvider:
        return RelayProvider(world)

    vars(module).update(type=replace(provider_type, routes={"1": {Route.BATCH: world.capabilities}}), connect=connect)
    monkeypatch.setitem(sys.modules, "relay_of_a_test", module)
    monkeypatch.syspath_prepend(str(site))
