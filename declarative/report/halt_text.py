"""The report of an emergency stop, for people who have no time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from declarative import humanize
from declarative.app.halt import HaltReport
from declarative.engine.results import StoppedBatch
from declarative.model.halts import EVERYTHING, EmergencyHalt
from declarative.model.remote import Phase
from declarative.privacy import clean


def format_halt(report: HaltReport) -> str:
    """What was stopped, what may still call, and how it goes on."""
    scope = "everything" if EVERYTHING in report.addresses else ", ".join(report.addresses)
    lines = [f"dialctl halt · project {clean(report.project)} · {scope}", ""]
    lines += [f"  {_describe_batch(batch, is_dry=report.is_dry)}" for batch in report.stopped]
    lines += [] if report.stopped else ["  nothing that waits was found"]
    lines += _format_failures(report)
    lines += ["", *_format_ending(report)]
    return "\n".join(lines)


def _describe_batch(batch: StoppedBatch, *, is_dry: bool) -> str:
    address = batch.address or "an address that is not known here"
    label = f"{address}  {clean(batch.remote_id)} at {batch.provider}"
    if is_dry:
        waiting = batch.count(Phase.QUEUED)
        who = f"{humanize.plural(waiting, 'person waits', 'people wait')} in it" if batch.remote else "unread"
        return f"- {label}: would be cancelled, {who}"
    if batch.remote is None:
        return f"- {label}: cancelled, unread"
    in_flight = batch.count(Phase.IN_FLIGHT)
    flying = f"; {in_flight:,} in flight will finish" if in_flight else ""
    return f"- {label}: cancelled, {humanize.people(batch.count(Phase.CANCELLED))} taken off{flying}"


def _format_failures(report: HaltReport) -> Iterator[str]:
    if report.failed:
        yield ""
        yield click.style("NOT cancelled. Stop these in the vendor's dashboard:", fg="red", bold=True)
    for batch in report.failed:
        name = f'  "{clean(batch.name)}"' if batch.name else ""
        yield click.style(f"  ✗ {batch.provider}  {clean(batch.remote_id)}{name}  {clean(batch.failure)}", fg="red")
    for provider, message in report.unread.items():
        yield click.style(
            f"  ✗ {provider}  could not be read, so a batch that no lock knows may still call: {clean(message)}",
            fg="red",
        )
    if report.single_calls:
        phrase = humanize.plural(report.single_calls, "call was", "calls were")
        yield f"  ! {phrase} placed one by one and may not be over: their provider does not take a single call back"


def _format_ending(report: HaltReport) -> Iterator[str]:
    for warning in report.warnings:
        yield click.style(f"Warning: {clean(warning)}.", fg="yellow")
    if report.is_dry:
        yield "Nothing was done. Without --dry-run all of this is cancelled, and nobody is called until it is resumed."
        return
    if report.record_failure:
        yield click.style(
            f"Warning: the lock does not know what was cancelled: {clean(report.record_failure)}. dialctl resolve "
            "--resume counts it as ours.",
            fg="yellow",
        )
    if report.halt_failure:
        yield click.style(
            f"The halt could not be written: {clean(report.halt_failure)}. The next apply may call again: mend that "
            "and run dialctl halt again, or set DIALCTL_HALT=REASON wherever dialctl runs.",
            fg="red",
            bold=True,
        )
        return
    yield _describe_standing(report.halts)
    if report.folder_in_git is not None:
        yield "Other machines hear of it once it is pushed:"
        yield '  git add dialctl.halt dialctl.lock && git commit -m "Halt calls" && git push'


def _describe_standing(halts: Sequence[EmergencyHalt]) -> str:
    ways_out = " and ".join(dict.fromkeys(halt.way_out for halt in halts))
    return f"Halted: no run calls anybody here until {ways_out}."
