"""`dialctl plan`: show what an apply would do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from declarative.cli import options
from declarative.cli.context import Context
from declarative.errors import Exit, UsageError

if TYPE_CHECKING:
    from declarative.app.session import Session
    from declarative.planning.plan import Plan


_layout = click.option(
    "--format",
    "layout",
    type=click.Choice(["text", "markdown", "json", "github"]),
    default="text",
    show_default=True,
    help="For a terminal, a pull request, a machine, or as annotations of a GitHub workflow.",
)
_as_json = click.option("--json", "as_json", is_flag=True, help="Short for --format json.")


@click.command()
@options.path
@options.targets
@options.labels
@options.allow_shrink
@options.allow_release
@options.max_dials
@options.parallelism
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Save the plan for dialctl apply FILE.")
@_layout
@_as_json
@click.option("--destroy", is_flag=True, help="Plan what dialctl destroy would do: cancel everything that waits.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when a request would be sent, 0 when none would.")
@click.option("--offline", is_flag=True, help="Decide from manifests and lock alone, without asking any provider.")
@click.option("--base-ref", metavar="REF", help="Show apart what the changes since this git revision did not cause.")
@click.pass_obj
def plan(
    context: Context,
    path: Path,
    targets: tuple[str, ...],
    labels: tuple[str, ...],
    allow_shrink: tuple[str, ...],
    allow_release: tuple[str, ...],
    max_dials: int | None,
    parallelism: int,
    out: Path | None,
    layout: str,
    as_json: bool,
    destroy: bool,
    detailed_exitcode: bool,
    offline: bool,
    base_ref: str | None,
) -> int:
    """Show who would be called. Changes nothing anywhere, the lock included.

    PATH is the project's directory, by default the current one. With a folder or manifest in it, only that is planned.
    """
    from declarative.app import git_changes
    from declarative.app import plan as planner
    from declarative.app import saved_plan as saving

    if offline and out is not None:
        raise UsageError("a plan made --offline cannot be saved", hint="it is a guess; plan with a key to save it")
    if destroy and out is not None:
        raise UsageError("a plan made with --destroy cannot be saved", hint="dialctl destroy plans again, and asks")
    session = context.open_session(
        path, targets=targets, labels=labels, parallelism=parallelism, fetch_files=not offline
    )
    caused_addresses = _find_caused_addresses(session, base_ref)
    plan = planner.plan_project(
        session,
        max_dials=max_dials,
        allow_shrink=allow_shrink,
        allow_release=allow_release,
        offline=offline,
        destroy=destroy,
    )
    plan = replace(plan, commit=git_changes.find_head(session))
    if out is not None:
        saving.save_plan(session, plan, out, allow_release, allow_shrink)
    _print_plan(context, plan, "json" if as_json else layout, caused_addresses)
    if out is not None:
        context.print_note(f"Saved: dialctl apply {out} does this and no more.")
    return plan_exit_code(plan, detailed_exitcode)


@click.command()
@click.argument("plan_file", metavar="PLANFILE", type=click.Path(path_type=Path, dir_okay=False))
@_layout
@_as_json
@click.pass_obj
def show(context: Context, plan_file: Path, layout: str, as_json: bool) -> int:
    """Show a plan that was saved with dialctl plan --out. Exits as that plan did.

    The file holds no number and no value of a setting, so what changed in settings is not shown.
    """
    import os

    from declarative.app import saved_plan as saving
    from declarative.model.digest import PersonKey

    plan = saving.show_plan(plan_file, PersonKey(os.environ.get("DIALCTL_PERSON_KEY")))
    _print_plan(context, plan, "json" if as_json else layout, None)
    return plan_exit_code(plan, detailed=False)


def _find_caused_addresses(session: Session, base_ref: str | None) -> frozenset[str] | None:
    """Find the addresses that changed since `base_ref`. None if no base was given."""
    if base_ref is None:
        return None
    from declarative.app import git_changes

    return git_changes.find_changed_addresses(session, base_ref)


def _print_plan(context: Context, plan: Plan, layout: str, caused_addresses: frozenset[str] | None) -> None:
    if layout == "json":
        from declarative.report import json_output

        context.print_data(json_output.encode(json_output.plan_document(plan, caused_addresses=caused_addresses)))
    elif layout == "github":
        from declarative.report import github

        context.print_commands(github.format_plan(plan))
    elif layout == "markdown":
        from declarative.report import markdown

        context.print_data(markdown.render_comment(plan, caused_addresses=caused_addresses))
    else:
        from declarative.report import text

        context.print_text(text.format_plan(plan))
        if other_addresses := [
            action.address
            for action in plan.actions
            if caused_addresses is not None and action.address not in caused_addresses
        ]:
            context.print_text(
                f"Not caused by the changes since the base: {', '.join(dict.fromkeys(other_addresses))}."
            )


def plan_exit_code(plan: Plan, detailed: bool) -> int:
    """Choose the exit code. What needs a person wins over a failure, and a failure over changes."""
    if plan.needs_human:
        return Exit.NEEDS_HUMAN
    if plan.refusals or plan.has_unread:
        return Exit.FAILED
    return Exit.CHANGES if detailed and plan.sends else Exit.DONE
