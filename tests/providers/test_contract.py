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
from declarative.testing import World, check_provider

from . import memory_provider
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
    assert len(report.passed) == len(routes[version]) * 40


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
    assert len(report.passed) == 18
    assert {name.split(": ")[0] for name in report.passed} == {"1 call"}
    reasons = set(report.skipped.values())
    assert reasons == {
        "the world cannot advance its clock",
        "the world has no faults",
        "the world has no transport, so nothing tells what was sent",
    }
    assert "1 call: the clock is the providers" in report.skipped


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
