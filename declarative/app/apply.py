"""Apply: take the lease, settle what is open, plan, ask, do, prove, record, report."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from declarative.app import plan as planner
from declarative.app import state_init
from declarative.app.session import Session
from declarative.engine.results import Finding, RequestStatus, ResourceResult
from declarative.engine.run_context import DialBudget, RunContext
from declarative.engine.runner import PlanRunner
from declarative.engine.signals import StopSignal
from declarative.errors import DialctlError, Exit, Interrupted, Refused
from declarative.model.resource import Desired
from declarative.planning import policy
from declarative.planning.plan import Plan
from declarative.state.base import Lease
from declarative.state.ledger import Ledger

PLAN_IS_FRESH = 60.0
"""Seconds that a person may think about a plan before it is made again."""
ROUNDS = 3
"""How often an apply goes on after a lost answer was settled, before it leaves the rest to the next run."""


@dataclass(frozen=True, kw_only=True)
class ApplyOptions:
    """What the user asked of an apply. `approve` shows a plan and says whether to go on; `restrict` passes a plan that
    does no more than a saved one, and raises PlanFileError; `destroy` cancels everything."""

    approve: Callable[[Plan], bool]
    restrict: Callable[[Session, Plan], Plan] | None = None
    max_dials: int | None = None
    allow_shrink: Collection[str] = ()
    lock_timeout: float = 0.0
    destroy: bool = False


@dataclass(frozen=True, kw_only=True)
class ApplyReport:
    """What an apply came to. `results` by address; `interrupted` where a signal ended it; `follow_error` where all
    was done, and what came of it could not be followed to the end; `open_addresses` are those where something is
    unsure; `destroy` as in ApplyOptions."""

    plan: Plan
    results: Mapping[str, ResourceResult]
    findings: tuple[Finding, ...] = ()
    interrupted: Interrupted | None = None
    follow_error: DialctlError | None = None
    open_addresses: tuple[str, ...] = ()
    destroy: bool = False

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """Those of the whole run, and then each address's own."""
        return (*self.findings, *(finding for result in self.results.values() for finding in result.findings))

    @property
    def exit_code(self) -> int:
        """Unsure and blocked win over failed: they need a person."""
        stop_cause = self.interrupted or self.follow_error
        if isinstance(stop_cause, Interrupted):
            return int(stop_cause.exit_code)
        needs_human = any(
            receipt.status in (RequestStatus.MARK_LOST, RequestStatus.NOT_TAKEN_OFF)
            for result in self.results.values()
            for receipt in result.problems
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


def apply_project(session: Session, options: ApplyOptions, stop: StopSignal) -> ApplyReport:
    """Raises what keeps it from starting: ManifestError, StateError, LeaseHeld, Refused. Once it has begun, a request
    that goes wrong is in the report; LeaseLost and StateError are raised still, since nothing can be recorded then."""
    _check_project(session)
    with session.open_ledger(options.lock_timeout) as (ledger, lease):
        run = _build_run_context(session, ledger, lease, options, stop)
        runner = PlanRunner(run)
        findings = _settle_open(run, runner)
        plan = _make_approved_plan(session, options, ledger)
        _start_lock(session, ledger, plan)
        return _run_rounds(session, options, run, runner, plan, findings)


def _check_project(session: Session) -> None:
    """The plan would be refused as well, but only after the lease was taken and what is open was settled."""
    if refusals := policy.refuse_without_project(session.desired.project, sandbox=session.options.sandbox):
        raise Refused("; ".join(refusals))


def _build_run_context(
    session: Session, ledger: Ledger, lease: Lease, options: ApplyOptions, stop: StopSignal
) -> RunContext:
    limits = [limit for limit in (options.max_dials, session.desired.project.policy.max_dials) if limit is not None]
    return RunContext(
        ledger=ledger,
        lease=lease,
        project=session.desired.project,
        providers=session.connected_providers,
        capabilities=session.capabilities,
        key=session.key,
        stop=stop,
        budget=DialBudget(min(limits, default=None)),
        sleep=session.sleep,
        progress=session.options.progress,
    )


def _settle_open(run: RunContext, runner: PlanRunner) -> list[Finding]:
    """What an earlier run left open is answered first, so that the plan shown is about facts."""
    if not run.ledger.is_started:
        return []
    addresses = list(run.ledger.lock.resources)
    findings = runner.settler.settle(addresses)
    for provider_name, remote_ids in runner.guard_watch.find_unproven(addresses).items():
        if provider_name in run.providers:
            findings += runner.guard_watch.check(provider_name, remote_ids)
    return findings


def _make_approved_plan(session: Session, options: ApplyOptions, ledger: Ledger) -> Plan:
    while True:
        plan = _make_plan(session, options, ledger)
        if plan.refusals:
            options.approve(plan)
            raise Refused("; ".join(plan.refusals))
        shown_at = time.monotonic()
        if not options.approve(plan):
            raise Refused('not applied: the answer was not "yes"', hint="nothing was sent")
        if time.monotonic() - shown_at <= PLAN_IS_FRESH:
            return plan
        fresh_plan = _make_plan(session, options, ledger)
        if fresh_plan.checksum == plan.checksum:
            return fresh_plan


def _make_plan(session: Session, options: ApplyOptions, ledger: Ledger) -> Plan:
    scope = session.scope(ledger.lock if ledger.is_started else None)
    if options.destroy:
        scope = replace(scope, desired=_pause_all(session.desired))
    plan = planner.make_plan(
        scope,
        session.capabilities,
        max_dials=options.max_dials,
        allow_shrink=options.allow_shrink,
        allow_all_shrink=options.destroy,
    )
    return options.restrict(session, plan) if options.restrict else plan


def _pause_all(desired: Desired) -> Desired:
    """Destroy is apply with nothing wanted: every resource paused, so that its memory and its provider stay known."""
    return replace(
        desired, resources={address: replace(resource, paused=True) for address, resource in desired.resources.items()}
    )


def _start_lock(session: Session, ledger: Ledger, plan: Plan) -> None:
    """A first lock, and hosts seen for the first time, are durable before anything is sent. A project held back for
    want of a memory gets none by this way."""
    used_names = {task.resource.provider for task in plan.tasks.values() if task.resource}
    hosts = {name: provider.host for name, provider in session.connected_providers.items() if name in used_names}
    if not hosts:
        return
    if not ledger.is_started:
        provider_times = [session.connected_providers[name].now() for name in hosts]
        ledger.start(state_init.new_lock(session, hosts, min(provider_times)))
    for name, host in hosts.items():
        if ledger.lock.hosts.get(name) != host:
            ledger.set_host(name, host)


def _run_rounds(
    session: Session, options: ApplyOptions, run: RunContext, runner: PlanRunner, plan: Plan, findings: list[Finding]
) -> ApplyReport:
    approved_numbers = planner.numbers_to_call(plan)
    interrupted: Interrupted | None = None
    try:
        current_plan = plan
        for _ in range(ROUNDS):
            runner.run_plan(current_plan, approved_numbers)
            needs_new_plan = _has_open_batches(run)
            if _find_open_addresses(run):
                findings += _settle_open(run, runner)
            runner.resolve_unsure()
            if not needs_new_plan:
                break
            current_plan = _make_plan(session, options, run.ledger)
    except Interrupted as stopped:
        interrupted = stopped
    return ApplyReport(
        plan=plan,
        results=runner.results,
        findings=(*findings, *runner.findings),
        interrupted=interrupted,
        open_addresses=_find_open_addresses(run),
        destroy=options.destroy,
    )


def _has_open_batches(run: RunContext) -> bool:
    return run.ledger.is_started and any(
        intent.is_batch
        for resource_record in run.ledger.lock.resources.values()
        for intent in resource_record.intents.values()
    )


def _find_open_addresses(run: RunContext) -> tuple[str, ...]:
    if not run.ledger.is_started:
        return ()
    return tuple(address for address, resource_record in run.ledger.lock.resources.items() if resource_record.intents)
