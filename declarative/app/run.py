"""`dialctl run`: applies projects again and again, each in a thread of its own, so that none waits for another."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Sequence

from declarative.app.run_log import RunLog
from declarative.app.run_round import Round, RoundOutcome, RunProject
from declarative.engine.signals import StopSignal
from declarative.errors import Exit, Interrupted

AFTER_BUG = 60.0
"""Seconds until a project is tried again after a failure that nobody foresaw."""

WAKE_SECONDS = 0.5
"""How long a signal may go unheard."""


class ProjectRunner:
    """Runs projects until a signal comes, or once. `on_round` takes each round as it ends, in the project's thread."""

    def __init__(
        self,
        projects: Sequence[RunProject],
        log: RunLog,
        stop: StopSignal,
        on_round: Callable[[RunProject, Round, float], None] = lambda project, result, seconds: None,
        *,
        once: bool = False,
    ) -> None:
        self.projects = projects
        self._log = log
        self._stop = stop
        self._on_round = on_round
        self._once = once
        self._mutex = threading.Lock()
        self._names: dict[str, RunProject] = {}
        self._outcomes: dict[RunProject, RoundOutcome] = {}
        self._exit_codes: list[int] = []
        self._stop_is_said = False
        self._threads = [
            threading.Thread(target=self._run_project, args=[project], name=f"dialctl run {project.path}")
            for project in projects
        ]

    @property
    def is_alive(self) -> bool:
        """Whether every project still has its thread."""
        return all(thread.is_alive() for thread in self._threads)

    @property
    def is_ready(self) -> bool:
        """Whether each project had its first round, however that ended."""
        return not self.waiting_names

    @property
    def waiting_names(self) -> list[str]:
        """The names of the projects whose first round is not over."""
        return [project.name for project in self.projects if not project.first_round_over]

    def run(self) -> int:
        """Run until the end, and return the exit code: the worst of all rounds with `once`, else that of the signal. 1
        where no project can be run."""
        for thread in self._threads:
            thread.start()
        for thread in self._threads:
            # The system may hand a signal to any thread, and Python answers it in this one, once it wakes.
            while thread.is_alive():
                thread.join(WAKE_SECONDS)
                self._say_that_it_stops()
        try:
            self._stop.check()
        except Interrupted as interruption:
            return int(interruption.exit_code)
        if self._once:
            return Exit.NEEDS_HUMAN if Exit.NEEDS_HUMAN in self._exit_codes else max(self._exit_codes, default=0)
        return Exit.FAILED

    def _run_project(self, project: RunProject) -> None:
        while not self._stop.requested:
            began = time.monotonic()
            try:
                result = self._run_round(project)
            except Interrupted:
                break
            self._on_round(project, result, time.monotonic() - began)
            self._log.write_round(project.name, result)
            if self._once and result.outcome is RoundOutcome.HELD:
                self._log.write(project.name, result.message, level="error", event="held")
            with self._mutex:
                self._exit_codes.append(result.exit_code)
                self._outcomes[project] = result.outcome
            if self._once:
                break
            self._sleep(result)
            if self._nothing_is_run():
                break
        project.leave()

    def _sleep(self, result: Round) -> None:
        """Sleep until the next round; one that ran nothing also until it is known that no project runs anything."""
        until = time.monotonic() + result.wait
        while not self._stop.requested and (left := until - time.monotonic()) > 0:
            if result.outcome is not RoundOutcome.NOT_RUN:
                self._stop.sleep(left)
            elif self._nothing_is_run():
                break
            else:
                self._stop.sleep(min(left, WAKE_SECONDS))

    def _run_round(self, project: RunProject) -> Round:
        try:
            return project.run_round(self._stop, self._claim_name)
        except Interrupted:
            raise
        # A plugin may raise SystemExit, and a library in Rust what is no Exception either. No project ends another's.
        except BaseException as bug:
            frame = traceback.extract_tb(bug.__traceback__)[-1]
            message = f"this is a bug in dialctl: {type(bug).__name__} in {frame.name} (line {frame.lineno}): {bug}"
            return Round(outcome=RoundOutcome.FAILED, message=message, wait=AFTER_BUG)

    def _say_that_it_stops(self) -> None:
        if self._stop.requested and not self._stop_is_said:
            self._stop_is_said = True
            message = "stopping: requests in flight are finished and recorded first"
            self._log.write("run", message, event="stop")

    def _claim_name(self, name: str, project: RunProject) -> RunProject | None:
        """Give a project its name. Returns the other project that has it already, if one does: with one state they
        would take off each other's people."""
        with self._mutex:
            owner = self._names.setdefault(name, project)
            return None if owner is project else owner

    def _nothing_is_run(self) -> bool:
        """Whether every project is without `max_dials`."""
        with self._mutex:
            return len(self._outcomes) == len(self.projects) and set(self._outcomes.values()) == {RoundOutcome.NOT_RUN}
