"""People are taken off before their call begins or not at all, at a provider that forgets what is cancelled."""

from __future__ import annotations

from pathlib import Path

import pytest

from declarative.model.lock import CancelProgress
from tests.protocol.relay_project import ADA, BOB, CLEO, MARCH, RelayProject
from tests.providers.relay_world import RelayWorld


@pytest.fixture
def relay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RelayProject:
    relay = RelayProject(tmp_path, RelayWorld(), monkeypatch)
    assert relay.apply().exit_code == 0
    return relay


def call_everybody(relay: RelayProject) -> list[str]:
    relay.world.advance(3600)
    assert relay.apply().exit_code == 0
    relay.world.advance(86_400)
    return sorted(relay.world.calls)


def test_who_leaves_in_time_is_taken_off_and_nothing_of_it_is_lost(relay: RelayProject) -> None:
    relay.write(ADA, BOB)
    report = relay.apply()
    assert (report.exit_code, report.results[MARCH].cancelled) == (0, 1)
    assert [record.closed for record in relay.record().remotes.values()].count(True) == 1
    assert call_everybody(relay) == [ADA, BOB]


def test_who_comes_back_is_called_once(relay: RelayProject) -> None:
    relay.write(ADA, BOB)
    relay.apply()
    relay.write()
    assert relay.apply().exit_code == 0
    assert call_everybody(relay) == [ADA, BOB, CLEO]


def test_changed_settings_move_everybody_who_waits(relay: RelayProject) -> None:
    relay.write(spec="  tone: warm\n")
    report = relay.apply()
    assert (report.exit_code, report.results[MARCH].cancelled) == (0, 3)
    assert call_everybody(relay) == [ADA, BOB, CLEO]


def test_a_cancel_whose_answer_was_lost_is_proven_by_the_next_run_in_time(relay: RelayProject) -> None:
    relay.write(ADA, BOB)
    relay.world.faults = ["answer"]
    assert relay.apply().exit_code == 1
    assert [record.cancel for record in relay.record().remotes.values()].count(CancelProgress.ASKED) == 1
    assert relay.apply().exit_code == 0
    relay.world.advance(3600)
    assert relay.apply().exit_code == 0, "what was proven in time stays proven"
    assert sorted(relay.world.calls) == [ADA, BOB]


def test_a_cancel_that_nothing_proves_in_time_blocks_and_calls_nobody_again(relay: RelayProject) -> None:
    relay.write(ADA, BOB, spec="  tone: warm\n")
    relay.world.faults = ["answer", "answer", "answer"]
    relay.apply()
    relay.world.advance(3600)
    plan = relay.plan()
    assert {(str(action.verb), str(action.reason)) for action in plan.actions} == {("block", "lost")}
    relay.apply()
    relay.world.advance(86_400)
    assert relay.world.calls == [BOB], "the first cancel that failed left him where he was"


def test_nobody_is_taken_off_in_the_last_moment(relay: RelayProject) -> None:
    relay.world.advance(3 * 60 - 20)
    relay.write(ADA, BOB)
    plan = relay.plan()
    assert [str(action.verb) for action in plan.actions] == ["keep"]
    assert [notice.message.startswith("1 person no longer wanted waits") for notice in plan.warnings] == [True]
    relay.apply()
    assert call_everybody(relay) == [ADA, BOB, CLEO]
