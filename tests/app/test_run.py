"""Projects side by side: one that fails stops no other, and the exit code is the worst of them."""

from __future__ import annotations

import io
import logging
import threading
from pathlib import Path
from typing import Any

import orjson
import pytest

from declarative.app.run import ProjectRunner
from declarative.app.run_log import RunLog
from declarative.app.run_round import Round, RoundOutcome, RunProject, RunSettings
from declarative.engine.signals import StopSignal
from declarative.errors import Exit
from declarative.state.local import LocalBackend
from tests.app.running import PROJECT
from tests.project_fixture import ADA, BATCH, BEN, ProjectFixture
from tests.state.samples import holder, no_sleep


@pytest.fixture
def projects(tmp_path: Path) -> dict[str, ProjectFixture]:
    """Three projects: `good`, `other` and `bad`, whose manifests are invalid."""
    made = {}
    for name in ("good", "other", "bad"):
        (tmp_path / name).mkdir()
        project = made[name] = ProjectFixture(tmp_path / name)
        more = "  nonsense: 1\n" if name == "bad" else ""
        project.write(project_yaml=PROJECT.replace("spring", name), batch_yaml=BATCH + more)
        project.people(ADA, BEN)
    return made


class Running:
    """A runner over projects, its log, and the rounds that it passed on."""

    def __init__(self, *projects: RunProject, as_json: bool = True) -> None:
        self.log = io.StringIO()
        self.rounds: list[tuple[str, Round]] = []
        self.stop = StopSignal()
        self.runner = ProjectRunner(
            projects, RunLog(as_json=as_json, stream=self.log), self.stop, self._take, once=True
        )

    def _take(self, project: RunProject, result: Round, seconds: float) -> None:
        self.rounds.append((project.name, result))

    @property
    def entries(self) -> list[dict[str, str]]:
        return [orjson.loads(line) for line in self.log.getvalue().splitlines()]


def open_project(project: ProjectFixture) -> RunProject:
    return RunProject(project.root, RunSettings(interval=60, sandbox=True, directory=project.root))


def test_one_projects_trouble_stops_no_other(projects: dict[str, ProjectFixture]) -> None:
    class Broken(RunProject):
        def run_round(self, *_: object) -> Round:
            raise ZeroDivisionError("division by zero")

    broken = Broken(Path("broken"), RunSettings(interval=60))
    running = Running(broken, *(open_project(project) for project in projects.values()))
    assert running.runner.run() == Exit.FAILED
    outcomes = {name: result.outcome for name, result in running.rounds}
    assert outcomes.pop("good") is outcomes.pop("other") is RoundOutcome.GOOD
    assert RoundOutcome.INVALID in outcomes.values()
    assert any("bug in dialctl: ZeroDivisionError" in entry["message"] for entry in running.entries)
    assert running.runner.is_ready is False, "the broken one never came to the end of a round"


@pytest.mark.parametrize("failure", [SystemExit(3), KeyboardInterrupt(), MemoryError(), RecursionError()])
def test_whatever_a_project_raises_ends_no_thread(projects: dict[str, ProjectFixture], failure: BaseException) -> None:
    class Broken(RunProject):
        def run_round(self, *_: object) -> Round:
            raise failure

    running = Running(Broken(Path("broken"), RunSettings(interval=60)), open_project(projects["good"]))
    assert running.runner.run() == Exit.FAILED
    outcomes = {name: result.outcome for name, result in running.rounds}
    assert outcomes == {"broken": RoundOutcome.FAILED, "good": RoundOutcome.GOOD}


def test_a_project_that_hangs_holds_up_no_other(projects: dict[str, ProjectFixture]) -> None:
    class Hanging(RunProject):
        def run_round(self, stop: StopSignal, *_: object) -> Round:
            other_is_over.wait(60)
            return Round(outcome=RoundOutcome.GOOD, exit_code=Exit.DONE)

    class Other(RunProject):
        def run_round(self, *arguments: Any) -> Round:
            try:
                return super().run_round(*arguments)
            finally:
                other_is_over.set()

    other_is_over = threading.Event()
    settings = RunSettings(interval=60, sandbox=True, directory=projects["good"].root)
    running = Running(Hanging(Path("hanging"), settings), Other(projects["good"].root, settings))
    assert running.runner.run() == Exit.DONE
    assert [name for name, _ in running.rounds] == ["good", "hanging"]


def test_a_log_that_nobody_reads_stops_no_call(projects: dict[str, ProjectFixture]) -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    log = RunLog(as_json=True, stream=Closed())
    assert ProjectRunner([open_project(projects["good"])], log, StopSignal(), once=True).run() == Exit.DONE


