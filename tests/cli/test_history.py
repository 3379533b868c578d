"""`dialctl history`: every run that sent or changed something, by whom, and on whose word."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from tests.project_fixture import ADA, BEN, CAY, ProjectFixture

ADDRESS = "batch/outreach"
KEYS = [
    "run", "at", "command", "by", "ci_run", "commit", "approved_by", "reason", "people_called", "people_called_again",
    "people_moved", "people_taken_off", "unsure", "exit", "addresses",
]  # fmt: skip


def runs(project: ProjectFixture, *arguments: str) -> list[dict[str, Any]]:
    result = project.dialctl("history", "--json", *arguments)
    assert result.exit == 0, result.text
    found: list[dict[str, Any]] = result.json["runs"]
    return found


def history_file(project: ProjectFixture) -> Path:
    return project.root / ".dialctl" / "sandbox" / "dialctl.history.jsonl"


def test_a_run_is_told_with_who_and_what_and_on_whose_word(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    (run,) = runs(project)
    assert list(run) == KEYS
    assert (run["command"], run["approved_by"], run["exit"], run["people_called"]) == ("apply", "--auto-approve", 0, 2)
    assert run["addresses"][ADDRESS] == {name: run[name] for name in KEYS[8:13]}


def test_a_run_that_sends_nothing_is_not_told(project: ProjectFixture) -> None:
    project.apply()
    project.apply()
    assert len(runs(project)) == 1


def test_people_moved_and_taken_off_are_counted_apart(project: ProjectFixture) -> None:
    project.people(ADA, BEN, CAY)
    project.apply()
    project.people(ADA, CAY)
    assert project.apply().exit == 0
    newest, _ = runs(project)
    counts = (newest["people_called"], newest["people_moved"], newest["people_taken_off"])
    assert counts == (0, 2, 1)
    assert "2 moved, 1 taken off" in project.dialctl("history").text


def test_the_newest_run_comes_first_and_an_address_narrows_the_counts(project: ProjectFixture) -> None:
    project.apply()
    project.write(second_yaml=(project.root / "batch.yaml").read_text().replace("outreach", "second"))
    project.apply()
    newest, oldest = runs(project)
    assert list(newest["addresses"]) == ["batch/second"]
    assert [run["run"] for run in runs(project, ADDRESS)] == [oldest["run"]]
    assert project.dialctl("history", "batch/none").exit == 64


def test_decisions_are_told_with_their_reason_and_without_a_number(project: ProjectFixture) -> None:
    project.apply()
    said = project.dialctl(
        "state", "rm", ADDRESS, "--yes-forget-who-was-called", "--reason", f"asked by {ADA}, ticket 7"
    )
    assert said.exit == 0, said.text
    run = runs(project)[0]
    assert (run["command"], run["approved_by"], run["people_called"]) == ("state rm", None, 0)
    assert run["reason"] == "asked by +1415•••0101, ticket 7"
    assert "4155550101" not in history_file(project).read_text()


def test_since_takes_a_moment_or_a_duration(project: ProjectFixture) -> None:
    project.apply()
    moment = runs(project)[0]["at"]
    with project.world() as world:
        world.advance(86_400)
    assert runs(project, "--since", "12h") == []
    assert len(runs(project, "--since", "2d")) == 1
    assert len(runs(project, "--since", moment)) == 1
    assert project.dialctl("history", "--since", "2026-12-01").exit == 64


def test_csv_has_a_row_for_each_address_that_a_spreadsheet_does_not_run(project: ProjectFixture) -> None:
    project.apply()
    project.dialctl("state", "rm", ADDRESS, "--yes-forget-who-was-called", "--reason", "=1+1")
    rows = list(csv.DictReader(project.dialctl("history", "--format", "csv").text.splitlines()))
    assert [row["address"] for row in rows] == [ADDRESS, ADDRESS]
    assert (rows[0]["reason"], rows[1]["people_called"], rows[1]["exit"]) == ("'=1+1", "2", "0")


@pytest.mark.parametrize("arguments", [(), ("--json",), ("-q",)])
def test_an_end_that_was_cut_off_is_said_and_fails(project: ProjectFixture, arguments: tuple[str, ...]) -> None:
    project.apply()
    history_file(project).write_bytes(b"")
    result = project.dialctl("history", *arguments)
    assert result.exit == 1
    assert f"the lock knows a newer line about {ADDRESS}" in result.text


def test_without_any_run_it_says_so(project: ProjectFixture) -> None:
    assert "No run sent or changed anything." in project.dialctl("history").text
