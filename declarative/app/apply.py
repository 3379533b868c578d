"""`dialctl apply` and `destroy`: take the lease, settle open intents, plan, ask for approval, run the plan, report."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from contextlib import nullcontext
from dataclasses import dataclass, replace

from declarative.app import approvals, daily_dials, first_run, lock_start
from declarative.app import plan as planner
from declarative.app.apply_report import ApplyReport
from declarative.app.checkout_age import CheckoutAge
from declarative.app.open_requests import (
    find_addresses_with,
    find_doubtful_addresses,
    find_open_addresses,
    find_unsure_addresses,
)
from declarative.app.run_failure import describe_failure
from declarative.app.run_history import Purpose, open_ledger
from declarative.app.session import Session
from declarative.app.settling import Repeats, settle_doubts, settle_open
from declarative.engine.list_watch import ListWatch
from declarative.engine.repeat import list_repeatable
from declarative.engine.results import Finding
from declarative.engine.run_context import DialBudget, RunContext, ignore_count
from declarative.engine.runner import PlanRunner
from declarative.engine.signals import StopSignal
from declarative.errors import DialctlError, Interrupted, Refused, StateError
from declarative.planning import policy
from declarative.planning.plan import Plan
from declarative.state.base import Lease
from declarative.state.ledger import Ledger

PLAN_IS_FRESH = 60.0
"""Seconds that a person may think about a plan before it is made again."""
ROUNDS = 10
"""How many plans one apply runs at most. It plans again after a batch whose answer was lost, and after one that the
list did not show in time: the guard doubles from two minutes to an hour in fewer rounds."""


@dataclass(frozen=True, kw_only=True)
class ApplyOptions:
    """What the user asked of an apply."""

    approve: Callable[[Plan], bool]
    """Shows a plan, and returns whether to run it. It also shows a plan with refusals, which never runs."""
    approved_by: str = "a program"
    """What `approve` stands for, as the history says it: `prompt`, `--auto-approve`, `plan sha256:...`, `schedule`."""
    restrict: Callable[[Session, Plan], Plan] | None = None
    """Limits each plan to a saved one: raises PlanFileError for a plan that does more. None for no saved plan."""
    max_dials: int | None = None
    """How many people this run may call at most. The project's own limit holds as well; None adds no limit."""
    allow_shrink: Collection[str] = ()
    """Addresses that may lose more people than the policy allows."""
    allow_release: Collection[str] = ()
    """Names of do-not-call lists that may hold fewer numbers than at the last apply."""
    lock_timeout: float = 0.0
    """Seconds to wait for the lease."""
    allow_older: bool = False
    """Apply manifests that are older than those last applied, as the commits in the lock tell."""
    only_approved: bool = False
    """Call nobody but for manifests that an earlier run without this was approved to apply."""
    destroy: bool = False
    """Cancel everything that still waits, as if nothing were wanted any more."""
    stays: bool = False
    """Whether the caller stays until the calls are over: then lists are read once more before each guard ends."""
    comes_again: bool = False
    """Whether the caller applies again soon, as `dialctl run` does: then no doubt is waited for, submitting ends after
    a minute, and the project's `max_dials` counts over 24 hours."""
    calls_nobody: bool = False
    """Call nobody, as if no manifest were approved; taking off goes on. For manifests that are not the newest."""

    @property
    def approves(self) -> bool:
        """Whether what is applied is approved from then on."""
        return not (self.only_approved or self.calls_nobody)


def apply_project(session: Session, options: ApplyOptions, stop: StopSignal) -> ApplyReport:
    """Make the providers match the manifests, and report what was done.

    Raises ManifestError, StateError, LeaseHeld or Refused if it cannot start. After that everything that goes wrong
    stands in the report, beside what went out before it.
    """
    # The plan would be refused too, but only after the lease was taken and open intents were settled.
    if refusals := policy.refuse_without_project(session.desired.project, sandbox=session.options.sandbox):
        raise Refused("; ".join(refusals))
    report: ApplyReport | None = None
    try:
        purpose = Purpose(command="destroy" if options.destroy else "apply", approved_by=options.approved_by)
        with open_ledger(session, options.lock_timeout, purpose) as (ledger, lease):
            if options.comes_again:
                options = replace(options, max_dials=daily_dials.find_limit(session, ledger, options.max_dials))
            run = _build_run_context(session, ledger, lease, options, stop)
            runner = PlanRunner(run, session.desired.resources)
            findings = settle_open(run, runner)
            plan = _make_approved_plan(session, options, ledger)
            lock_start.start_lock(session, ledger, plan)
            if ledger.is_started and not options.calls_nobody:
                ledger.stamps = CheckoutAge(session).make_stamps(plan, ledger.lock)
                approvals.record_lists(session, ledger, () if options.destroy else options.allow_release)
            with approvals.record_approval(session, ledger, plan) if options.approves else nullcontext():
                report = _run_rounds(session, options, run, runner, plan, findings)
            if report.failure is None:
                lock_start.record_commit(ledger)
            if ledger.run is not None:
                ledger.run.exit_code = report.exit_code
    except (StateError, OSError) as error:
        # The journal is folded into the lock at the end. What the journal holds is not lost if that fails.
        if report is None:
            raise
        report = replace(report, failure=report.failure or describe_failure(error))
    return report


