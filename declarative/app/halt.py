"""`dialctl halt`: the emergency stop. Writes the halt, cancels what waits, and says what it could not do.

It needs no valid manifest, no lease and no whole lock, and asks nothing back: each thing that is broken costs only what
depends on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from declarative.app.connections import Connections, connect_outlined, find_keyed_types, read_outline
from declarative.app.emergency_halts import add_halts
from declarative.app.git_repository import GitRepository, GitUnavailable
from declarative.app.halt_record import record_cancels, write_history
from declarative.app.halt_targets import HaltTargets, find_targets
from declarative.app.session import Session
from declarative.engine.emergency import EmergencyStop
from declarative.engine.results import StoppedBatch
from declarative.errors import DialctlError, Exit, ProviderError, StateError, UsageError
from declarative.model.capabilities import Cancellable
from declarative.model.halts import EmergencyHalt
from declarative.model.outline import Outline
from declarative.model.resource import Route
from declarative.state.base import Backend, StoredState
from declarative.state.catalog import open_backend
from declarative.state.local import LOCK_FILE
from declarative.state.local_files import make_folder
from declarative.state.salvage import SalvagedLock, salvage_lock

_SANDBOX = Path(".dialctl") / "sandbox"
"""The folder of the embedded sandbox, in that of the project."""
LEASE_WAIT = 30.0
"""Seconds to wait for a run that holds the lease: what it sends meanwhile is cancelled too."""


@dataclass(frozen=True, kw_only=True)
class HaltOptions:
    """What the user asked of a halt."""

    targets: Sequence[str] = ()
    """Addresses, patterns of addresses or bare names."""
    everything: bool = False
    """Halt the whole project, with what is added to it later."""
    reason: str = ""
    """Why, for whoever meets the halt later; empty where none is given."""
    project: str = ""
    """The project's name, where nothing else tells it; empty where it is not given."""
    is_dry: bool = False
    """Only show what would be cancelled."""


@dataclass(kw_only=True)
class HaltReport:
    """What a halt did, and what it could not do."""

    project: str
    """The project's name."""
    addresses: Sequence[str]
    """What was halted: addresses, or EVERYTHING alone."""
    is_dry: bool
    """Whether nothing was done."""
    location: str
    """Where the halt stands."""
    halts: Sequence[EmergencyHalt] = ()
    """The halts that were written."""
    halt_failure: str = ""
    """Why the halt could not be written, so that the next run may call. Empty: it stands."""
    batches: Sequence[StoppedBatch] = ()
    """Everything that was to be cancelled."""
    unread: Mapping[str, str] = field(default_factory=dict)
    """By provider: why what no lock knows there may still call."""
    single_calls: int = 0
    """Calls that were placed one by one and may not have begun, and that their provider does not take back."""
    record_failure: str = ""
    """Why the lock does not know what was cancelled. Empty: it does, or nothing was."""
    warnings: list[str] = field(default_factory=list)
    """What else a person has to know."""
    folder_in_git: Path | None = None
    """The folder whose halt other machines hear only once it is pushed; None where they hear it at once."""

    @property
    def failed(self) -> list[StoppedBatch]:
        """Batches that may still call."""
        return [batch for batch in self.batches if batch.failure]

    @property
    def stopped(self) -> list[StoppedBatch]:
        """Batches that were cancelled, or would be."""
        return [batch for batch in self.batches if not batch.failure and not batch.was_over]

    @property
    def exit_code(self) -> int:
        """3 where something may still call, or the halt does not stand."""
        needs_person = self.failed or self.unread or self.halt_failure
        return int(Exit.NEEDS_HUMAN if needs_person else Exit.DONE)


def halt_project(session: Session, options: HaltOptions) -> HaltReport:
    """Stop calling at these addresses, or everywhere. Raises UsageError where it is not known what is meant."""
    outline = read_outline(
        session.options.directory / session.options.path,
        session.options.variables,
        [session.options.directory / file for file in session.options.variable_files],
        session.options.environment,
        _SANDBOX / LOCK_FILE if session.options.sandbox else Path(LOCK_FILE),
    )
    backend, state_warnings, state_failure = _open_state(session, outline, options.project)
    lock, lock_failure = _read_lock(backend)
    targets = find_targets(outline, lock, options.targets, everything=options.everything, project=options.project)
    report = HaltReport(
        project=targets.projects[0],
        addresses=targets.addresses,
        is_dry=options.is_dry,
        location=backend.location,
        halt_failure=state_failure,
        warnings=[*state_warnings, *([lock_failure] if lock_failure else []), *targets.warnings],
    )
    if not options.is_dry:
        try:
            report.halts = add_halts(backend, targets.addresses, options.reason, session.options.environment)
        except DialctlError as error:
            report.halt_failure = error.message
    connections = _connect(session, outline, targets)
    try:
        _stop_calls(session, report, backend, targets, connections)
    finally:
        connections.close()
    if not options.is_dry:
        report.folder_in_git = _find_git_folder(session, outline, backend)
        report.warnings += write_history(session, backend, report.batches, targets.addresses, options.reason)
    return report