def test_the_log_holds_no_number_and_says_the_same_once(projects: dict[str, ProjectFixture]) -> None:
    projects["good"].people(ADA, ADA)
    log = RunLog(as_json=True, stream=(stream := io.StringIO()))
    opened = [open_project(projects[name]) for name in ("good", "other")]
    ProjectRunner(opened, log, StopSignal(), once=True).run()
    said = stream.getvalue()
    assert "5550101" not in said
    assert "twice" in said
    assert {orjson.loads(line)["level"] for line in said.splitlines()} == {"info", "error"}
    ProjectRunner(opened, log, StopSignal(), once=True).run()
    assert stream.getvalue() == said


@pytest.mark.parametrize("level", [logging.DEBUG, logging.WARNING])
def test_each_step_is_in_the_log_as_all_else_is(projects: dict[str, ProjectFixture], level: int) -> None:
    log, steps = RunLog(as_json=True, stream=(stream := io.StringIO())), logging.getLogger("dialctl.steps")
    before = steps.level
    steps.setLevel(level)
    try:
        with log.capture():
            ProjectRunner([open_project(projects["good"])], log, StopSignal(), once=True).run()
    finally:
        steps.setLevel(before)
    entries = [orjson.loads(line) for line in stream.getvalue().splitlines()]
    requests = [entry["message"] for entry in entries if entry["event"] == "step"]
    assert any(message.startswith("http: POST ") for message in requests) == (level == logging.DEBUG)
    assert "5550101" not in stream.getvalue()


def test_a_log_for_people_has_a_line_for_each_thing(projects: dict[str, ProjectFixture]) -> None:
    stream = io.StringIO()
    ProjectRunner([open_project(projects["good"])], RunLog(as_json=False, stream=stream), StopSignal(), once=True).run()
    lines = [line.split(maxsplit=1)[1] for line in stream.getvalue().splitlines()]
    assert lines == ["info    good: batch/outreach: create 2 people", "info    good: as wanted"]


def test_each_projects_times_are_read_in_its_own_zone(projects: dict[str, ProjectFixture]) -> None:
    zones = {"good": "Asia/Tokyo", "other": "America/New_York"}
    for name, zone in zones.items():
        text = PROJECT.replace("spring", name).replace("Europe/Berlin", zone)
        hours = "  policy: {calling_hours: {from: '03:00', to: '03:01', zone: UTC}}\n"
        projects[name].write(project_yaml=text, batch_yaml=BATCH + hours)
    running = Running(*(open_project(projects[name]) for name in zones))
    running.runner.run()
    assert {project.name: project.display_zone for project in running.runner.projects} == zones


def test_of_two_directories_with_one_project_one_is_run(projects: dict[str, ProjectFixture]) -> None:
    projects["other"].write(project_yaml=PROJECT.replace("spring", "good"))
    running = Running(open_project(projects["good"]), open_project(projects["other"]))
    assert running.runner.run() == Exit.FAILED
    assert sorted(result.outcome.value for _, result in running.rounds) == ["failed", "good"]
    assert sum(len(project.dials()) == 0 for project in projects.values()) >= 2


def test_where_no_project_has_a_limit_there_is_nothing_to_run(projects: dict[str, ProjectFixture]) -> None:
    for name in ("good", "other"):
        projects[name].write(project_yaml=PROJECT.replace("spring", name).replace("  policy: {max_dials: 3}\n", ""))
    stop, log = StopSignal(), RunLog(as_json=True, stream=io.StringIO())
    runner = ProjectRunner([open_project(projects[name]) for name in ("good", "other")], log, stop)
    assert runner.run() == Exit.FAILED


def test_a_lease_that_another_replica_has_for_a_round_is_not_spoken_of() -> None:
    log = RunLog(as_json=True, stream=(stream := io.StringIO()))
    held = [Round(outcome=RoundOutcome.HELD, message=f"in use since {minute}") for minute in range(6)]
    good = Round(outcome=RoundOutcome.GOOD)
    for result in (good, held[0], good, held[1], held[2], held[3], good, held[4], held[5]):
        log.write_round("spring", result)
    said = [orjson.loads(line)["message"] for line in stream.getvalue().splitlines()]
    assert said == ["as wanted", "in use since 2", "as wanted", "in use since 5"]


def test_once_says_that_the_lease_was_held(projects: dict[str, ProjectFixture]) -> None:
    running = Running(open_project(projects["good"]))
    with LocalBackend(projects["good"].root / ".dialctl" / "sandbox").lease(holder(), 0, no_sleep):
        assert running.runner.run() == Exit.FAILED
    assert ["is in use by" in entry["message"] for entry in running.entries] == [True]
