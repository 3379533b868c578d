"""Plans, reports, statuses and drift for people at a terminal. Lines of text; decides nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from declarative import humanize
from declarative import humanize as counting
from declarative.app.apply import ApplyReport
from declarative.app.drift import Drift
from declarative.app.status import Status
from declarative.engine.results import RequestStatus, ResourceResult
from declarative.humanize import people
from declarative.model.resource import Json
from declarative.planning.decide import Verb
from declarative.planning.plan import Action, Change, Plan
from declarative.privacy import clean
from declarative.report import phrases as words


def plan(plan: Plan) -> str:
    return "\n".join(_plan_lines(plan))


def _plan_lines(plan: Plan) -> Iterator[str]:
    providers = sorted({action.provider for action in plan.actions if action.provider})
    yield " · ".join(["dialctl plan", f"project {plan.project}", *providers])
    if plan.offline:
        yield "offline: from manifests and lock alone; the provider was not asked, counts are at most"
    yield ""
    width = max((len(action.address) for action in plan.actions), default=0)
    shown = [action for action in plan.actions if action.verb is not Verb.KEEP or (plan.offline and action.detail)]
    for action in shown:
        yield from _action_lines(action, plan, width)
    kept = len(plan.actions) - len(shown)
    if kept:
        yield f"    {kept:,} unchanged"
    yield from [""] if shown or kept else []
    for warning in plan.warnings:
        yield click.style(f"Warning: {warning.address}: {clean(warning.message)}", fg="yellow")
    for name, count in plan.held.items():
        yield f"{people(count)} held back by {name}."
    yield click.style(words.headline(plan), bold=True)
    for refusal in plan.refusals:
        yield click.style(f"Refused: {refusal}", fg="red")


def _action_lines(action: Action, plan: Plan, width: int) -> Iterator[str]:
    line = f"  {words.SYMBOLS[action.verb]} {action.address:<{width}}  {action.verb:<8}  {words.sentence(action, plan)}"
    yield click.style(line, fg=words.COLORS.get(action.verb))
    if action.verb is Verb.REPLACE or (
        action.verb is Verb.CREATE and any(c.before is not None for c in action.changes)
    ):
        yield from (f"      {_change(change)}" for change in action.changes)
    rung = action.counts.get("rung", 0)
    if action.verb is Verb.REPLACE and rung:
        yield f"      {counting.plural(rung, 'was already rung and is', 'were already rung and are')} not affected"
    if action.way_out:
        yield f"      {action.way_out}"


def _change(change: Change) -> str:
    return f"{change.path.removeprefix('spec.')}: {_value(change.before)} → {_value(change.after)}"


def _value(value: Json) -> str:
    return "(none)" if value is None else clean(str(value))


def report(report: ApplyReport) -> str:
    return "\n".join(_report_lines(report))


def _report_lines(report: ApplyReport) -> Iterator[str]:
    for address, tally in report.tallies.items():
        yield from _tally_lines(address, tally)
    for action in report.plan.skipped:
        yield f"  · {action.address}: {action.verb} of {people(action.people)} is not called for any more"
    for finding in report.all_findings:
        yield f"  {'!' if finding.unsure else '·'} {finding.address or 'note'}: {clean(finding.message)}"
    for address in report.still_open:
        yield click.style(
            f"  ! {address}: an answer was lost and is not proven either way; see dialctl status {address}",
            fg="magenta",
        )
    yield click.style(_summary(report), bold=True)
    if report.unfollowed is not None:
        yield click.style(f"Not followed to the end: {clean(report.unfollowed.message)}", fg="red")


def _tally_lines(address: str, tally: ResourceResult) -> Iterator[str]:
    done = [f"{people(count)} {_DONE[verb]}" for verb, count in tally.submitted.items()]
    if (taken_off := tally.cancelled - tally.submitted.get(Verb.REPLACE, 0)) > 0:
        done.append(f"{people(taken_off)} taken off")
    if tally.in_flight:
        done.append(f"{tally.in_flight:,} in flight will finish")
    if done:
        yield click.style(f"  ✓ {address}: {', '.join(done)}", fg="green")
    for receipt in tally.problems:
        color = "magenta" if receipt.result in (RequestStatus.UNSURE, RequestStatus.MARK_LOST) else "red"
        yield click.style(f"  ✗ {address}: {_PROBLEMS[receipt.result]}{clean(receipt.message)}", fg=color)
    if tally.left:
        yield f"    {people(tally.left)} left for the next run"
    if tally.unplanned:
        yield f"    {people(tally.unplanned)} fell due meanwhile; the next plan shows them"


_DONE = {Verb.CREATE: "submitted", Verb.REPLACE: "moved", Verb.RETRY: "submitted again"}
_PROBLEMS = {
    RequestStatus.DONE: "",
    RequestStatus.FAILED: "",
    RequestStatus.UNSURE: "unsure: ",
    RequestStatus.REFUSED: "refused by the provider: ",
    RequestStatus.OUT_OF_FUNDS: "stopped for want of funds: ",
    RequestStatus.MARK_LOST: "mark_lost: ",
}


def _summary(report: ApplyReport) -> str:
    done = _done_in_all(report)
    if report.interrupted is not None:
        before = ", ".join(done) or _nothing(report, held_back=True)
        return f"Interrupted: {report.interrupted.message}. Before: {before}."
    problems = sum(len(tally.problems) for tally in report.tallies.values())
    blocked = len(report.plan.of(Verb.BLOCK))
    parts = done or [_nothing(report, held_back=bool(blocked or problems))]
    parts += [counting.plural(problems, "problem", "problems")] if problems else []
    parts += [f"{len(report.still_open):,} unsure"] if report.still_open else []
    parts += [f"{blocked:,} blocked"] if blocked else []
    return f"{'Destroy' if report.destroy else 'Apply'}: {', '.join(parts)}."


def _nothing(report: ApplyReport, *, held_back: bool) -> str:
    """That nothing was done, and no more than is known."""
    if report.still_open:
        return "nobody is known to have been rung or taken off"
    if report.destroy:
        return "nobody was taken off, and people may still wait and be rung" if held_back else "nobody was waiting"
    return "nobody was rung and nobody taken off"


def _done_in_all(report: ApplyReport) -> list[str]:
    """In the words of the plan's headline."""
    moved = sum(tally.submitted.get(Verb.REPLACE, 0) for tally in report.tallies.values())
    submitted = sum(count for tally in report.tallies.values() for count in tally.submitted.values()) - moved
    taken_off = sum(tally.cancelled for tally in report.tallies.values()) - moved
    sums = [(submitted, "submitted"), (moved, "moved"), (taken_off, "taken off")]
    return [f"{people(count)} {word}" for count, word in sums if count > 0]


