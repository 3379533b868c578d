"""What every channel of every provider keeps to: its abilities as data agree with what it does. The providers
of the house are run against the sandbox; a provider from outside adds itself to CHANNELS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import httpx
import orjson
import pytest

from declarative.model.remote import Phase, Remote
from declarative.model.resource import Json, ProviderSpec, Route
from declarative.providers import catalog
from declarative.providers.base import (
    EVERY_AGENT,
    Ambiguous,
    Busy,
    Channel,
    ConnectOptions,
    Done,
    MarkMissing,
    Outcome,
    OutOfFunds,
    Provider,
    Rejected,
)
from declarative.sandbox.embedded import EmbeddedSandbox, open_sandbox

from . import memory_provider
from .exchanges import MARK, environment, member, pages_of, submission

ADA = "+14155550101"
AGENT = "b5a1c9f2-6d2d-4a7f-9f3a-5a2b1c3d4e5f"
SETTINGS: dict[str, Json] = {"agent_id": AGENT, "from_number_id": "ap_1"}
CHANNELS = [
    *(
        (name, version, route)
        for name, kind in catalog.types().items()
        for version in kind.versions
        for route in kind.routes[version]
    ),
    ("memory", "1", Route.CALL),
]
ON_HTTP = [row for row in CHANNELS if row[0] != "memory"]


@dataclass
class Stage:
    """A channel, and the world behind it."""

    provider: Provider
    route: Route
    world: EmbeddedSandbox

    @property
    def channel(self) -> Channel:
        return self.provider.channels[self.route]

    @property
    def marks_are_listed(self) -> bool:
        """A batch is signed by its name; the mark of a call is among its person's data."""
        return self.route is Route.BATCH or self.channel.capabilities.returns_data

    def placed(self, number: str = ADA, **parts: object) -> Remote:
        found = self.channel.submit(submission([(number, self.payload)], settings=SETTINGS, **parts))  # type: ignore[arg-type]
        assert isinstance(found, Done), found
        return found.remote

    def read(self, remote_id: str) -> Remote:
        remote = self.channel.read(remote_id)
        assert remote is not None
        return remote

    def over(self, number: str) -> Remote:
        """A person called, and the world moved on until that is over."""
        remote = self.placed(number)
        self.world.advance(3600)
        return self.read(remote.id)

    def listed(self, remote: Remote) -> Remote:
        """The same thing as history shows it."""
        [found] = [one for one in self.history() if one.id == remote.id]
        return found

    def history(self) -> list[Remote]:
        return [one for page in pages_of(self.channel, [AGENT]) for one in page]

    @property
    def payload(self) -> str:
        [*fields] = self.channel.capabilities.personal
        return orjson.dumps({field: {"plan": "pro"} for field in fields}, option=orjson.OPT_SORT_KEYS).decode()

    def fault(self, do: Json, operation: str = "*") -> None:
        self._control("PUT", "faults", [{"match": {"operation": operation}, "do": do}])

    def calls(self) -> int:
        return len(self._control("GET", "dials")["dials"])

    def _control(self, method: str, route: str, body: object = None) -> dict[str, list[object]]:
        with httpx.Client(transport=self.world.transport(), base_url="http://sandbox") as client:
            answer: dict[str, list[object]] = client.request(method, f"/_sandbox/{route}", json=body).json()
        return answer


@pytest.fixture
def world(tmp_path: Path) -> Iterator[EmbeddedSandbox]:
    opened = open_sandbox(tmp_path / "sandbox")
    yield opened
    opened.close()


def staged(row: tuple[str, str, Route], world: EmbeddedSandbox) -> Stage:
    type_name, version, route = row
    spec = ProviderSpec("main", type_name, version)
    open_provider: catalog.Connect = memory_provider.connect if type_name == "memory" else catalog.connect
    around = ConnectOptions(environment=environment(), transport=world.transport(), sleep=lambda _: None)
    return Stage(open_provider(spec, around), route, world)


@pytest.fixture(params=CHANNELS, ids="-".join)
def stage(request: pytest.FixtureRequest, world: EmbeddedSandbox) -> Iterator[Stage]:
    opened = staged(request.param, world)
    yield opened
    opened.provider.close()


