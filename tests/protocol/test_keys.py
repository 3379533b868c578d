"""A request whose answer was lost is sent again under its key: settled in seconds, and nobody is called twice by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest

from declarative.planning.plan import Plan
from tests.protocol.relay_project import ADA, BOB, CLEO, RelayProject
from tests.providers.relay_world import FORGETFUL, START, RelayWorld

EVERYBODY = [ADA, BOB, CLEO]
OWN = "+14155550100"
SLOW = timedelta(seconds=20)


@pytest.fixture
def relay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RelayProject:
    return RelayProject(tmp_path, RelayWorld(), monkeypatch)


def finish(relay: RelayProject, runs: int = 3) -> list[str]:
    """Let late requests land, apply again and again, let all calls take place, and return who was called. A list probe
    that lands late may call our own number."""
    for _ in range(runs):
        relay.world.land_late()
        relay.apply()
        relay.world.advance(7200)
    return sorted(number for number in relay.world.calls if number != OWN)


def repeated(relay: RelayProject) -> list[str]:
    """Keys that were sent more than once, each time with the same bytes."""
    bodies: dict[str, set[str]] = {}
    for key, body in relay.world.sent:
        bodies.setdefault(key, set()).add(body)
    assert all(len(sent) == 1 for sent in bodies.values()), "a changed body under an old key"
    keys = [key for key, _ in relay.world.sent]
    return [key for key in dict.fromkeys(keys) if keys.count(key) > 1]


def test_without_a_fault_everybody_is_called_once_and_nothing_is_repeated(relay: RelayProject) -> None:
    assert relay.apply().exit_code == 0
    assert [key[:4] for key, _ in relay.world.sent] == [":d1-"] * 3
    assert finish(relay) == EVERYBODY
    assert repeated(relay) == []


@pytest.mark.parametrize("fault", ["answer", "request", "late"])
def test_a_lost_create_is_settled_within_seconds_by_the_same_run(relay: RelayProject, fault: str) -> None:
    relay.write(ADA)
    relay.world.lag, relay.world.faults = SLOW, [fault]
    report = relay.apply()
    assert report.exit_code == 0
    assert [finding.message for finding in report.all_findings if "under its key" in finding.message]
    assert len(repeated(relay)) == 1
    assert not relay.record().intents
    assert relay.world.now - START < timedelta(minutes=1)
    assert finish(relay) == [ADA]


def test_what_the_list_shows_is_not_sent_again(relay: RelayProject) -> None:
    relay.world.faults = ["", "answer"]
    assert relay.apply().exit_code == 0
    assert repeated(relay) == []
    assert finish(relay) == EVERYBODY


@pytest.mark.parametrize("fault", ["500", "500 done"])
def test_after_a_server_error_the_key_may_be_free_so_only_the_list_decides(relay: RelayProject, fault: str) -> None:
    relay.world.lag, relay.world.faults = SLOW, ["", fault]
    relay.apply()
    assert repeated(relay) == []
    assert finish(relay) == EVERYBODY


@pytest.mark.parametrize("second", ["422", "answer", "500", "not sent"])
def test_a_second_answer_without_our_mark_concludes_nothing(relay: RelayProject, second: str) -> None:
    relay.world.lag, relay.world.faults = SLOW, ["", "answer", "", second]
    relay.apply()
    assert finish(relay) == EVERYBODY


# -- the next run ---------------------------------------------------------------------------------------------------


def crash(relay: RelayProject, fault: str) -> None:
    """A run that ends between a send and its record: the intent stays open."""
    relay.world.lag, relay.world.crash_after, relay.world.faults = SLOW, 1, [fault]
    with pytest.raises(KeyboardInterrupt):
        relay.apply()
    relay.world.crash_after = None
    assert len(relay.record().intents) == 1


@pytest.mark.parametrize("fault", ["answer", "request"])
def test_the_next_run_says_what_it_sends_again_and_does_it_once_it_is_approved(relay: RelayProject, fault: str) -> None:
    crash(relay, fault)
    [notice] = [notice.message for notice in relay.plan().warnings if "under its key" in notice.message]
    assert notice.startswith(
        "an answer was lost at 12:00 UTC on 1 Dec: apply sends the same request for 1 person again"
    )
    asked: list[Plan] = []

    def refuse(plan: Plan) -> bool:
        asked.append(plan)
        return False

    with pytest.raises(Exception, match='the answer was not "yes"'):
        relay.apply(refuse)
    assert repeated(relay) == []
    relay.apply()
    assert len(repeated(relay)) == 1
    assert finish(relay) == EVERYBODY


def test_somebody_who_entered_the_do_not_call_list_is_not_called_by_a_repeat(relay: RelayProject) -> None:
    crash(relay, "request")
    (relay.directory / "dnc.csv").write_text(f"to_number\n{ADA}\n")
    relay.write(project="  guard: 3m\n  policy: {suppress_from: [{file: dnc.csv}]}\n")
    assert finish(relay) == [BOB, CLEO]
    assert repeated(relay) == []


@pytest.mark.parametrize(
    "change",
    [
        {"data": "basic"},
        {"spec": "  tone: warm\n"},
        {"spec": "  display_name: Another\n"},
        {"spec": "  state: cancelled\n"},
        {"spec": "  expires_at: 2026-12-01T12:01:00Z\n"},
        {"project": "  guard: 3m\n  policy: {calling_hours: {from: '01:00', to: '02:00', zone: UTC}}\n"},
    ],
    ids=["data", "settings", "name", "paused", "expired", "hours"],
)
def test_nothing_is_repeated_once_anything_of_it_changed(relay: RelayProject, change: dict[str, str]) -> None:
    crash(relay, "request")
    relay.write(**change)  # type: ignore[arg-type]
    relay.apply()
    assert repeated(relay) == []
    relay.world.advance(200_000)
    assert len(relay.world.calls) == len(set(relay.world.calls))


def test_a_repeat_counts_towards_the_limit_of_a_run(relay: RelayProject) -> None:
    crash(relay, "request")
    report = relay.apply(max_dials=1)
    assert len(repeated(relay)) <= 1
    assert sum(count for result in report.results.values() for _, _, count in result.requests) <= 1
    assert finish(relay) == EVERYBODY


def test_a_repeat_counts_towards_the_limit_of_its_resource(relay: RelayProject) -> None:
    crash(relay, "request")
    relay.write(spec="  policy: {max_dials: 1}\n")
    relay.apply()
    assert len(repeated(relay)) == 1
    relay.world.advance(200_000)
    assert len(relay.world.calls) == len(set(relay.world.calls))


def test_a_repeat_is_not_made_once_its_start_is_near(relay: RelayProject) -> None:
    crash(relay, "request")
    relay.world.advance(160)
    relay.apply()
    assert repeated(relay) == []
    assert finish(relay) == EVERYBODY


def test_a_key_that_ends_before_the_start_is_never_used_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first delivery may be on its way still: it would land after the key's life and make a second one."""
    world = RelayWorld(capabilities=replace(FORGETFUL, idempotent_for=timedelta(minutes=3)))
    relay = RelayProject(tmp_path, world, monkeypatch)
    relay.world.lag, relay.world.faults = SLOW, ["", "late"]
    relay.apply()
    assert repeated(relay) == []
    assert finish(relay) == EVERYBODY


# -- all of it ------------------------------------------------------------------------------------------------------

FAULTS = ("", "answer", "request", "late", "500 done")
AT_ONCE = ("", "answer", "request", "500 done")


@pytest.mark.parametrize(("first", "second"), list(product(FAULTS, FAULTS)))
def test_nobody_is_called_twice_whatever_goes_wrong(relay: RelayProject, first: str, second: str) -> None:
    relay.world.lag, relay.world.faults = SLOW, [first, second, first, second, second]
    relay.apply()
    assert finish(relay, 4) == EVERYBODY


@pytest.mark.parametrize(("first", "second"), list(product(AT_ONCE, AT_ONCE)))
def test_where_a_key_is_not_honoured_the_second_one_is_cancelled_before_it_starts(
    relay: RelayProject, first: str, second: str
) -> None:
    relay.world.honours_keys = False
    relay.world.lag, relay.world.faults = SLOW, [first, second, first, second, second]
    relay.apply()
    assert finish(relay, 4) == EVERYBODY
