"""`dialctl plan`: show what apply would do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from declarative.cli import options
from declarative.cli.context import Context
from declarative.errors import Exit, UsageError

if TYPE_CHECKING:
    from declarative.app.session import Session
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