@pytest.fixture(params=ON_HTTP, ids="-".join)
def http_stage(request: pytest.FixtureRequest, world: EmbeddedSandbox) -> Iterator[Stage]:
    opened = staged(request.param, world)
    yield opened
    opened.provider.close()


def test_a_provider_has_the_channels_that_its_type_promises(stage: Stage) -> None:
    kinds = {**catalog.types(), "memory": memory_provider.type}
    promised = [routes for kind in kinds.values() for routes in kind.routes.values()]
    assert {route: channel.capabilities for route, channel in stage.provider.channels.items()} in promised


def test_what_was_submitted_is_found_again_by_its_mark(stage: Stage) -> None:
    other = replace(MARK, shard=2)
    placed = [stage.placed(), stage.placed(mark=other)]
    listed = stage.history()
    assert {one.id for one in listed} == {one.id for one in placed}
    assert all(one.route is stage.route and one.total == 1 for one in listed)
    if stage.marks_are_listed:
        assert {one.mark for one in listed} == {MARK, other}


def test_what_was_submitted_is_listed_without_naming_its_agent(stage: Stage) -> None:
    placed = stage.placed()
    assert {one.id for page in pages_of(stage.channel, [EVERY_AGENT]) for one in page} == {placed.id}


def test_what_was_submitted_is_read_with_its_person(stage: Stage) -> None:
    person = member(stage.read(stage.placed().id))
    assert person["number"] == ADA
    assert person["phase"] in set(Phase)


def test_who_waits_is_read_with_their_data(stage: Stage) -> None:
    later = (
        {"scheduled_at": stage.provider.now() + timedelta(hours=1)} if stage.channel.capabilities.schedulable else {}
    )
    person = member(stage.read(stage.placed(**later).id))
    if stage.channel.capabilities.returns_data:
        assert person["payload"] == stage.payload


def test_an_id_that_was_never_given_out_is_unknown(stage: Stage) -> None:
    assert stage.channel.read("b5a1c9f2-6d2d-4a7f-9f3a-000000000000") is None


@pytest.mark.parametrize("suffix", ["91", "92", "93"])
def test_the_word_for_a_person_unreached_is_one_that_retry_may_name(stage: Stage, suffix: str) -> None:
    remote = stage.over(f"+141555501{suffix}")
    person = member(remote)
    if stage.channel.capabilities.outcomes:
        assert person["phase"] == Phase.UNREACHED
        assert person["outcome"] in stage.channel.capabilities.outcomes
    else:
        assert (person["phase"], person["outcome"]) == (Phase.UNKNOWN, None)
    assert remote.finished == remote.total


def test_a_schedule_is_kept_where_there_can_be_one(stage: Stage) -> None:
    when = (stage.provider.now() + timedelta(hours=2)).replace(microsecond=0)
    remote = stage.placed(scheduled_at=when)
    stage.world.advance(3600)
    remote = stage.listed(remote)
    if stage.channel.capabilities.schedulable:
        assert remote.scheduled_at == when
        assert member(stage.read(remote.id))["phase"] == Phase.QUEUED
        stage.world.advance(7200)
    else:
        assert remote.scheduled_at is None
    assert member(stage.read(remote.id))["phase"] not in (Phase.QUEUED, Phase.IN_FLIGHT)


def test_cancelling_twice_is_harmless(stage: Stage) -> None:
    when = (stage.provider.now() + timedelta(hours=2)).replace(microsecond=0)
    remote = stage.placed(scheduled_at=when)
    answers = [stage.channel.cancel(remote.id) for _ in range(2)]
    stage.world.advance(4 * 3600)
    after = stage.read(remote.id)
    if stage.channel.capabilities.cancellable:
        assert all(isinstance(answer, Done) for answer in answers)
        assert after.cancelled
        assert member(after)["phase"] == Phase.CANCELLED
    else:
        assert all(isinstance(answer, Rejected) for answer in answers)
        assert not after.cancelled


def test_a_retry_counts_where_there_is_one(stage: Stage) -> None:
    remote = stage.over("+14155550191")
    answer = stage.channel.retry(remote.id)
    if stage.channel.capabilities.retryable:
        assert isinstance(answer, Done)
        assert (remote.retry_count, answer.remote.retry_count) == (0, 1)
        assert member(stage.read(remote.id))["phase"] in (Phase.QUEUED, Phase.IN_FLIGHT)
    else:
        assert isinstance(answer, Rejected)


