"""`dialctl apply` and `destroy`: take the lease, settle open intents, plan, ask for approval, run the plan, report."""

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
"""How many plans one apply runs at most. It plans again after a batch whose answer was lost."""


@dataclass(frozen=True, kw_only=True)
class ApplyOptions:
    """What the user asked of an apply."""

    approve: Callable[[Plan], bool]
    """Shows a plan, and returns whether to run it. It also shows a plan with refusals, which never runs."""
    restrict: Callable[[Session, Plan], Plan] | None = None
    """Limits each plan to a saved one: raises PlanFileError for a plan that does more. None for no saved plan."""
    max_dials: int | None = None
    """How many people this run may call at most. The project's own limit holds as well; None adds no limit."""
    allow_shrink: Collection[str] = ()
    """Addresses that may lose more people than the policy allows."""
    lock_timeout: float = 0.0
    """Seconds to wait for the lease."""
    destroy: bool = False
    """Cancel everything that still waits, as if nothing were wanted any more."""


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
    follow_error: DialctlError | None = None
    """Why the calls could not be followed to their end (`--wait`), after everything was submitted."""
    open_addresses: tuple[str, ...] = ()
    """Addresses at which a request is still unsure."""
    destroy: bool = False
    """Whether this was `dialctl destroy`."""

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """The findings of the whole run, then those of each address."""
        return (*self.findings, *(finding for result in self.results.values() for finding in result.findings))

    @property
    def exit_code(self) -> int:
        """The exit code of the command. Unsure and blocked win over failed, because they need a person."""
        stop_cause = self.interrupted or self.follow_error
        if isinstance(stop_cause, Interrupted):
            return int(stop_cause.exit_code)
        mark_lost = any(
            receipt.status is RequestStatus.MARK_LOST for result in self.results.values() for receipt in result.problems
        )
        if (
            self.plan.needs_human
            or self.open_addresses
            or mark_lost
            or any(finding.unsure for finding in self.all_findings)
        ):
            return int(Exit.NEEDS_HUMAN)
        has_failures = (
            any(not result.is_clean for result in self.results.values()) or self.plan.has_unread or stop_cause
        )
        return int(Exit.FAILED if has_failures else Exit.DONE)


def apply_project(session: Session, options: ApplyOptions, stop: StopSignal) -> ApplyReport:
    """Make the providers match the manifests, and report what was done.

    Raises ManifestError, StateError, LeaseHeld or Refused if it cannot start. After that a failed request goes into the
    report; only LeaseLost and StateError are still raised, because nothing can be recorded then.
    """
    _check_project(session)
    with session.open_ledger(options.lock_timeout) as (ledger, lease):
        run = _build_run_context(session, ledger, lease, options, stop)
        runner = PlanRunner(run)
        findings = _settle_open(run, runner)
        plan = _make_approved_plan(session, options, ledger)
        _start_lock(session, ledger, plan)
        return _run_rounds(session, options, run, runner, plan, findings)


def _check_project(session: Session) -> None:
    """Refuse early: the plan would be refused too, but only after the lease was taken and open intents were settled."""
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
        providers=session.connections.connected_providers,
        capabilities=session.connections.capabilities,
        key=session.key,
        stop=stop,
        budget=DialBudget(min(limits, default=None)),
        sleep=session.connections.sleep,
        progress=session.options.progress,
    )


def _settle_open(run: RunContext, runner: PlanRunner) -> list[Finding]:
    """Settle the open intents, and check batches that no guard watched to its end."""
    if not run.ledger.is_started:
        return []
    # Protocol 5: settling comes before every plan that is applied and after every lost answer, so that the plan which
    # is shown and approved is made of facts.
    addresses = list(run.ledger.lock.resources)
    findings = runner.settler.settle(addresses)
    for provider_name, remote_ids in runner.guard_watch.find_unproven(addresses).items():
        if provider_name in run.providers:
            findings += runner.guard_watch.check(provider_name, remote_ids)
    return findings


def _make_approved_plan(session: Session, options: ApplyOptions, ledger: Ledger) -> Plan:
    """The plan that was shown and approved, or an equal one. A person may take long to answer: an old plan is made
    again, and shown again if anything in it changed. Raises Refused."""
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
        session.connections.capabilities,
        max_dials=options.max_dials,
        allow_shrink=options.allow_shrink,
        allow_all_shrink=options.destroy,
    )
    return options.restrict(session, plan) if options.restrict else plan


def _pause_all(desired: Desired) -> Desired:
    """Destroy is apply with every resource paused: nobody is wanted, and each resource and its provider stay known."""
    return replace(
        desired, resources={address: replace(resource, paused=True) for address, resource in desired.resources.items()}
    )


def _start_lock(session: Session, ledger: Ledger, plan: Plan) -> None:
    """Make a first lock, and hosts seen for the first time, durable before anything is sent. A project blocked with
    `no_memory` never starts a lock here."""
    used_names = {task.resource.provider for task in plan.tasks.values() if task.resource}
    hosts = {
        name: provider.host for name, provider in session.connections.connected_providers.items() if name in used_names
    }
    if not hosts:
        return
    if not ledger.is_started:
        provider_times = [session.connections.connected_providers[name].now() for name in hosts]
        ledger.start(state_init.new_lock(session, hosts, min(provider_times)))
    for name, host in hosts.items():
        if ledger.lock.hosts.get(name) != host:
            ledger.set_host(name, host)


def _run_rounds(
    session: Session, options: ApplyOptions, run: RunContext, runner: PlanRunner, plan: Plan, findings: list[Finding]
) -> ApplyReport:
    """Run the plan; while a batch's answer was lost, settle it and run a new plan, up to ROUNDS plans."""
    # Protocol 10: every round is filtered by the people of the plan that was approved. A later round calls no one else.
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
