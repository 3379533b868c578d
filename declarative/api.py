"""dialctl from Python: load, plan, apply, status and drift as functions over a Session.

`import declarative as dialctl` gives these names. Nothing here prints, asks or exits; errors are those of errors.py.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from declarative.app.apply import ApplyOptions, apply_project
from declarative.app.apply_report import ApplyReport
from declarative.app.drift import Drift, find_drift
from declarative.app.plan import plan_project
from declarative.app.session import Session
from declarative.app.status import AddressStatus, read_status
from declarative.engine.signals import StopSignal
from declarative.model.resource import Desired
from declarative.model.selection import Selection
from declarative.planning.plan import Plan


def load(
    path: str | Path = ".",
    *,
    variables: Mapping[str, str] | None = None,
    variable_files: Sequence[str | Path] = (),
) -> Desired:
    """Read the manifests at `path`, a directory or one file, without contacting anyone.

    Raises ManifestError, which carries every problem found, and UsageError where there is no such path.
    """
    with Session(path, variables=variables, variable_files=variable_files) as session:
        return session.desired


def plan(
    session: Session,
    *,
    max_dials: int | None = None,
    allow_shrink: Collection[str] = (),
    allow_release: Collection[str] = (),
    offline: bool = False,
) -> Plan:
    """Return what an apply would do now. Changes nothing anywhere.

    `plan.refusals` names the policies that the plan breaks. `offline` decides from manifests and lock alone.
    Raises ManifestError, StateError, and the first ProviderError where no provider could be read.
    """
    return plan_project(
        session, max_dials=max_dials, allow_shrink=allow_shrink, allow_release=allow_release, offline=offline
    )


def apply(
    session: Session,
    *,
    approve: Callable[[Plan], bool],
    max_dials: int | None = None,
    allow_shrink: Collection[str] = (),
    allow_release: Collection[str] = (),
    only_approved: bool = False,
    lock_timeout: float = 0.0,
    stop: StopSignal | None = None,
) -> ApplyReport:
    """Make it so: plan again under the lease, ask `approve`, call each person once, record.

    `approve` gets the plan and says whether to go on; it has no default, because a call cannot be undone.
    `only_approved` calls nobody but for manifests that an earlier apply without it was approved to apply.
    `lock_timeout` is how many seconds to wait for another run. `stop` ends the run between two requests.
    `report.exit_code` is the exit code of the command. Raises what keeps it from starting (ManifestError, StateError,
    LeaseHeld, Refused); once it has begun, a request that goes wrong stands in the report.
    """
    options = ApplyOptions(
        approve=approve,
        max_dials=max_dials,
        allow_shrink=allow_shrink,
        allow_release=allow_release,
        only_approved=only_approved,
        lock_timeout=lock_timeout,
    )
    return apply_project(session, options, stop or StopSignal())


def status(session: Session, address: str | None = None) -> list[AddressStatus]:
    """Count the people of each address by standing and outcome, as their provider shows them now.

    Raises UsageError for an address about which nothing is known.
    """
    return read_status(session, Selection((address,) if address else ()))


def drift(session: Session) -> list[Drift]:
    """List what changed at the providers without dialctl. Raises ProviderError where one cannot be read."""
    return find_drift(session)