def test_as_many_people_as_promised_go_into_one_request(stage: Stage) -> None:
    count = stage.channel.capabilities.max_people
    people = [(f"+1{200 + place // 100}55501{place % 100:02}", None) for place in range(count)]
    answer = stage.channel.submit(submission(people, settings=SETTINGS))
    assert isinstance(answer, Done)
    assert answer.remote.total == count


def test_an_agent_that_is_not_there_is_missing(stage: Stage) -> None:
    assert stage.provider.unknown_references(SETTINGS) == []
    assert stage.provider.unknown_references({**SETTINGS, "agent_id": "agent_missing"})


def test_a_closed_provider_may_be_closed_again(stage: Stage) -> None:
    stage.provider.close()


def test_the_clock_is_the_providers(http_stage: Stage) -> None:
    http_stage.world.advance(86_400)
    assert abs((http_stage.provider.now() - http_stage.world.now()).total_seconds()) < 3
    assert http_stage.provider.skew() == pytest.approx(86_400, abs=3)


PROXY = "<html><body>403 Forbidden</body></html>"
FAULTS: list[tuple[str, Json, type[Outcome], bool]] = [
    ("request lost", "lost_request", Ambiguous, False),
    ("answer lost", "lost_answer", Ambiguous, True),
    ("503 without effect", {"status": {"code": 503, "effect": False}}, Ambiguous, False),
    ("500 with effect", {"status": {"code": 500, "effect": True}}, Ambiguous, True),
    ("502 with effect", {"status": {"code": 502, "effect": True}}, Ambiguous, True),
    ("504", {"status": {"code": 504, "effect": False}}, Ambiguous, False),
    ("408 with effect", {"status": {"code": 408, "effect": True}}, Ambiguous, True),
    ("409", {"status": {"code": 409, "effect": False}}, Ambiguous, False),
    ("302", {"status": {"code": 302, "effect": True, "headers": {"Location": "/"}}}, Ambiguous, True),
    ("400", {"status": {"code": 400, "effect": False}}, Rejected, False),
    ("401", {"status": {"code": 401, "effect": False}}, Rejected, False),
    ("402", {"status": {"code": 402, "effect": False}}, OutOfFunds, False),
    ("403", {"status": {"code": 403, "effect": False}}, Rejected, False),
    ("422", {"status": {"code": 422, "effect": False}}, Rejected, False),
    ("429", {"status": {"code": 429, "effect": False}}, Busy, False),
    ("403 of a proxy", {"status": {"code": 403, "effect": True, "body": PROXY}}, Ambiguous, True),
    ("truncated", {"truncate": 9}, Ambiguous, True),
    ("late", {"late": 3600}, Ambiguous, False),
]


@pytest.mark.parametrize(("do", "expected", "happened"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_every_fault_is_sorted_the_same_way_by_every_channel(
    http_stage: Stage, do: Json, expected: type[Outcome], happened: bool
) -> None:
    http_stage.fault(do)
    found = http_stage.channel.submit(submission([(ADA, None)], settings=SETTINGS))
    assert isinstance(found, expected), found
    listed = http_stage.history()
    assert len(listed) == int(happened)
    if http_stage.marks_are_listed:
        assert all(one.mark == MARK for one in listed)


def test_a_dial_is_never_repeated_whatever_goes_wrong(http_stage: Stage) -> None:
    faults: list[Json] = ["lost_answer", {"status": {"code": 500, "effect": True}}, {"truncate": 5}]
    for do in faults:
        before = http_stage.calls()
        http_stage.fault(do)
        http_stage.channel.submit(submission([(ADA, None)], settings=SETTINGS))
        http_stage.world.advance(7200)
        assert http_stage.calls() == before + 1


def test_a_name_that_was_cut_leaves_a_batch_unsigned(world: EmbeddedSandbox) -> None:
    stage = staged(("cartesia", "2026-03-01", Route.BATCH), world)
    stage.fault({"edit": {"name": "March outr"}}, "createCallBatch")
    found = stage.channel.submit(submission([(ADA, None)], settings=SETTINGS))
    assert isinstance(found, MarkMissing)
    assert isinstance(stage.channel.cancel(found.remote.id), Done)
