"""Apply: take the lease, settle what is open, plan, ask, do, prove, record, report."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from declarative.app import plan as planner
from declarative.app import state_init as begin
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
    """What the user asked of this apply. `approve` shows a plan and says whether to go on; `narrow` passes a plan that
    does no more than a saved one, and raises PlanFileError; `nothing_wanted` is destroy."""

    approve: Callable[[Plan], bool]
    restrict: Callable[[Session, Plan], Plan] | None = None
    max_dials: int | None = None
    allow_shrink: Collection[str] = ()
    lock_timeout: float = 0.0
    destroy: bool = False


@dataclass(frozen=True, kw_only=True)
class ApplyReport:
    """What an apply came to. `tallies` by address; `interrupted` where a signal ended it early; `unfollowed` where all
    was done, and what came of it could not be followed to the end; `still_open` are the addresses where something is
    unsure; `nothing_wanted` as in Wish."""

    plan: Plan
    tallies: Mapping[str, ResourceResult]
    findings: tuple[Finding, ...] = ()
    interrupted: Interrupted | None = None
    unfollowed: DialctlError | None = None
    still_open: tuple[str, ...] = ()
    destroy: bool = False

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """Those of the whole run, and then each address's own."""
        return (*self.findings, *(finding for tally in self.tallies.values() for finding in tally.findings))

    @property
    def exit_code(self) -> int:
        """Unsure and blocked win over failed: they need a person."""
        stopped = self.interrupted or self.unfollowed
        if isinstance(stopped, Interrupted):
            return int(stopped.exit_code)
        unsigned = any(p.result is RequestStatus.MARK_LOST for tally in self.tallies.values() for p in tally.problems)
        if self.plan.needs_human or self.still_open or unsigned or any(finding.unsure for finding in self.all_findings):
            return int(Exit.NEEDS_HUMAN)
        failed = any(not tally.clean for tally in self.tallies.values()) or self.plan.unread or stopped
        return int(Exit.FAILED if failed else Exit.DONE)


def apply(session: Session, wish: ApplyOptions, stop: StopSignal) -> ApplyReport:
    """Raises what keeps it from starting: ManifestError, StateError, LeaseHeld, Refused. Once it has begun, a request
    that goes wrong is in the report; LeaseLost and StateError are raised still, since nothing can be recorded then."""
    _check_project(session)
    with session.open_ledger(wish.lock_timeout) as (ledger, lease):
        desk = _desk(session, ledger, lease, wish, stop)
        hands = PlanRunner(desk)
        findings = _settle(desk, hands)
        plan = _approved_plan(session, wish, ledger)
        _begin(session, ledger, plan)
        return _do(session, wish, desk, hands, plan, findings)


def _check_project(session: Session) -> None:
    """The plan would be refused as well, but only after the lease was taken and what is open was settled."""
    if refusals := policy.refuse_without_project(session.desired.project, sandbox=session.options.sandbox):
        raise Refused("; ".join(refusals))


def _desk(session: Session, ledger: Ledger, lease: Lease, wish: ApplyOptions, stop: StopSignal) -> RunContext:
    limits = [limit for limit in (wish.max_dials, session.desired.project.policy.max_dials) if limit is not None]
    return RunContext(
        ledger=ledger,
        lease=lease,
        project=session.desired.project,
        providers=session.connected_providers,
        abilities=session.abilities,
        key=session.key,
        stop=stop,
        budget=DialBudget(min(limits, default=None)),
        sleep=session.sleep,
        report=session.options.say,
    )


def _settle(desk: RunContext, hands: PlanRunner) -> list[Finding]:
    """What an earlier run left open is answered first, so that the plan shown is about facts."""
    if not desk.ledger.started:
        return []
    addresses = list(desk.ledger.lock.resources)
    findings = hands.prover.settle(addresses)
    for name, sent in hands.guardian.unproven(addresses).items():
        if name in desk.providers:
            findings += hands.guardian.look_after(name, sent)
    return findings


def _approved_plan(session: Session, wish: ApplyOptions, ledger: Ledger) -> Plan:
    while True:
        plan = _plan(session, wish, ledger)
        if plan.refusals:
            wish.approve(plan)
            raise Refused("; ".join(plan.refusals))
        shown = time.monotonic()
        if not wish.approve(plan):
            raise Refused('not applied: the answer was not "yes"', hint="nothing was sent")
        if time.monotonic() - shown <= PLAN_IS_FRESH:
            return plan
        again = _plan(session, wish, ledger)
        if again.checksum == plan.checksum:
            return again


def _plan(session: Session, wish: ApplyOptions, ledger: Ledger) -> Plan:
    scene = session.scene(ledger.lock if ledger.started else None)
    if wish.destroy:
        scene = replace(scene, desired=_nothing(session.desired))
    plan = planner.make_plan(
        scene,
        session.abilities,
        max_dials=wish.max_dials,
        allow_shrink=wish.allow_shrink,
        allow_all_shrink=wish.destroy,
    )
    return wish.restrict(session, plan) if wish.restrict else plan


def _nothing(desired: Desired) -> Desired:
    """Destroy is apply with nothing wanted: every resource paused, so that its memory and its provider stay known."""
    return replace(desired, resources={address: replace(r, paused=True) for address, r in desired.resources.items()})


def _begin(session: Session, ledger: Ledger, plan: Plan) -> None:
    """A first lock, and hosts seen for the first time, are durable before anything is sent. A project held back for
    want of a memory gets none by this way."""
    used = {work.resource.provider for work in plan.tasks.values() if work.resource}
    hosts = {name: provider.host for name, provider in session.connected_providers.items() if name in used}
    if not hosts:
        return
    if not ledger.started:
        clocks = [session.connected_providers[name].now() for name in hosts]
        ledger.start(begin.new_lock(session, hosts, min(clocks)))
    for name, host in hosts.items():
        if ledger.lock.hosts.get(name) != host:
            ledger.set_host(name, host)


def _do(
    session: Session, wish: ApplyOptions, desk: RunContext, hands: PlanRunner, plan: Plan, findings: list[Finding]
) -> ApplyReport:
    approved = planner.approved_people(plan)
    interrupted: Interrupted | None = None
    try:
        now = plan
        for _ in range(ROUNDS):
            hands.carry_out(now, approved)
            decided_anew = _batches_open(desk)
            if _open(desk):
                findings += _settle(desk, hands)
            hands.resolve_unsure()
            if not decided_anew:
                break
            now = _plan(session, wish, desk.ledger)
    except Interrupted as stopped:
        interrupted = stopped
    return ApplyReport(
        plan=plan,
        tallies=hands.tallies,
        findings=(*findings, *hands.findings),
        interrupted=interrupted,
        still_open=_open(desk),
        destroy=wish.destroy,
    )


def _batches_open(desk: RunContext) -> bool:
    return desk.ledger.started and any(
        intent.is_batch for record in desk.ledger.lock.resources.values() for intent in record.intents.values()
    )


def _open(desk: RunContext) -> tuple[str, ...]:
    if not desk.ledger.started:
        return ()
    return tuple(address for address, record in desk.ledger.lock.resources.items() if record.intents)
