"""One round of `dialctl run` at one project: read the manifests, apply within the policies, read what came of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from declarative.app import daily_dials
from declarative.app.apply import ApplyOptions, apply_project
from declarative.app.apply_report import ApplyReport
from declarative.app.report import ProjectReport, read_report
from declarative.app.run_turn import Turn, is_found_everywhere
from declarative.app.session import Session
from declarative.engine.signals import StopSignal
from declarative.errors import (
    DialctlError,
    Exit,
    Interrupted,
    LeaseHeld,
    ManifestError,
    Refused,
    describe_system_error,
)
from declarative.model.lock import Lock
from declarative.model.resource import Desired
from declarative.model.selection import EVERYTHING

SOON = 60.0
"""Seconds within which a project is looked at again while somebody is called there."""
LEAST_PAUSE = 5.0
"""Seconds between two rounds at the least, where a plan names the time of the next one."""
HELD_PAUSE = 15.0
"""Seconds after which a project is tried again whose lease another run holds."""
PAGE_AGE = 60.0
"""Seconds for which a report is shown again that was read for its page alone."""
ClaimName = Callable[[str, "RunProject"], "RunProject | None"]
"""Gives a project its name, or returns the other one that has it."""


class RoundOutcome(StrEnum):
    """How a round ended. The values are those of the metric `dialctl_rounds_total`."""

    GOOD = "good"
    """Everything was done that was to be done."""
    NEEDS_PERSON = "needs_person"
    """Something is blocked or unsure."""
    HELD = "held"
    """Another run holds the lease, or another replica had the last round and has the next."""
    INVALID = "invalid"
    """The manifests are invalid: nobody new is called."""
    REFUSED = "refused"
    """The plan exceeds a policy: nobody new is called."""
    NOT_RUN = "not_run"
    """The project has no `max_dials`, so it is not run."""
    FAILED = "failed"
    """Anything else went wrong."""


@dataclass(frozen=True, kw_only=True)
class Round:
    """What one round came to."""

    outcome: RoundOutcome
    """How it ended."""
    message: str = ""
    """Why, for people; empty where all went well."""
    details: Sequence[str] = ()
    """More sentences: each problem of invalid manifests."""
    report: ApplyReport | None = None
    """What was done. None: nothing could be."""
    wait: float = SOON
    """Seconds until the next round at the latest."""
    exit_code: int = Exit.FAILED
    """The exit code of `dialctl run --once` for this project."""


@dataclass(kw_only=True)
class RunSettings:
    """What `dialctl run` was called with, for all projects."""

    interval: float
    """Seconds between two rounds of a project where nothing happens."""
    sandbox: bool = False
    """Use the embedded sandbox in place of every provider."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Values of `${var.NAME}` by name."""
    variable_files: Sequence[Path] = ()
    """YAML files of variables."""
    directory: Path = field(default_factory=Path.cwd)
    """Where relative paths start."""
    parallelism: int = 8
    """How many reads of one provider may be in flight at once."""
    reading_pause: float = 10.0
    """What came of the calls is read again after so many times as long as it took to read it last."""
    takes_turns: bool = False
    """Leave the rounds of a project to the replica that had the last one, as long as that one is there."""


