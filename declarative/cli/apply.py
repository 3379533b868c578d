"""`plan`, `apply` and `destroy`: parse, call, print, exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from declarative import humanize as counting
from declarative.cli import options
from declarative.cli.context import Context
from declarative.errors import DialctlError, Interrupted, Refused, UsageError

if TYPE_CHECKING:
    from declarative.app.apply import ApplyOptions, ApplyReport
    from declarative.app.session import Session
    from declarative.engine.signals import StopSignal
    from declarative.planning.plan import Plan


@click.command()
@options.path
@options.targets
@options.allow_shrink
@options.max_dials
@options.parallelism
@options.auto_approve
@options.lock_timeout
@options.json
@click.option("--wait", is_flag=True, help="Follow what was submitted until it is over.")
@click.pass_obj
def apply(
    context: Context,
    /,
    path: Path,
    targets: tuple[str, ...],
    parallelism: int,
    auto_approve: bool,
    as_json: bool,
    wait: bool,
    **limits: Any,
) -> int:
    """Make it so: plan again, ask, ring each person once, record.

    PATH may be a plan saved with `dialctl plan --out`: it is its own approval, and only what it says is done, or less.
    """
    from declarative.app import saved_plan as saving
    from declarative.app.apply import ApplyOptions

    saved = saving.load(path) if saving.is_plan(path) else None
    if saved and targets:
        raise UsageError("a saved plan is applied as a whole", hint="give --target to the dialctl plan that saves it")
    where, chosen = (Path(saved.path), saved.targets) if saved else (path, targets)
    stop = _stop(context)
    session = context.session(where, targets=chosen, parallelism=parallelism, stop=stop)
    wish = ApplyOptions(
        approve=_approver(context, stop, auto_approve or saved is not None, as_json),
        restrict=saving.narrow(saved) if saved else None,
        max_dials=limits["max_dials"],
        allow_shrink=limits["allow_shrink"],
        lock_timeout=limits["lock_timeout"],
    )
    return _apply(context, session, wish, stop, as_json, wait=wait)


@click.command()
@options.path
@options.parallelism
@options.auto_approve
@options.lock_timeout
@options.json
@click.pass_obj
def destroy(
    context: Context, path: Path, parallelism: int, auto_approve: bool, lock_timeout: float, as_json: bool
) -> int:
    """Cancel everything that still waits. Calls in flight finish."""
    from declarative.app.apply import ApplyOptions

    stop = _stop(context)
    approve = _approver(context, stop, auto_approve, as_json)
    wish = ApplyOptions(approve=approve, lock_timeout=lock_timeout, destroy=True)
    return _apply(context, context.session(path, parallelism=parallelism, stop=stop), wish, stop, as_json)


def _stop(context: Context) -> StopSignal:
    from declarative.engine.signals import StopSignal

    words = "Stopping: the request in flight is finished and recorded first.\nOnce more ends at once."
    return StopSignal(lambda: context.print_in_handler(words))


def _approver(context: Context, stop: StopSignal, auto_approve: bool, as_json: bool) -> Callable[[Plan], bool]:
    """Shows the plan and asks. Under --json stdout is the report's alone, and there is nobody to ask."""
    if not auto_approve and (as_json or not sys.stdin.isatty()):
        raise Refused(
            "nobody is there to approve the plan", hint="look at it with dialctl plan, then pass --auto-approve"
        )

    def approve(made: Plan) -> bool:
        if not as_json:
            from declarative.report import text

            show = context.print_note if auto_approve else context.print_text
            show(text.plan(replace(made, refusals=())))  # what refuses it is the error that follows
        if auto_approve or made.refusals or not made.sends:
            return True
        return _answer(f"\n{_asked(made)} Type yes to go on", stop).strip().lower() == "yes"

    return approve


def _answer(question: str, stop: StopSignal) -> str:
    """What was typed; "no" where the terminal was closed instead. Raises Interrupted."""
    try:
        with stop.at_a_prompt():
            return str(click.prompt(question, default="no", err=True))
    except (click.Abort, Interrupted) as ended:
        click.echo(err=True)
        if isinstance(ended, Interrupted):
            raise
        return "no"


def _apply(
    context: Context, session: Session, wish: ApplyOptions, stop: StopSignal, as_json: bool, *, wait: bool = False
) -> int:
    from declarative.app import apply as applier

    stop.listen()
    report = applier.apply(session, wish, stop)
    if wait and report.interrupted is None:
        report = replace(report, unfollowed=_follow(context, session, stop))
    _print_report(context, report, as_json)
    return report.exit_code


def _asked(made: Plan) -> str:
    from declarative.planning.decide import Verb

    off = sum(action.people for action in made.of(Verb.CANCEL))
    wishes = [f"ring {counting.people(made.people_to_ring)}"] if made.people_to_ring else []
    wishes += [f"take {off:,} off"] if off else []
    return f"{' and '.join(wishes)}?".capitalize()


def _follow(context: Context, session: Session, stop: StopSignal) -> DialctlError | None:
    """What ended it early. A signal needs no words here: the wait ends at once, and the display has the terminal."""
    from declarative.app.watch import follow
    from declarative.report import live

    context.progress.hush()
    stop.heard = lambda: None
    try:
        with live.display(quiet=context.quiet) as show:
            follow(session, stop, show)
    except DialctlError as ended:
        return ended
    return None


def _print_report(context: Context, report: ApplyReport, as_json: bool) -> None:
    if as_json:
        from declarative.report import json_output as layout

        context.print_data(layout.encode(layout.report(report)))
    else:
        from declarative.report import text

        context.print_text(text.report(report))
