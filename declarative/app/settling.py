"""What an apply does about requests whose answer was lost, before its plan and after each round of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from declarative.app.open_requests import find_addresses_with, find_doubtful_addresses, find_open_addresses
from declarative.engine.repeat import list_repeatable
from declarative.engine.results import Finding
from declarative.engine.run_context import RunContext
from declarative.engine.runner import PlanRunner
from declarative.planning.plan import Plan

if TYPE_CHECKING:
    import polars as pl


def settle_open(run: RunContext, runner: PlanRunner) -> list[Finding]:
    """Settle the open intents as far as one reading of each list can."""
    # Protocol 5: settling comes before every plan that is applied and after every lost answer, so that the plan which
    # is shown and approved is made of facts.
    return runner.settler.settle(list(run.ledger.lock.resources)) if run.ledger.is_started else []


@dataclass(frozen=True)
class Repeats:
    """What a round may send again under an idempotency key."""

    make_plan: Callable[[], Plan]
    """Makes the plan of this moment."""
    approved_numbers: Mapping[str, pl.Series]
    """By address: the numbers of the plan that was approved."""
    announced: Collection[str]
    """Marks of the lost requests that this plan named."""


def settle_doubts(
    run: RunContext,
    runner: PlanRunner,
    plan: Plan,
    findings: list[Finding],
    unapproved: frozenset[str],
    repeats: Repeats,
) -> frozenset[str]:
    """Settle what is open after a round, waiting where it is a batch of this plan. Returns the addresses without a
    doubtful batch now that had one, and those where what could be sent again is settled."""
    doubtful_before, repeatable = find_doubtful_addresses(run, plan, unapproved), list_repeatable(run, plan)
    repeatable_before = find_addresses_with(run, repeatable)
    if find_open_addresses(run):
        findings += settle_open(run, runner)
    # Protocol 5: the list is looked at first. What it shows is not sent again.
    if list_repeatable(run, plan):
        findings += runner.repeater.repeat(repeats.make_plan(), repeats.approved_numbers, repeats.announced)
        runner.resolve_unsure()
        # Protocol 7: a batch that was made so is looked for like any other.
        runner.check_guarded_batches()
    if doubtful := find_doubtful_addresses(run, plan, unapproved):
        findings += runner.doubts.resolve(doubtful)
    runner.resolve_unsure()
    settled = doubtful_before - find_doubtful_addresses(run, plan, unapproved)
    return settled | (repeatable_before - find_addresses_with(run, repeatable))