def status(statuses: Sequence[Status]) -> str:
    return "\n".join(line for one in statuses for line in _status_lines(one)) or "Nothing is wanted and nothing known."


def _status_lines(one: Status) -> Iterator[str]:
    yield click.style(f"{one.address}  {people(one.people)}", bold=True)
    standing = ", ".join(f"{count:,} {word}" for word, count in one.standing.items())
    yield from [f"  standing  {standing}"] if standing else []
    flying = [f"{one.in_flight:,} in flight"] if one.in_flight else []
    said = ", ".join(filter(None, [words.outcomes(one.outcomes), *flying]))
    yield from [f"  outcomes  {said}"] if said else []
    more = f" and {len(one.remote_ids) - 5:,} more" if len(one.remote_ids) > 5 else ""
    yield from [f"  at the provider  {', '.join(one.remote_ids[:5])}{more}"] if one.remote_ids else []
    if one.block is not None:
        yield click.style(f"  ! {one.block.reason}: {clean(one.block.detail)}", fg="magenta")
        yield from [f"    {one.block.way_out}"] if one.block.way_out else []
    for intent in one.unsure:
        whom = f" (person {intent.person})" if intent.person else ""
        yield click.style(
            f"  ! unsure: {people(intent.count)}{whom}, sent {humanize.when(intent.sent_at)}, mark {intent.mark}",
            fg="magenta",
        )
        yield f"    dialctl resolve {one.address} --placed | --not-placed"
    for call in one.candidates:
        placed = f", placed {humanize.when(call.created_at)}" if call.created_at else ""
        yield f"    may be it: {clean(call.id)}{placed}, {clean(call.status)}"
    yield from (click.style(f"  ! {clean(warning)}", fg="magenta") for warning in one.warnings)
    if one.unseen:
        yield click.style(f"  ! unsure: {people(one.unseen)} not found when the lock was rebuilt", fg="magenta")
        yield f"    dialctl resolve {one.address} --placed | --not-placed"


def drift(found: Sequence[Drift]) -> str:
    return "\n".join(line for one in found for line in _drift_lines(one)) or (
        "Nothing was changed at the provider by anybody else."
    )


def _drift_lines(one: Drift) -> Iterator[str]:
    yield f"  ! {one.address}: {one.what}: {clean(one.message)}"
    if one.way_out:
        yield f"      {one.way_out}"
