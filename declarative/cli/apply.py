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
from declarative.errors import DialctlError, Exit, Interrupted, Refused, UsageError

if TYPE_CHECKING:
    from declarative.app.apply import ApplyOptions, ApplyReport
    from declarative.app.session import Session
    from declarative.engine.run_context import StopSignal
    from declarative.planning.plan import Plan


@click.command()
@options.path
@options.targets
@options.allow_shrink
@options.max_dials
@options.parallelism
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Save the plan for dialctl apply FILE.")
@click.option(
    "--format",
    "layout",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    show_default=True,
    help="For a terminal, a pull request, or a machine.",
)
@click.option("--json", "as_json", is_flag=True, help="Short for --format json.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when a request would be sent, 0 when none would.")
@click.option("--offline", is_flag=True, help="Decide from manifests and lock alone; ask nobody.")
@click.option("--base-ref", metavar="REF", help="Set apart what the changes since this git revision did not cause.")
@click.pass_obj
def plan(
    context: Context,
    path: Path,
    targets: tuple[str, ...],
    allow_shrink: tuple[str, ...],
    max_dials: int | None,
    parallelism: int,
    out: Path | None,
    layout: str,
    as_json: bool,
    detailed_exitcode: bool,
    offline: bool,
    base_ref: str | None,
) -> int:
    """Show who would be rung. Changes nothing anywhere, the lock included.

    PATH is the project's directory, this one by default; with a folder or manifest in it, the rest is left alone.
    """
    from declarative.app import plan as planner
    from declarative.app import saved_plan as saving

    if offline and out is not None:
        raise UsageError("a plan made --offline cannot be saved", hint="it is a guess; make it with a key")
    session = context.session(path, targets=targets, parallelism=parallelism)
    caused = _caused(session, base_ref)
    made = planner.plan(session, max_dials=max_dials, may_shrink=allow_shrink, offline=offline)
    if out is not None:
        saving.save(session, made, out)
    _print_plan(context, made, "json" if as_json else layout, caused)
    return _plan_exit(made, detailed_exitcode)


def _caused(session: Session, base_ref: str | None) -> frozenset[str] | None:
    if base_ref is None:
        return None
    from declarative.app import git_changes as changes

    return changes.caused(session, base_ref)


def _print_plan(context: Context, made: Plan, layout: str, caused: frozenset[str] | None) -> None:
    if layout == "json":
        from declarative.report import json_output as as_json

        context.print_data(as_json.encode(as_json.plan(made, caused=caused)))
    elif layout == "markdown":
        from declarative.report import markdown

        context.print_data(markdown.plan(made, caused=caused))
    else:
        from declarative.report import text

        context.print_text(text.plan(made))
        if others := [a.address for a in made.actions if caused is not None and a.address not in caused]:
            context.print_text(f"Not caused by the changes since the base: {', '.join(dict.fromkeys(others))}.")


def _plan_exit(made: Plan, detailed: bool) -> int:
    if made.needs_human:
        return Exit.NEEDS_HUMAN
    if made.refusals or made.unread:
        return Exit.FAILED
    return Exit.CHANGES if detailed and made.sends else Exit.DONE


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
    from declarative.engine.run_context import StopSignal

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
