"""What one apply did and could not do, and the exit code that says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from declarative.engine.results import NEEDS_PERSON, Finding, ResourceResult
from declarative.errors import DialctlError, Exit, Interrupted
from declarative.model.lock import Lock
from declarative.planning.plan import Plan


@dataclass(frozen=True, kw_only=True)
class ApplyReport:
    """What one apply did, and what it could not do."""

    plan: Plan
    """The plan that was approved."""
    results: Mapping[str, ResourceResult]
    """What was done, by address."""
    findings: tuple[Finding, ...] = ()
    """What settling and guarding found in the whole run. See `all_findings`."""
    interrupted: Interrupted | None = None
    """The signal that ended the run before it was done, if one did."""
    failure: DialctlError | None = None
    """What ended the run before it was done: the lease was lost, or the state could not be written. None: neither."""
    follow_error: DialctlError | None = None
    """Why the calls could not be followed to their end (`--wait`), after everything was submitted."""
    open_addresses: tuple[str, ...] = ()
    """Addresses at which a request is still unsure, and people are wanted."""
    destroy: bool = False
    """Whether this was `dialctl destroy`."""
    lock: Lock | None = None
    """The lock as the run left it. None: there is none."""

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """The findings of the whole run, then those of each address."""
        by_address = [result.list_findings(address) for address, result in self.results.items()]
        return (*self.findings, *(finding for findings in by_address for finding in findings))

    @property
    def exit_code(self) -> int:
        """The exit code of the command. Unsure and blocked win over failed, because they need a person."""
        stop_cause = self.interrupted or self.failure or self.follow_error
        if isinstance(stop_cause, Interrupted):
            return int(stop_cause.exit_code)
        needs_human = any(
            receipt.status in NEEDS_PERSON for result in self.results.values() for receipt in result.problems
        )
        if (
            self.plan.needs_human
            or self.open_addresses
            or needs_human
            or any(finding.unsure for finding in self.all_findings)
        ):
            return int(Exit.NEEDS_HUMAN)
        has_failures = (
            any(not result.is_clean for result in self.results.values()) or self.plan.has_unread or stop_cause
        )
        return int(Exit.FAILED if has_failures else Exit.DONE)
