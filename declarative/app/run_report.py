"""The report of a project that another replica works on: read when somebody asks for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from declarative.app.report import ProjectReport, read_report
from declarative.app.session import Session
from declarative.engine.signals import StopSignal
from declarative.errors import describe_system_error
from declarative.model.resource import Desired
from declarative.model.selection import EVERYTHING

PAGE_AGE = 60.0
"""Seconds for which a report is shown again."""


class ReportOnDemand:
    """Reads the report of one project, for any thread. Not every reader costs requests."""

    def __init__(self, open_session: Callable[[StopSignal], Session]) -> None:
        self._open_session = open_session
        self._mutex = threading.Lock()
        self._report: ProjectReport | None = None
        self._until = 0.0

    def read(self, desired: Desired) -> ProjectReport:
        """What came of the calls, not longer ago than PAGE_AGE. Raises DialctlError."""
        with self._mutex:
            if self._report is None or time.monotonic() >= self._until:
                self._report = self._read_now(desired)
                self._until = time.monotonic() + PAGE_AGE
            return self._report

    def _read_now(self, desired: Desired) -> ProjectReport:
        try:
            with self._open_session(StopSignal()) as session:
                session.reuse(desired)
                return read_report(session, EVERYTHING)
        except OSError as error:
            raise describe_system_error(error) from error