def _open_state(session: Session, outline: Outline, project: str) -> tuple[Backend, list[str], str]:
    """The place of the lock, what to say of it, and why it is only this directory where it should be another one."""
    if session.options.sandbox:
        with suppress(StateError):  # then the halt cannot be written either, and that is said
            make_folder(_sandbox_directory(outline))
        return open_backend(_sandbox_directory(outline), None), [], ""
    variable_url = session.options.environment.get("DIALCTL_STATE")
    url = variable_url or outline.state_url
    warnings = []
    if url is None and not outline.project:
        warnings = [
            "no Project document could be read: if the state is kept elsewhere, set DIALCTL_STATE and run again"
        ]
    name = outline.project or project
    try:
        if url is not None and "{project}" in url and not name:
            raise UsageError("DIALCTL_STATE holds {project}, and the project's name is not known: give --project NAME")
        return open_backend(outline.directory, url and url.replace("{project}", name)), warnings, ""
    except DialctlError as error:
        local_only = "the halt stands in this directory alone"
        return open_backend(outline.directory, None), [local_only], error.message


def _sandbox_directory(outline: Outline) -> Path:
    return outline.directory / _SANDBOX


def _read_lock(backend: Backend) -> tuple[SalvagedLock, str]:
    """What can be read of the lock, and what to say where that is not all."""
    try:
        lock = salvage_lock(backend.load())
    except StateError as error:
        return salvage_lock(StoredState(None)), f"the lock could not be read: {error.message}"
    return lock, "" if lock.is_whole else "the lock is damaged or in conflict: what could be read of it was used"


def _connect(session: Session, outline: Outline, targets: HaltTargets) -> Connections:
    names = targets.providers or find_keyed_types(session.options.environment, sandbox=session.options.sandbox)
    return connect_outlined(
        outline,
        names,
        environment=session.options.environment,
        sandbox_directory=_sandbox_directory(outline) if session.options.sandbox else None,
        sleep=session.sleep,
    )


def _stop_calls(
    session: Session, report: HaltReport, backend: Backend, targets: HaltTargets, connections: Connections
) -> None:
    """Cancel by id at once, then by mark, then what a live run sent meanwhile; read what came of it, and record it."""
    stop = EmergencyStop(
        connections.connected_providers,
        targets.find_address,
        parallelism=session.options.parallelism,
        is_dry=report.is_dry,
        progress=session.options.progress,
    )
    failures = {
        name: error.message for name, error in connections.providers.items() if isinstance(error, ProviderError)
    }
    takes_calls_back = partial(_takes_calls_back, connections)
    lost = _stop_once(stop, targets, _read_lock(backend)[0], failures, takes_calls_back)
    if not report.is_dry:
        with record_cancels(session, backend, LEASE_WAIT) as recorder:
            lost = _stop_once(stop, targets, _read_lock(backend)[0], failures, takes_calls_back)
            stop.read_outcomes()
            report.record_failure = recorder.record(stop.batches.values(), connections.connected_providers)
    else:
        stop.read_outcomes()
    report.batches = [*stop.batches.values(), *lost]
    report.unread = {**failures, **stop.unread}
    report.single_calls = targets.count_single_calls(_read_lock(backend)[0], takes_calls_back)


def _takes_calls_back(connections: Connections, provider_name: str) -> bool:
    """Whether a provider cancels single calls that wait, as far as its type is known."""
    provider = connections.connected_providers.get(provider_name)
    channel = provider.channels.get(Route.CALL) if provider else None
    return channel is not None and channel.capabilities.cancellable is not Cancellable.NEVER


def _stop_once(
    stop: EmergencyStop,
    targets: HaltTargets,
    lock: SalvagedLock,
    failures: Mapping[str, str],
    takes_calls_back: Callable[[str], bool],
) -> list[StoppedBatch]:
    """One pass. Returns the batches of providers that could not be connected. `takes_calls_back` tells whether a
    provider cancels single calls that wait."""
    known = [
        StoppedBatch(
            provider=remote.provider,
            address=remote.address,
            remote_id=remote.remote_id,
            route=Route.BATCH if remote.is_batch else Route.CALL,
        )
        for remote in lock.remotes
        if targets.covers(remote.address) and (remote.is_batch or takes_calls_back(remote.provider))
    ]
    stop.stop_known([batch for batch in known if batch.provider not in failures])
    stop.stop_listed()
    return [
        StoppedBatch(
            provider=batch.provider, address=batch.address, remote_id=batch.remote_id, failure=failures[batch.provider]
        )
        for batch in known
        if batch.provider in failures
    ]


def _find_git_folder(session: Session, outline: Outline, backend: Backend) -> Path | None:
    """The project's folder, where its halt is a file in a git repository."""
    is_in_folder = backend.location.startswith(str(outline.directory))
    if session.options.sandbox or not is_in_folder:
        return None
    try:
        GitRepository(outline.directory)
    except GitUnavailable:
        return None
    return outline.directory
