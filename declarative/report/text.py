"""Plans, reports and drift as lines of text for a terminal. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from declarative import humanize
from declarative.app.apply_report import ApplyReport
from declarative.app.drift import Drift
from declarative.engine.results import NEEDS_PERSON, RequestStatus, ResourceResult
from declarative.humanize import people
from declarative.model.recipients import HELD_BACK
from declarative.model.resource import Json
from declarative.planning.decide import Verb
from declarative.planning.diff import Change
from declarative.planning.plan import Action, Plan
from declarative.planning.shown_plan import ShownPlan
from declarative.privacy import clean
from declarative.report import phrases, terms_phrases


def format_plan(plan: Plan) -> str:
    """Format a plan: one line or more for each action, then warnings, the headline and refusals."""
    return "\n".join(_plan_lines(plan))


def _plan_lines(plan: Plan) -> Iterator[str]:
    providers = sorted({action.provider for action in plan.actions if action.provider})
    yield " · ".join(["dialctl plan", f"project {plan.project}", *providers])
    if isinstance(plan, ShownPlan):
        commit = f" from commit {plan.commit[:12]}" if plan.commit else ""
        yield f"made at {humanize.when(plan.created_at)} {plan.created_at.year}{commit}"
    if plan.offline:
        yield "offline: decided from manifests and lock alone; no provider was asked, counts are upper bounds"
    yield ""
    listed = [action for action in plan.actions if action.verb is not Verb.KEEP or action.detail]
    merged = phrases.merge_shared_blocks(listed)
    width = max((len(action.address) for action in (*plan.actions, *merged)), default=0)
    for action in merged:
        yield from _action_lines(action, plan, width)
    unchanged = len(plan.actions) - len(listed)
    if unchanged:
        yield f"    {unchanged:,} unchanged"
    yield from [""] if listed or unchanged else []
    for warning in phrases.merge_shared_warnings(plan.warnings):
        yield click.style(f"Warning: {warning.address}: {clean(warning.message)}", fg="yellow")
    for name, count in plan.held_counts.items():
        yield f"{people(count)} held back: {HELD_BACK.get(name, name)}."
    for sentence in phrases.describe_lists(plan):
        yield f"{sentence}."
    yield click.style(phrases.headline(plan), bold=True)
    for refusal in plan.refusals:
        yield click.style(f"Refused: {refusal}", fg="red")


def _action_lines(action: Action, plan: Plan, width: int) -> Iterator[str]:
    sentence = phrases.describe_action(action, plan)
    line = f"  {phrases.SYMBOLS[action.verb]} {action.address:<{width}}  {action.verb:<8}  {sentence}"
    yield click.style(line, fg=phrases.COLORS.get(action.verb))
    if action.terms and (terms := terms_phrases.describe_terms(action.terms, plan)):
        yield f"      {terms}"
    if forecast := terms_phrases.describe_forecast(action, plan):
        yield f"      {forecast}"
    if action.verb in (Verb.REPLACE, Verb.RETRY) or any(change.before is not None for change in action.changes):
        yield from (f"      {_change_line(change)}" for change in action.changes)
    called = action.counts.get("called", 0)
    if action.verb is Verb.REPLACE and called:
        called_people = humanize.plural(called, "was already called and is", "were already called and are")
        yield f"      {called_people} not affected"
    if action.hint:
        yield f"      {action.hint}"


def _change_line(change: Change) -> str:
    return f"{change.path.removeprefix('spec.')}: {_format_value(change.before)} → {_format_value(change.after)}"


def _format_value(value: Json) -> str:
    return "(none)" if value is None else clean(str(value))


def format_report(report: ApplyReport) -> str:
    """Format what an apply did: results by address, findings, what is unsure, and a summary."""
    return "\n".join(_report_lines(report))


def _report_lines(report: ApplyReport) -> Iterator[str]:
    for address, result in report.results.items():
        yield from _result_lines(address, result)
    for action in report.plan.skipped:
        yield f"  · {action.address}: {action.verb} of {people(action.people)} is not called for any more"
    for finding in report.all_findings:
        yield f"  {'!' if finding.unsure else '·'} {finding.address or 'note'}: {clean(finding.message)}"
    for address in report.open_addresses:
        yield click.style(
            f"  ! {address}: an answer was lost and is not proven either way; see dialctl status {address}",
            fg="magenta",
        )
    if report.plan.next_call_at is not None:
        waiting = sum(action.people for action in report.plan.actions_with_verb(Verb.WAIT))
        due_people = humanize.plural(waiting, "person is", "people are")
        yield f"  … {due_people} due later, first at {humanize.when(report.plan.next_call_at)}: apply again then"
    yield click.style(_summary(report), bold=True)
    if report.failure is not None:
        yield click.style(f"Ended early: {clean(report.failure.message)}", fg="red")
        yield from [f"  {clean(report.failure.hint)}"] if report.failure.hint else []
    if report.follow_error is not None:
        yield click.style(f"Not followed to the end: {clean(report.follow_error.message)}", fg="red")


def _result_lines(address: str, result: ResourceResult) -> Iterator[str]:
    submissions = [f"{people(count)} {_SUBMITTED_AS[verb]}" for verb, count in result.submitted.items()]
    if (taken_off := result.cancelled - result.submitted.get(Verb.REPLACE, 0)) > 0:
        submissions.append(f"{people(taken_off)} taken off")
    if result.in_flight:
        submissions.append(f"{result.in_flight:,} in flight will finish")
    if submissions:
        yield click.style(f"  ✓ {address}: {', '.join(submissions)}", fg="green")
    for receipt in result.problems:
        color = "magenta" if receipt.status in _NEEDS_HUMAN else "red"
        yield click.style(f"  ✗ {address}: {_PROBLEM_PREFIXES[receipt.status]}{clean(receipt.message)}", fg=color)
    if result.deferred:
        yield f"    {people(result.deferred)} left for the next run"
    if result.unplanned:
        yield f"    {people(result.unplanned)} fell due meanwhile; the next plan shows them"


_SUBMITTED_AS = {Verb.CREATE: "submitted", Verb.REPLACE: "moved", Verb.RETRY: "submitted again"}
_NEEDS_HUMAN = (RequestStatus.UNSURE, *NEEDS_PERSON)
_PROBLEM_PREFIXES = {
    RequestStatus.DONE: "",
    RequestStatus.FAILED: "",
    RequestStatus.UNSURE: "unsure: ",
    RequestStatus.PARTLY_DONE: "unsure: ",
    RequestStatus.REFUSED: "refused by the provider: ",
    RequestStatus.OUT_OF_FUNDS: "stopped, out of funds: ",
    RequestStatus.MARK_LOST: "mark_lost: ",
    RequestStatus.NOT_TAKEN_OFF: "not taken off: ",
    RequestStatus.HALTED: "halted: ",
}


def _summary(report: ApplyReport) -> str:
    totals = _people_totals(report)
    if report.interrupted is not None:
        totals_before = ", ".join(totals + _left_over(report)) or _describe_nothing_done(report, is_incomplete=True)
        return f"Interrupted: {report.interrupted.message}. Before: {totals_before}."
    problem_count = sum(len(result.problems) for result in report.results.values())
    blocked_count = len(report.plan.actions_with_verb(Verb.BLOCK))
    parts = totals or [_describe_nothing_done(report, is_incomplete=bool(blocked_count or problem_count))]
    parts += _left_over(report) if report.failure is not None else []
    parts += [humanize.plural(problem_count, "problem", "problems")] if problem_count else []
    parts += [f"{len(report.open_addresses):,} unsure"] if report.open_addresses else []
    parts += [f"{blocked_count:,} blocked"] if blocked_count else []
    return f"{'Destroy' if report.destroy else 'Apply'}: {', '.join(parts)}."


def _left_over(report: ApplyReport) -> list[str]:
    """Count people of the plan who were in no request when the run ended, if there was one."""
    submitted = sum(count for result in report.results.values() for count in result.submitted.values())
    left = report.plan.people_to_call - submitted
    return [f"{people(left)} left for the next run"] if submitted and left > 0 else []


def _describe_nothing_done(report: ApplyReport, *, is_incomplete: bool) -> str:
    """Say that nothing was done, and claim no more than is known."""
    if report.open_addresses:
        return "nobody is known to have been called or taken off"
    if report.destroy:
        return (
            "nobody was taken off, and people may still wait and be called" if is_incomplete else "nobody was waiting"
        )
    if not is_incomplete and not report.plan.sends:
        return "nothing to do"
    return "nobody was called and nobody taken off"


def _people_totals(report: ApplyReport) -> list[str]:
    """Count people in the words of the plan's headline."""
    moved = sum(result.submitted.get(Verb.REPLACE, 0) for result in report.results.values())
    submitted = sum(count for result in report.results.values() for count in result.submitted.values()) - moved
    taken_off = sum(result.cancelled for result in report.results.values()) - moved
    sums = [(submitted, "submitted"), (moved, "moved"), (taken_off, "taken off")]
    return [f"{people(count)} {word}" for count, word in sums if count > 0]


def format_drift(drifts: Sequence[Drift]) -> str:
    """Format what changed at the provider without us, with the way out of each."""
    return "\n".join(line for drift in drifts for line in _drift_lines(drift)) or (
        "Nothing was changed at the provider by anybody else."
    )


def _drift_lines(drift: Drift) -> Iterator[str]:
    yield f"  ! {drift.address}: {drift.what}: {clean(drift.message)}"
    if drift.way_out:
        yield f"      {drift.way_out}"
