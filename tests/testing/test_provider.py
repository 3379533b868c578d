"""A provider that promises more than it does is found out, and the broken rules are named."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from declarative.model.capabilities import Capabilities, ProviderType
from declarative.model.remote import Remote
from declarative.model.resource import Json, ProviderSpec, Route
from declarative.providers import (
    Ambiguous,
    Channel,
    ConnectOptions,
    Done,
    Outcome,
    Provider,
    Rejected,
    Submission,
    catalog,
)
from declarative.sandbox.embedded import open_sandbox
from declarative.testing import ContractViolation, World, check_provider
from tests.providers import memory_provider
from tests.providers.sandbox_world import SandboxWorld


class Wrapped:
    """A channel that does as another one; what inherits from it does one thing wrong."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    @property
    def capabilities(self) -> Capabilities:
        return self.channel.capabilities

    def list_pages(self, agent_ids: Iterable[str]) -> list[Iterator[list[Remote]]]:
        return self.channel.list_pages(agent_ids)

    def read(self, remote_id: str) -> Remote | None:
        return self.channel.read(remote_id)

    def submit(self, submission: Submission) -> Outcome:
        return self.channel.submit(submission)

    def retry(self, remote_id: str) -> Outcome:
        return self.channel.retry(remote_id)

    def cancel(self, remote_id: str) -> Outcome:
        return self.channel.cancel(remote_id)


class ListsNothing(Wrapped):
    def list_pages(self, agent_ids: Iterable[str]) -> list[Iterator[list[Remote]]]:
        return []


class LosesTheMark(Wrapped):
    def submit(self, submission: Submission) -> Outcome:
        return self.channel.submit(replace(submission, mark=replace(submission.mark, shard=999)))


class CallsTwice(Wrapped):
    def submit(self, submission: Submission) -> Outcome:
        outcome = self.channel.submit(submission)
        return self.channel.submit(submission) if isinstance(outcome, Ambiguous) else outcome


class TakesSilenceForNo(Wrapped):
    def submit(self, submission: Submission) -> Outcome:
        outcome = self.channel.submit(submission)
        return Rejected(0, "no answer") if isinstance(outcome, Ambiguous) else outcome


class DropsASetting(Wrapped):
    def submit(self, submission: Submission) -> Outcome:
        kept = {name: value for name, value in submission.settings.items() if name != "agent_id"}
        return self.channel.submit(replace(submission, settings={**kept, "agent_id": "agent_of_mine"}))


class AnswersAnyCancel(Wrapped):
    def cancel(self, remote_id: str) -> Outcome:
        remote = self.channel.read(remote_id)
        return Done(remote) if remote else Rejected(404, "unknown")


@dataclass
class Faulty:
    """A provider whose one channel is wrapped."""

    provider: Provider
    wrap: Callable[[Channel], Channel]

    @property
    def channels(self) -> Mapping[Route, Channel]:
        return {route: self.wrap(channel) for route, channel in self.provider.channels.items()}

    def __getattr__(self, name: str) -> object:
        return getattr(self.provider, name)


@dataclass
class Plugin:
    """A provider type whose channels are wrapped."""

    type: ProviderType
    wrap: Callable[[Channel], Channel]
    open_provider: Callable[[ProviderSpec, ConnectOptions], Provider]

    def connect(self, spec: ProviderSpec, connect_options: ConnectOptions) -> Provider:
        return Faulty(self.open_provider(spec, connect_options), self.wrap)  # type: ignore[return-value]


class MemoryWorld(World):
    @property
    def settings(self) -> Mapping[str, Json]:
        return {"agent_id": "agent_1"}


@pytest.fixture
def sandbox_world(tmp_path: Path) -> Iterator[SandboxWorld]:
    sandbox = open_sandbox(tmp_path / "sandbox")
    yield SandboxWorld(sandbox)
    sandbox.close()


@pytest.mark.parametrize(
    ("wrap", "rule"),
    [
        (ListsNothing, "what was submitted is listed without its agent being named"),
        (LosesTheMark, "what was submitted is found again by its mark"),
        (AnswersAnyCancel, "cancelling twice is harmless"),
    ],
)
def test_a_channel_that_breaks_a_promise_is_named(wrap: Callable[[Channel], Channel], rule: str) -> None:
    with pytest.raises(ContractViolation) as caught:
        check_provider(Plugin(memory_provider.type, wrap, memory_provider.connect), MemoryWorld())
    assert f"1 call: {rule}" in caught.value.broken


@pytest.mark.parametrize(
    ("wrap", "rule"),
    [
        (CallsTwice, "a request that dials is never repeated"),
        (TakesSilenceForNo, "a lost answer is Ambiguous"),
        (TakesSilenceForNo, "500 with effect is Ambiguous"),
        (DropsASetting, "every setting is sent"),
    ],
)
def test_a_channel_that_could_call_a_person_twice_is_named(
    wrap: Callable[[Channel], Channel], rule: str, sandbox_world: SandboxWorld
) -> None:
    callingbox = catalog.types()["callingbox"]
    with pytest.raises(ContractViolation) as caught:
        check_provider(Plugin(callingbox, wrap, catalog.connect), sandbox_world)
    assert f"2026-04 call: {rule}" in caught.value.broken


def test_a_type_that_promises_another_outcome_is_named() -> None:
    promised = replace(memory_provider.CALL, outcomes=frozenset({"busy"}))
    plugin = Plugin(
        replace(memory_provider.type, routes={"1": {Route.CALL: promised}}), Wrapped, memory_provider.connect
    )
    with pytest.raises(ContractViolation) as caught:
        check_provider(plugin, MemoryWorld())
    assert list(caught.value.broken) == ["1 call: channels are those of the type"]
