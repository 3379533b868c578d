"""One row for each person: what came of their calls, and the details that only a call tells."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import polars as pl
import pytest

from declarative.app.results import Results, keep_numbers, read_results
from declarative.errors import UsageError
from declarative.model.selection import EVERYTHING
from declarative.planning.decide import Reason
from tests.outside import still_sandbox
from tests.project_fixture import ADA, BEN, CAY, ProjectFixture

SILENT = "+14155550191"


def read(project: ProjectFixture, *, details: bool = False, after: float = 0) -> Results:
    with project.session() as session:
        session.connections.sleep(after)
        return read_results(session, EVERYTHING, details=details)


def test_results_have_a_row_for_each_person(project: ProjectFixture) -> None:
    project.people(ADA, SILENT)
    assert project.apply().exit == 0
    results = read(project, after=7200)
    assert results.unknown_addresses == []
    rows = {row["number"]: row for row in results.frame.to_dicts()}
    assert {number: row["reached"] for number, row in rows.items()} == {ADA: True, SILENT: False}
    assert [row["standing"] for row in rows.values()] == ["dialed", "dialed"]
    assert [row["attempts"] for row in rows.values()] == [1, 1]
    assert results.frame.get_column("call_id").null_count() == 0


def test_nobody_is_said_to_be_unreached_before_a_call_ended(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    assert read(project).frame.get_column("reached").to_list() == [None, None]


def count_call_reads(project: ProjectFixture) -> int:
    with httpx.Client(base_url="http://sandbox", transport=still_sandbox(project.root).transport()) as client:
        requests = client.get("/_sandbox/requests").json()["requests"]
    return sum("/agents/calls/ac_" in request["path"] for request in requests)


def test_details_tell_when_and_how_long_and_ask_for_each_call_once(project: ProjectFixture) -> None:
    project.people(ADA, SILENT)
    assert project.apply().exit == 0
    before = datetime.now(UTC)
    plain = read(project, after=7200)
    assert plain.frame.get_column("called_at").null_count() == 2
    detailed = read(project, details=True)
    by_number = {row["number"]: row for row in detailed.frame.to_dicts()}
    assert by_number[ADA]["called_at"] > before
    assert 20 <= by_number[ADA]["duration_seconds"] <= 180
    assert by_number[SILENT]["called_at"] > before
    assert by_number[SILENT]["duration_seconds"] is None
    assert "the call" in by_number[ADA]["note"]
    assert count_call_reads(project) == 2
    again = read(project, details=True)
    assert count_call_reads(project) == 2
    assert read(project).frame.equals(again.frame)
    assert again.frame.get_column("called_at").to_list() == detailed.frame.get_column("called_at").to_list()


def test_without_its_lock_nothing_is_said_of_people(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    (project.root / ".dialctl" / "sandbox" / "dialctl.lock").unlink()
    results = read(project)
    [(address, block)] = results.unknown_addresses
    assert (results.frame.is_empty(), address, block.reason) == (True, "batch/outreach", Reason.NO_MEMORY)


def test_people_are_found_by_their_number_however_it_is_written() -> None:
    frame = pl.DataFrame({"number": [ADA, BEN, CAY]})
    assert keep_numbers(frame, ["+1 (415) 555-0101", BEN]).to_dicts() == [{"number": ADA}, {"number": BEN}]
    with pytest.raises(UsageError, match='"0101" is no phone number'):
        keep_numbers(frame, ["0101"])


def test_calls_that_cannot_be_read_are_counted_and_asked_for_again(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    rule = {"match": {"operation": "getCall", "times": 0}, "do": {"status": {"code": 404, "effect": False}}}
    with project.world() as world:
        world.advance(7200)
    with httpx.Client(base_url="http://sandbox", transport=still_sandbox(project.root).transport()) as client:
        client.put("/_sandbox/faults", json=[rule]).raise_for_status()
        failed = read(project, details=True)
        assert (failed.unread_count, failed.frame.get_column("called_at").null_count()) == (2, 2)
        client.put("/_sandbox/faults", json=[]).raise_for_status()
    assert read(project, details=True).frame.get_column("called_at").null_count() == 0
