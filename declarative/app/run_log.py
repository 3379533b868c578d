"""The log of `dialctl run`: a line, or a JSON object, for whatever happens at a project. No number stands in it."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TextIO

import orjson

from declarative.app.apply_report import ApplyReport
from declarative.app.run_round import Round, RoundOutcome
from declarative.humanize import people
from declarative.planning.decide import Verb
from declarative.privacy import clean, hide_numbers, mask_all

_LEVELS = {
    RoundOutcome.GOOD: "info",
    RoundOutcome.HELD: "info",
    RoundOutcome.NEEDS_PERSON: "warning",
}
"""The level of a round by how it ended. Every other one is an error."""

STEPS = "dialctl.steps"
"""The logger of requests and writes. `-v` enables it."""

_HELD_ROUNDS = 2
"""Rounds in a row in which another run held the lease, until it is said."""


class RunLog:
    """Writes to a stream from several threads. What a project says again and again is written once."""

    def __init__(self, *, as_json: bool, stream: TextIO | None = None) -> None:
        self._as_json = as_json
        self._stream = stream or sys.stderr
        self._mutex = threading.Lock()
        self._last: dict[str, tuple[str, ...]] = {}
        self._held: dict[str, int] = {}

    def write(self, project: str, message: str, *, level: str = "info", event: str = "note") -> None:
        """Write one line."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        text = hide_numbers(mask_all(clean(message)))
        if self._as_json:
            entry = {"at": at, "level": level, "event": event, "project": project, "message": text}
            line = orjson.dumps(entry).decode()
        else:
            line = f"{at} {level:7} {clean(project)}: {text}"
        with self._mutex, suppress(OSError):  # whoever read the log may be gone, and the calls go on
            print(line, file=self._stream, flush=True)

    @contextmanager
    def capture(self) -> Iterator[None]:
        """Take what libraries log, and each step if `-v` asks for it, so that no line has another form."""
        root = logging.getLogger()
        is_verbose = logging.getLogger(STEPS).isEnabledFor(logging.DEBUG)
        handlers, root.handlers = root.handlers, [_LogHandler(self, logging.DEBUG if is_verbose else logging.WARNING)]
        try:
            yield
        finally:
            root.handlers = handlers

    def write_round(self, project: str, result: Round) -> None:
        """Write what a round did, and how it stands where that is not as after the round before it. A lease that
        another replica holds for one round is nothing to speak of; one that it goes on holding is said once."""
        level = _LEVELS.get(result.outcome, "error")
        if result.report is not None:
            for message in describe_requests(result.report):
                self.write(project, message, event="requests")
        standing = tuple(_describe_standing(result))
        self._held[project] = self._held.get(project, 0) + 1 if result.outcome is RoundOutcome.HELD else 0
        if self._held[project] == 1 or self._held[project] > _HELD_ROUNDS:
            return
        if self._last.get(project) != standing:
            self._last[project] = standing
            for message in standing:
                self.write(project, message, level=level, event=result.outcome.value)


class _LogHandler(logging.Handler):
    """Writes what is logged by the way of Python, without tracebacks: they quote whatever was at hand."""

    def __init__(self, log: RunLog, level: int) -> None:
        super().__init__(level)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        failure = record.exc_info[1] if record.exc_info else None
        reason = f": {type(failure).__name__}: {failure}" if failure else ""
        event = "step" if record.name == STEPS else "library"
        message = record.getMessage().partition("\n")[0]
        self._log.write("run", f"{message}{reason}", level=record.levelname.lower(), event=event)


def describe_requests(report: ApplyReport) -> Iterator[str]:
    """Say what was sent for each address, and what was found on the way."""
    for address, result in report.results.items():
        counts = [f"{verb.value} {people(count)}" for verb, count in result.submitted.items()]
        counts += [f"cancel {people(result.cancelled)}"] if result.cancelled else []
        if counts:
            yield f"{address}: {', '.join(counts)}"
        for receipt in result.problems:
            yield f"{address}: {receipt.status.value.replace('_', ' ')}: {receipt.message}"
    for finding in report.all_findings:
        yield f"{finding.address}: {finding.message}" if finding.address else finding.message


def _describe_standing(result: Round) -> Iterator[str]:
    blocks = result.report.plan.actions_with_verb(Verb.BLOCK) if result.report else ()
    if result.message:
        yield result.message
    elif result.report is None or not blocks:
        yield "as wanted" if result.outcome is RoundOutcome.GOOD else result.outcome.value.replace("_", " ")
    yield from result.details
    for action in blocks:
        yield f"{action.address} is blocked ({action.reason.value}), {people(action.people)}: {action.detail}"
    if result.report is not None:
        yield from (
            f"{warning.address}: {warning.message}".removeprefix(": ") for warning in result.report.plan.warnings
        )
