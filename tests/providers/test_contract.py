"""Our own providers and the example of an outside one keep the contract that `declarative.testing` checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from declarative.model.capabilities import ProviderType
from declarative.model.resource import Json, ProviderSpec, Route
from declarative.providers import catalog
from declarative.providers.base import ConnectOptions, Done, MarkMissing
from declarative.providers.plugins import Connect
from declarative.sandbox.embedded import open_sandbox
from declarative.testing import Fault, FaultKind, NotSupported, World, check_provider

from . import memory_provider
from .relay_type import relay_type
from .relay_world import FORGETFUL, START, RelayProvider, RelayWorld
from .sandbox_world import SandboxWorld
from .scripted_provider import environment, submission

ROUTES = [
    (name, version, route)
    for name, provider_type in catalog.types().items()
    for version in provider_type.versions
    for route in provider_type.routes[version]
]


@dataclass(frozen=True)
class OneRoute:
    """A provider type cut down to one version and route, so that each has a sandbox of its own."""

    type: ProviderType
    connect: Connect = catalog.connect


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SandboxWorld]:
    sandbox = open_sandbox(tmp_path / "sandbox")
    yield SandboxWorld(sandbox)
    sandbox.close()


@pytest.mark.parametrize(("name", "version"), sorted({row[:2] for row in ROUTES}))
def test_a_built_in_provider_keeps_the_whole_contract(name: str, version: str, world: SandboxWorld) -> None:
    # Retell lists a call once it is connected or over.
    world = SandboxWorld(world.sandbox, listed_after=60 if name == "retell" else 0)
    provider_type = catalog.types()[name]
    routes = {version: provider_type.routes[version]}
    report = check_provider(OneRoute(replace(provider_type, versions=(version,), routes=routes)), world)
    assert report.skipped == {}
    assert len(report.passed) == len(routes[version]) * 41


class MemoryWorld(World):
    """The example has no clock, no faults and no phones: what needs them is skipped."""

    @property
    def settings(self) -> Mapping[str, Json]:
        return {"agent_id": "agent_1"}

    @property
    def unreached_numbers(self) -> list[str]:
        return ["+14155550191", "+14155550192", "+14155550193"]


def test_the_example_from_outside_keeps_what_can_be_checked_of_it() -> None:
    report = check_provider(memory_provider, MemoryWorld())
    assert len(report.passed) == 19
    assert {name.split(": ")[0] for name in report.passed} == {"1 call"}
    reasons = set(report.skipped.values())
    assert reasons == {
        "the world cannot advance its clock",
        "the world has no faults",
        "the world has no transport, so nothing tells what was sent",
    }
    assert "1 call: the clock is the providers" in report.skipped


class AuthorsWorld(World):
    """A world of the author's own, which no sandbox of ours knows: its time and its faults are those of a class."""

    def __init__(self) -> None:
        self.relay = RelayWorld(calls=[])

    @property
    def settings(self) -> Mapping[str, Json]:
        return {"speakerId": "s1", "lineNumber": "+14155550100"}

    def advance(self, seconds: float) -> None:
        self.relay.advance(seconds)
        self.relay.land_late()

    def fault(self, fault: Fault) -> None:
        words = {FaultKind.LOST_REQUEST: "request", FaultKind.LOST_ANSWER: "answer", FaultKind.LATE: "late"}
        if fault.kind not in words:
            raise NotSupported(f"the world does not answer with {fault.kind}")
        self.relay.faults = [words[fault.kind]]

    def dials(self) -> int:
        return len(self.relay.calls)


class AuthorsProvider(RelayProvider):
    """A connection to it."""

    def skew(self) -> float:
        return (self.world.now - START).total_seconds()

    def unknown_references(self, settings: Mapping[str, Json]) -> list[str]:
        return [] if settings["speakerId"] == "s1" else ["relay does not know that speaker"]


@dataclass(frozen=True)
class Relay:
    """The type as its package brings it."""

    type: ProviderType
    world: AuthorsWorld

    def connect(self, spec: ProviderSpec, options: ConnectOptions) -> RelayProvider:
        return AuthorsProvider(self.world.relay)


def test_a_type_from_outside_is_checked_against_its_authors_own_world(tmp_path: Path) -> None:
    world = AuthorsWorld()
    relay_routes = {"1": {Route.BATCH: FORGETFUL}}
    report = check_provider(Relay(replace(relay_type(tmp_path), routes=relay_routes), world), world)
    assert "1 batch: a key names one thing" in report.passed
    assert "1 batch: a schedule is kept where there can be one" in report.passed
    assert set(report.skipped.values()) == {
        "the world has no unreached_numbers",
        "the world does not answer with status",
        "the world does not answer with truncated",
        "the world has no transport, so nothing tells what was sent",
    }


@pytest.mark.parametrize("name", catalog.types())
def test_the_clock_of_a_built_in_provider_is_that_of_the_sandbox(name: str, world: SandboxWorld) -> None:
    world.advance(86_400)
    options = ConnectOptions(environment=environment(), transport=world.transport())
    provider = catalog.connect(ProviderSpec("main", name), options)
    assert abs((provider.now() - world.sandbox.now()).total_seconds()) < 3
    assert provider.skew() == pytest.approx(86_400, abs=3)


def test_a_name_that_was_cut_leaves_a_batch_without_our_mark(world: SandboxWorld) -> None:
    options = ConnectOptions(environment=environment(), transport=world.transport(), sleep=lambda _: None)
    channel = catalog.connect(ProviderSpec("main", "cartesia"), options).channels[Route.BATCH]
    world.install_rule({"match": {"operation": "createCallBatch"}, "do": {"edit": {"name": "March outr"}}})
    outcome = channel.submit(submission(settings=dict(world.settings)))
    assert isinstance(outcome, MarkMissing)
    assert isinstance(channel.cancel(outcome.remote.id), Done)
