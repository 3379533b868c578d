"""`dialctl halt`: the emergency stop."""

from __future__ import annotations

from pathlib import Path

import click

from declarative.cli import completion, options
from declarative.cli.context import Context
from declarative.errors import UsageError


@click.command()
@click.argument("addresses", metavar="[ADDRESS...]", nargs=-1, shell_complete=completion.addresses)
@click.option("--all", "everything", is_flag=True, help="Halt the whole project, with what is added to it later.")
@click.option("--reason", default="", metavar="TEXT", help="Why, for whoever meets the halt later.")
@click.option("--project", default="", metavar="NAME", help="The project's name, where nothing else tells it.")
@click.option("--dry-run", "is_dry", is_flag=True, help="Only show what would be cancelled.")
@options.project_schema
@click.pass_obj
def halt(
    context: Context,
    addresses: tuple[str, ...],
    path: Path,
    reason: str,
    project: str,
    *,
    everything: bool,
    is_dry: bool,
) -> int:
    """Stop calling now: cancel whoever waits, and call nobody.

    It holds until dialctl resolve ADDRESS --resume, or --all --resume. It asks nothing back, needs the provider's key,
    and needs no valid manifest. A run that is under way hears it before its next request. Calls in flight finish.
    """
    if bool(addresses) is everything:
        raise UsageError("pass either addresses or --all")
    from declarative.app.halt import HaltOptions, halt_project
    from declarative.report.halt_text import format_halt

    halt_options = HaltOptions(targets=addresses, everything=everything, reason=reason, project=project, is_dry=is_dry)
    report = halt_project(context.open_session(path), halt_options)
    context.print_text(format_halt(report))
    return report.exit_code