def _build_run_context(
    session: Session, ledger: Ledger, lease: Lease, options: ApplyOptions, stop: StopSignal
) -> RunContext:
    count_dials = daily_dials.make_counter(session, ledger) if options.comes_again else ignore_count
    limits = [limit for limit in (options.max_dials, session.desired.project.policy.max_dials) if limit is not None]
    return RunContext(
        ledger=ledger,
        lease=lease,
        project=session.desired.project,
        providers=session.connections.connected_providers,
        capabilities=session.connections.capabilities,
        key=session.key,
        stop=stop,
        budget=DialBudget(min(limits, default=None), count_dials),
        parallelism=session.options.parallelism,
        sleep=session.connections.sleep,
        lists=ListWatch(session.desired.look_at_lists),
        read_halts=session.read_halts,
        progress=session.options.progress,
        comes_again=options.comes_again,
    )


def _make_approved_plan(
    session: Session, options: ApplyOptions, ledger: Ledger, approved_plan: Plan | None = None
) -> Plan:
    """The plan that was shown and approved, or an equal one. A person may take long to answer: an old plan is made
    again, and shown again if anything in it changed. `approved_plan` was approved before. Raises Refused."""
    while True:
        plan = _make_plan(session, options, ledger)
        if approved_plan is not None and approved_plan.checksum == plan.checksum:
            return plan
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
    checkout = CheckoutAge(session)
    if options.destroy:
        scope = replace(scope, desired=planner.pause_all(session.desired))
    plan = planner.make_plan(
        scope,
        session.connections.capabilities,
        max_dials=options.max_dials,
        allow_shrink=options.allow_shrink,
        allow_all_shrink=options.destroy,
        allow_release=options.allow_release,
        older={} if options.allow_older or options.destroy else checkout.find_older(scope.lock),
        unapproved=_find_unapproved(session, options, ledger),
    )
    plan = replace(
        plan,
        refusals=(*plan.refusals, *first_run.find_partial_first_run(session, scope.lock)),
        warnings=(*plan.warnings, *checkout.warn_if_unknown(scope.lock)),
    )
    return options.restrict(session, plan) if options.restrict else plan


def _run_rounds(
    session: Session, options: ApplyOptions, run: RunContext, runner: PlanRunner, plan: Plan, findings: list[Finding]
) -> ApplyReport:
    """Settle doubts that need no waiting, then run plans: a new one after a batch whose answer was lost, and after one
    that was taken back, up to ROUNDS."""
    interrupted: Interrupted | None = None
    failure: DialctlError | None = None
    unapproved = _find_unapproved(session, options, run.ledger)
    try:
        # Protocol 5: a list probe goes out within an approved apply only. Where a doubt has to be waited for, the plan
        # is run first, so that nobody who must be taken off waits with it.
        if runner.doubts.is_ripe(addresses := find_doubtful_addresses(run, plan, unapproved)):
            findings += runner.doubts.resolve(addresses)
            plan = _make_approved_plan(session, options, run.ledger, plan)
        # Protocol 10: every round is filtered by the people of the plan that was approved. A later round calls no one
        # else.
        approved_numbers, current_plan = planner.numbers_to_call(plan), plan
        announced = frozenset[str]() if options.restrict else list_repeatable(run, plan)
        earlier_doubts = find_doubtful_addresses(run, plan, unapproved) | find_addresses_with(run, announced)
        for _ in range(ROUNDS):
            runner.run_plan(current_plan, approved_numbers)
            repeats = Repeats(lambda: _make_plan(session, options, run.ledger), approved_numbers, announced)
            settled_addresses = settle_doubts(run, runner, plan, findings, unapproved, repeats)
            if not settled_addresses and not any(result.taken_back for result in runner.results.values()):
                break
            current_plan = _make_plan(session, options, run.ledger)
            if settled_addresses & earlier_doubts:
                # People of an earlier doubt were not in the plan that was approved.
                if current_plan.refusals or not options.approve(current_plan):
                    break
                plan, approved_numbers = current_plan, planner.numbers_to_call(current_plan)
                earlier_doubts -= settled_addresses
        if options.stays:
            runner.check_guards_again()
    except Interrupted as stopped:
        interrupted = stopped
    except (StateError, OSError) as error:
        failure = describe_failure(error)
    return ApplyReport(
        plan=plan,
        results=runner.results,
        findings=(*findings, *runner.findings),
        interrupted=interrupted,
        failure=failure,
        open_addresses=find_unsure_addresses(session, plan, find_open_addresses(run)),
        destroy=options.destroy,
        lock=run.ledger.lock if run.ledger.is_started else None,
    )


def _find_unapproved(session: Session, options: ApplyOptions, ledger: Ledger) -> frozenset[str]:
    """The addresses at which this run may call nobody."""
    if options.calls_nobody:
        return frozenset({*session.desired.resources, *(ledger.lock.resources if ledger.is_started else ())})
    return approvals.find_unapproved(session, ledger) if options.only_approved else frozenset()
