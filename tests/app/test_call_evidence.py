"""On whose word somebody was called, at what hour of their own, and whether that was allowed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any

import httpx
import orjson
import polars as pl
import pytest

from declarative.app.call_evidence import EVIDENCE_COLUMNS, add_evidence
from declarative.model.calling_hours import CallingHours, Window
from declarative.model.history import Origin
from declarative.model.hours_json import decode_hours, encode_hours
from declarative.model.lock import RemoteRecord, ResourceRecord
from declarative.model.resource import Route
from declarative.planning.facts import Observation
from tests.outside import still_sandbox
from tests.planning.facts_fixture import make_facts
from tests.project_fixture import BEN, CAY, ProjectFixture

ADDRESS = "batch/march"
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
DAY = Window(time(9), time(20))
LONDON = CallingHours((DAY,), "Europe/London")
OWN = CallingHours((DAY,), "recipient", column="tz")
FESTIVE = replace(OWN, holidays=frozenset({"DE"}), dates=frozenset({NOON.date()}))
BERLIN = orjson.dumps({"metadata": {"tz": "Europe/Berlin"}}).decode()


def observe(hours: CallingHours | None, **changes: Any) -> Observation:
    origin = Origin(run="r1", at=NOON, commit="c1", hours=encode_hours(hours))
    record = RemoteRecord(route=Route.BATCH, **{"origin": origin, **changes})
    facts = replace(make_facts(wanted=""), resource_record=ResourceRecord(remotes={"b": record}))
    return Observation(facts=facts, provider="cartesia")


def evidence(
    observation: Observation, called_at: datetime | None, data: str | None = BERLIN, number: str = "+442079460101"
) -> dict[str, Any]:
    rows = pl.DataFrame(
        [(observation.facts.address, number, "b", data, called_at)],
        schema={
            "address": pl.String, "number": pl.String, "remote": pl.String, "data": pl.String,
            "called_at": pl.Datetime("us", "UTC"),
        },
        orient="row",
    )  # fmt: skip
    (row,) = add_evidence(rows, [observation]).to_dicts()
    return {name: row[name] for name in (*EVIDENCE_COLUMNS, "later_run")}


@pytest.mark.parametrize("hours", [None, LONDON, OWN, FESTIVE])
def test_hours_come_back_from_the_lock_as_they_were(hours: CallingHours | None) -> None:
    assert decode_hours(orjson.loads(orjson.dumps(encode_hours(hours)))) == hours


@pytest.mark.parametrize(("hour", "is_within"), [(8, False), (9, True), (19, True), (20, False)])
def test_a_call_is_held_against_the_hours_it_was_sent_under(hour: int, is_within: bool) -> None:
    found = evidence(observe(LONDON), NOON.replace(hour=hour))
    assert found["within_hours"] is is_within
    assert (found["run"], found["commit"]) == ("r1", "c1")


def test_the_own_zone_is_what_the_data_say_and_then_what_the_number_says() -> None:
    found = evidence(observe(OWN), NOON.replace(hour=8, minute=30))
    assert (found["zone"], found["within_hours"]) == ("Europe/Berlin", True)
    assert found["called_at_local"] == "2026-12-01T09:30:00+01:00"
    by_number = evidence(observe(OWN), NOON.replace(hour=8, minute=30), data="{}")
    assert (by_number["zone"], by_number["within_hours"]) == ("Europe/London", False)


def test_without_the_data_a_zone_out_of_a_column_is_not_known_any_more() -> None:
    found = evidence(observe(OWN), NOON, data=None)
    assert (found["zone"], found["within_hours"], found["called_at_local"]) == (None, None, None)
    fixed = evidence(observe(LONDON), NOON, data=None)
    assert (fixed["zone"], fixed["within_hours"]) == ("Europe/London", True)


def test_without_hours_every_call_is_within_and_without_a_time_none_is() -> None:
    assert evidence(observe(None), NOON)["within_hours"] is True
    assert evidence(observe(LONDON), None)["within_hours"] is None


def test_of_what_an_earlier_version_sent_nothing_is_claimed() -> None:
    found = evidence(observe(None, origin=None), NOON)
    assert [found[name] for name in ("run", "commit", "within_hours")] == [None, None, None]


def test_a_number_of_several_zones_has_a_local_time_where_they_agree() -> None:
    toll_free = evidence(observe(None), NOON, data=None, number="+18005550101")
    assert toll_free["called_at_local"] is None
    assert " " in toll_free["zone"]


def test_a_call_after_a_retry_is_of_the_run_that_retried() -> None:
    retried = Origin(run="r2", at=NOON.replace(hour=15), commit="c2", hours=encode_hours(LONDON))
    observation = observe(None, retried=retried)
    assert evidence(observation, NOON.replace(hour=14))["run"] == "r1"
    late = evidence(observation, NOON.replace(hour=21))
    assert (late["run"], late["commit"], late["within_hours"], late["later_run"]) == ("r2", "c2", False, None)
    unknown = evidence(observation, None)
    assert (unknown["run"], unknown["later_run"]) == ("r1", "r2")


def read_batches(project: ProjectFixture) -> int:
    with httpx.Client(base_url="http://sandbox", transport=still_sandbox(project.root).transport()) as client:
        requests = client.get("/_sandbox/requests").json()["requests"]
    return sum(request["operation"] == "getCallBatch" for request in requests)


def results(project: ProjectFixture, *arguments: str) -> list[dict[str, Any]]:
    said = project.dialctl("results", "--format", "json", "--show-numbers", *arguments)
    found: list[dict[str, Any]] = said.json
    return found


@pytest.fixture
def called(project: ProjectFixture) -> ProjectFixture:
    """Ada and Ben were called by one batch, Cay by another, each by a run of its own."""
    assert project.apply("--wait").exit == 0
    second = (project.root / "batch.yaml").read_text().replace("outreach", "second").replace("people.csv", "more.csv")
    project.write(second_yaml=second, more_csv=f"to_number\n{CAY}\n")
    assert project.apply("--wait").exit == 0
    return project


def test_who_called_somebody_when_and_on_whose_word_is_one_command(called: ProjectFixture) -> None:
    newest, oldest = called.dialctl("history", "--json").json["runs"]
    (row,) = results(called, "--number", "+1 (415) 555-0101")
    assert (row["run"], row["zone"], row["within_hours"]) == (oldest["run"], "America/Los_Angeles", True)
    assert row["called_at"]
    assert row["called_at_local"].endswith(("-08:00", "-07:00"))
    assert [row["number"] for row in results(called, "--run", newest["run"])] == [CAY]
    assert called.dialctl("results", "--run", "none").exit == 64


def test_removed_resources_answer_too(called: ProjectFixture) -> None:
    (called.root / "second.yaml").unlink()
    assert called.apply().exit == 0
    (row,) = results(called, "--number", CAY)
    assert (row["address"], row["called_at"] is not None) == ("batch/second", True)


def test_since_leaves_out_who_was_called_before(called: ProjectFixture) -> None:
    assert len(results(called, "--details", "--since", "1d")) == 3
    with called.world() as world:
        world.advance(10 * 86_400)
    assert results(called, "--details", "--since", "1d") == []


def test_for_one_number_only_the_batches_that_may_hold_it_are_read(called: ProjectFixture) -> None:
    for file in (called.root / ".dialctl" / "cache" / "members").rglob("*.parquet"):
        file.unlink()
    before = read_batches(called)
    assert len(results(called, "--number", BEN)) == 1
    assert read_batches(called) - before == 1
    before = read_batches(called)
    assert results(called, "--number", "+14155550199") == []
    assert read_batches(called) == before


def test_a_provider_without_a_key_is_said_for_what_is_removed_and_over(called: ProjectFixture) -> None:
    (called.root / "second.yaml").unlink()
    assert called.apply().exit == 0
    lock = called.root / ".dialctl" / "sandbox" / "dialctl.lock"
    assert '"tombstone": true' in lock.read_text()
    lock.rename(called.root / "dialctl.lock")
    said = called.run("results", "--number", CAY)
    assert "batch/second: no results: " in said.text
    assert "CARTESIA_API_KEY" in said.text
    assert said.exit == 1


def test_calls_outside_hours_are_counted_where_people_look(project: ProjectFixture) -> None:
    project.policy('{calling_hours: {from: "00:00", to: "23:59", zone: UTC}}')
    assert project.apply("--wait").exit == 0
    with project.world() as world:
        world.advance(3600)
    assert "when their calls began is not known here" in project.dialctl("status").text
    project.dialctl("results", "--details")
    status = project.dialctl("status", "--json").json["resources"][0]
    assert (status["timed"], status["outside_hours"]) == (2, 0)
    assert "0 began outside calling hours (of 2 calls whose time is known)" in project.dialctl("status").text
