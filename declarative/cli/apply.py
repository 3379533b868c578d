"""`dialctl apply` and `dialctl destroy`: parse flags, ask for approval, print the report, return the exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from declarative import humanize
from declarative.cli import options
from declarative.cli.context import Context
from declarative.errors import (
    DialctlError,
    Interrupted,
    ManifestError,
    ProviderError,
    Refused,
    StateError,
    UsageError,
)

if TYPE_CHECKING:
    from declarative.app.apply import ApplyOptions
    from declarative.app.apply_report import ApplyReport
    from declarative.app.session import Session
    from declarative.engine.signals import StopSignal
    from declarative.planning.plan import Plan


@click.command(cls=options.WaitCommand)
@options.path
@options.targets
@options.labels
@options.allow_shrink
@options.allow_release
@options.max_dials
@options.parallelism
@options.auto_approve
@options.lock_timeout
@options.as_json
@click.option(
    "--allow-older", is_flag=True, help="Apply manifests though a later commit was applied, as the lock tells."
)
@click.option(
    "--only-approved",
    is_flag=True,
    help="Call only for manifests as an earlier run without this flag was approved to apply them. For schedules.",
)
@options.wait
@click.pass_obj
def apply(
    context: Context,
    /,
    path: Path,
    targets: tuple[str, ...],
    labels: tuple[str, ...],
    parallelism: int,
    auto_approve: bool,
    as_json: bool,
    wait: float | None,
    **limits: Any,
) -> int:
    """Carry out the plan. Plan again, ask for approval, call each person once, record it.

    PATH may be a plan saved with `dialctl plan --out`. A saved plan is approved already, and nothing beyond it is done.
    """
    from declarative.app import saved_plan as saving
    from declarative.app.apply import ApplyOptions

    saved_plan = saving.load_plan(path) if saving.is_plan_file(path) else None
    if saved_plan and (targets or labels):
        raise UsageError("a saved plan is applied as a whole", hint="pass --target to the dialctl plan that saves it")
    if saved_plan and limits["only_approved"]:
        raise UsageError("a saved plan is its own approval", hint="leave out --only-approved, or name a directory")
    project_path, chosen_targets = (Path(saved_plan.path), saved_plan.targets) if saved_plan else (path, targets)
    stop = _new_stop_signal(context)
    session = context.open_session(
        project_path, targets=chosen_targets, labels=labels, parallelism=parallelism, stop=stop
    )
    apply_options = ApplyOptions(
        stays=wait is not None,
        approve=_make_approver(context, stop, auto_approve or saved_plan is not None, as_json),
        approved_by=f"plan {saving.digest_plan_file(path)}"
        if saved_plan
        else _name_approval(auto_approve, is_schedule=limits["only_approved"]),
        restrict=saving.restrict_to_saved(saved_plan) if saved_plan else None,
        max_dials=limits["max_dials"],
        allow_shrink=[*limits["allow_shrink"], *(saved_plan.allow_shrink if saved_plan else ())],
        allow_release=[
            *limits["allow_release"],
            *(saving.find_releases(saved_plan, session) if saved_plan else ()),
        ],
        allow_older=limits["allow_older"],
        only_approved=limits["only_approved"],
        lock_timeout=limits["lock_timeout"],
    )
    return _apply_and_report(context, session, apply_options, stop, as_json, wait=wait)


@click.command()
@options.path
@options.targets
@options.labels
@options.parallelism
@options.auto_approve
@options.lock_timeout
@options.as_json
@click.pass_obj
def destroy(
    context: Context,
    path: Path,
    targets: tuple[str, ...],
    labels: tuple[str, ...],
    parallelism: int,
    auto_approve: bool,
    lock_timeout: float,
    as_json: bool,
) -> int:
    """Cancel every call that still waits. Calls in flight finish.

    dialctl plan --destroy shows what it would do. The next apply submits again whoever is wanted: dialctl halt is the
    stop that lasts, and that works whatever is wrong with manifests and lock.
    """
    from declarative.app.apply import ApplyOptions

    stop = _new_stop_signal(context)
    approve = _make_approver(context, stop, auto_approve, as_json, "dialctl plan --destroy")
    apply_options = ApplyOptions(
        approve=approve, approved_by=_name_approval(auto_approve), lock_timeout=lock_timeout, destroy=True
    )
    session = context.open_session(path, targets=targets, labels=labels, parallelism=parallelism, stop=stop)
    try:
        exit_code = _apply_and_report(context, session, apply_options, stop, as_json)
    except (ManifestError, StateError, ProviderError):
        context.print_note(_STOPS_ANYWAY)
        raise
    context.print_note(_STOPS_ANYWAY if exit_code else "The next apply submits again whoever is wanted; halt does not.")
    return exit_code


_STOPS_ANYWAY = "To stop all calls now, whatever is wrong here: dialctl halt --all"


def _new_stop_signal(context: Context) -> StopSignal:
    """Make the handler of SIGINT and SIGTERM. It does not listen yet."""
    from declarative.engine.signals import StopSignal

    message = "Stopping: the request in flight is finished and recorded first.\nA second signal ends dialctl at once."
    return StopSignal(lambda: context.print_in_handler(message))


def _name_approval(auto_approve: bool, *, is_schedule: bool = False) -> str:
    """Say what approves a run, for the history."""
    return "schedule" if is_schedule else "--auto-approve" if auto_approve else "prompt"


def _make_approver(
    context: Context, stop: StopSignal, auto_approve: bool, as_json: bool, plan_command: str = "dialctl plan"
) -> Callable[[Plan], bool]:
    """Make the function that shows a plan and asks for approval. `plan_command` shows the same plan.

    Raises Refused if there is no one to ask: stdin is no terminal, or --json keeps stdout for the report.
    """
    if not auto_approve and (as_json or not sys.stdin.isatty()):
        raise Refused(
            "no one can approve the plan here", hint=f"look at it with {plan_command}, then pass --auto-approve"
        )

    def approve(plan: Plan) -> bool:
        if not as_json:
            from declarative.report import text

            print_plan = context.print_note if auto_approve else context.print_text
            # Refusals are left out, because the error that follows prints them.
            print_plan(text.format_plan(replace(plan, refusals=())))
        if auto_approve or plan.refusals or not plan.sends:
            return True
        return _prompt(f"\n{approval_question(plan)} Type yes to go on", stop).strip().lower() == "yes"

    return approve


def _prompt(question: str, stop: StopSignal) -> str:
    """Return what was typed, or "no" if the terminal was closed. Raises Interrupted."""
    try:
        with stop.interruptible():
            return str(click.prompt(question, default="no", err=True))
    except (click.Abort, Interrupted) as error:
        click.echo(err=True)
        if isinstance(error, Interrupted):
            raise
        return "no"


def _apply_and_report(
    context: Context,
    session: Session,
    apply_options: ApplyOptions,
    stop: StopSignal,
    as_json: bool,
    *,
    wait: float | None = None,
) -> int:
    """Apply, follow for at most `wait` seconds if it is set, print the report, and return its exit code."""
    from declarative.app import apply as applier
    from declarative.app import first_run

    stop.listen()
    report = applier.apply_project(session, apply_options, stop)
    if wait is not None and report.interrupted is None and report.failure is None:
        report = replace(report, follow_error=_follow(context, session, stop, wait))
    _print_report(context, report, as_json)
    if new_lock := first_run.describe_new_lock(session, report.plan):
        context.print_note(new_lock)
    return report.exit_code


def approval_question(plan: Plan) -> str:
    """Ask about the effects of the plan, in the words of its headline: `Call 39 people, move 12 and take 210 off?`"""
    from declarative.planning.decide import Verb

    cancelled_people = sum(action.people for action in plan.actions_with_verb(Verb.CANCEL))
    call_count = plan.people_to_call - plan.people_moved
    effects = [f"call {humanize.people(call_count)}"] if call_count else []
    effects += [f"move {plan.people_moved:,}"] if plan.people_moved else []
    effects += [f"take {cancelled_people:,} off"] if cancelled_people else []
    *first_effects, last_effect = effects
    question = f"{', '.join(first_effects)} and {last_effect}" if first_effects else last_effect
    return f"{question}?".capitalize()


def _follow(context: Context, session: Session, stop: StopSignal, at_most: float) -> DialctlError | None:
    """Follow until all calls are over, or for so many seconds. Returns the error that ended it early."""
    from declarative.app.watch import follow
    from declarative.report import live

    context.progress.silence()
    stop.on_signal = lambda: None  # the wait ends at once, and a message would break the live table
    try:
        with live.show_live(quiet=context.quiet) as show_progress:
            still_going = follow(session, stop, show_progress, at_most=at_most)
    except DialctlError as error:
        return error
    if still_going:
        waiting, in_flight = (
            sum(getattr(progress, name) for progress in still_going) for name in ("waiting", "in_flight")
        )
        context.print_note(f"Not over yet: {waiting:,} waiting, {in_flight:,} in flight. dialctl status shows them.")
    return None


def _print_report(context: Context, report: ApplyReport, as_json: bool) -> None:
    if as_json:
        from declarative.report import json_output

        context.print_data(json_output.encode(json_output.report_document(report)))
    else:
        from declarative.report import text

        context.print_text(text.format_report(report))