class RunProject:
    """A project that is applied again and again. One thread at a time uses it; others read its attributes and its
    report."""

    def __init__(self, path: Path, settings: RunSettings) -> None:
        self.path = path
        self.name = str(path)
        """The Project's name; its path until the manifests were read once."""
        self.report: ProjectReport | None = None
        """What came of the calls, as last read. None: it was not read yet, or another replica works on the project."""
        self.display_zone = "UTC"
        """The zone in which people read the times of this project."""
        self.dials_of_day = 0
        """People whom `dialctl run` called within the last 24 hours, at any replica."""
        self.max_dials = 0
        """People who may be called within 24 hours."""
        self.first_round_over = False
        """Whether a round came to its end, however."""
        self.last_good: float | None = None
        """When a round was last good, in seconds since 1970. None: none was."""
        self.is_elsewhere = False
        """Whether another run or replica works on it."""
        self._settings = settings
        self._turn = Turn(interval=settings.interval) if settings.takes_turns else None
        self._desired: Desired | None = None
        self._read_again_at = 0.0
        self._page: ProjectReport | None = None
        self._page_until = 0.0
        self._page_mutex = threading.Lock()

    def run_round(self, stop: StopSignal, claim_name: ClaimName) -> Round:
        """Run one round, and say how it ended. Raises Interrupted after the requests under way are recorded."""
        try:
            with self._open_session(stop) as session:
                result = self._run_in_session(session, stop, claim_name)
        except DialctlError as error:
            if isinstance(error, Interrupted):
                raise
            result = self._describe_error(error)
        except OSError as error:
            result = self._describe_error(describe_system_error(error))
        if result.outcome in (RoundOutcome.GOOD, RoundOutcome.NEEDS_PERSON):
            self.last_good = time.time()
        self.is_elsewhere = result.outcome is RoundOutcome.HELD
        if self.is_elsewhere:
            self.report, self._read_again_at = None, 0.0
        self.first_round_over = True
        return result

    def read_report(self) -> ProjectReport | None:
        """What came of the calls: as last read, or read now where another replica works on the project. None before
        the first round. Any thread may ask. Raises DialctlError."""
        desired = self._desired
        if (report := self.report) is not None or desired is None or not self.is_elsewhere:
            return report
        with self._page_mutex:
            if time.monotonic() >= self._page_until:
                self._page = self._read_page(desired)
                self._page_until = time.monotonic() + PAGE_AGE
            return self._page

    def _read_page(self, desired: Desired) -> ProjectReport:
        try:
            with self._open_session(StopSignal()) as session:
                session.reuse(desired)
                return read_report(session, EVERYTHING)
        except OSError as error:
            raise describe_system_error(error) from error

    def leave(self) -> None:
        """Leave the project to any other replica at once, where this one had its last round."""
        if self._turn is not None and self._desired is not None and not self.is_elsewhere:
            with suppress(DialctlError, OSError), self._open_session(StopSignal()) as session:
                session.reuse(self._desired)
                self._turn.give_up(session.backend)

    def _open_session(self, stop: StopSignal) -> Session:
        settings = self._settings
        # A sidecar that brings new commits exchanges a symbolic link: one round reads one commit.
        return Session(
            (settings.directory / self.path).resolve(),
            sandbox=settings.sandbox,
            variables=settings.variables,
            variable_files=settings.variable_files,
            directory=settings.directory,
            parallelism=settings.parallelism,
            sleep=stop.sleep,
            pause=stop.pause,
        )

    def _run_in_session(self, session: Session, stop: StopSignal, claim_name: ClaimName) -> Round:
        invalid = self._read_manifests(session)
        project = session.desired.project
        self.name, self.display_zone = project.name, project.display_zone
        if other := claim_name(project.name, self):
            message = f'"{other.path}" is of the same project: only that one is run'
            return Round(outcome=RoundOutcome.FAILED, message=message, wait=self._settings.interval)
        if project.policy.max_dials is None:
            message = "the Project needs policy.max_dials, how many people may be called within 24 hours: it is not run"
            return Round(outcome=RoundOutcome.NOT_RUN, message=message, wait=self._settings.interval)
        self.max_dials = project.policy.max_dials
        if self._turn is not None and (last := self._turn.find_other(session.backend, session.desired.digest)):
            message = f"another replica works on it: {last.name}"
            return self._explain(Round(outcome=RoundOutcome.HELD, message=message, wait=self._turn.wait), invalid)
        report, refusal = _apply(session, stop, calls_nobody=invalid is not None)
        if report.interrupted is not None:
            raise report.interrupted
        lock = report.lock
        self.dials_of_day = daily_dials.count_day(lock, report.plan.created_at) if lock else 0
        is_live = lock is not None and _is_live(lock)
        self._read_outcomes(session, changed=is_live or report.plan.sends)
        result = self._judge(report, is_live=is_live)
        if self._turn is not None and invalid is None and is_found_everywhere(report, session.options.environment):
            self._turn.note_round(session.backend, session.desired.digest, result.wait)
        return self._explain(result, invalid or refusal)

    def _read_manifests(self, session: Session) -> ManifestError | None:
        """Read the manifests into the session: the last good ones, where these are invalid. Returns what is wrong with
        them. Raises ManifestError where none were good yet."""
        try:
            self._desired = session.desired
        except ManifestError as error:
            if self._desired is None:
                raise
            session.reuse(self._desired)
            return error
        return None

    def _judge(self, report: ApplyReport, *, is_live: bool) -> Round:
        wait = min(self._settings.interval, SOON) if is_live else self._settings.interval
        if report.plan.next_at is not None:
            wait = min(wait, max(LEAST_PAUSE, (report.plan.next_at - report.plan.created_at).total_seconds()))
        if any(result.unplanned for result in report.results.values()):
            wait = 0.0
        outcomes = {Exit.DONE: RoundOutcome.GOOD, Exit.NEEDS_HUMAN: RoundOutcome.NEEDS_PERSON}
        outcome = outcomes.get(Exit(report.exit_code), RoundOutcome.FAILED)
        message = report.failure.message if report.failure else ""
        return Round(outcome=outcome, message=message, report=report, wait=wait, exit_code=report.exit_code)

    def _explain(self, result: Round, reason: ManifestError | Refused | None) -> Round:
        """Say why nobody new was called, if so."""
        if reason is None:
            return result
        explained = self._describe_error(reason)
        exit_code = max(result.exit_code, explained.exit_code)
        return replace(explained, report=result.report, wait=min(result.wait, explained.wait), exit_code=exit_code)

    def _describe_error(self, error: DialctlError) -> Round:
        interval = self._settings.interval
        match error:
            case LeaseHeld():
                wait = min(interval, HELD_PAUSE)
                return Round(outcome=RoundOutcome.HELD, message=error.message, wait=wait)
            case ManifestError():
                following = "what was placed is followed" if self._desired else "nothing is known of it yet"
                message = f"{error.message}: nobody new is called, {following}"
                details = tuple(str(problem) for problem in error.problems)
                return Round(outcome=RoundOutcome.INVALID, message=message, details=details, wait=interval)
            case Refused():
                limits = f"{self.dials_of_day:,} were called within 24 hours"
                message = f"{error.message} ({limits}): nobody new is called"
                return Round(outcome=RoundOutcome.REFUSED, message=message, wait=interval)
        hint = f" ({error.hint})" if error.hint else ""
        return Round(outcome=RoundOutcome.FAILED, message=f"{error.message}{hint}", wait=interval)

    def _read_outcomes(self, session: Session, *, changed: bool) -> None:
        """Read what came of the calls, for metrics and report: where anything may have changed, but not always."""
        began = time.monotonic()
        if began < self._read_again_at or not (changed or self.report is None or self._was_live()):
            return
        self.report = read_report(session, EVERYTHING)
        self._read_again_at = time.monotonic() + (time.monotonic() - began) * self._settings.reading_pause

    def _was_live(self) -> bool:
        return self.report is not None and any(not status.is_over for status in self.report.statuses)


def _apply(session: Session, stop: StopSignal, *, calls_nobody: bool) -> tuple[ApplyReport, Refused | None]:
    """Apply, and say why the plan was refused if it was: then whoever must be taken off is taken off all the same."""
    options = ApplyOptions(
        approve=lambda plan: True, approved_by="dialctl run", comes_again=True, calls_nobody=calls_nobody
    )
    try:
        return apply_project(session, options, stop), None
    except Refused as refusal:
        return apply_project(session, replace(options, calls_nobody=True), stop), refusal


def _is_live(lock: Lock) -> bool:
    """Whether something at a provider may still change: a request that is open, or a batch or call that is not over."""
    return any(
        record.intents or any(not remote.settled and not remote.closed for remote in record.remotes.values())
        for record in lock.resources.values()
    )
