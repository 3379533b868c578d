"""`dialctl history`: who called how many people, when, and on whose word. It reads and changes nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import click

from declarative.cli import options
from declarative.cli.context import Context
from declarative.errors import Exit


@click.command()
@options.addresses
@options.project_schema
@options.since
@click.option("--format", "layout", type=click.Choice(["text", "csv", "json"]), default="text", help="How to write it.")
@options.as_json
@click.pass_obj
def history(
    context: Context,
    addresses: tuple[str, ...],
    path: Path,
    since: datetime | timedelta | None,
    layout: str,
    as_json: bool,
) -> int:
    """Show every run that sent or changed something, newest first. Who, when, from which commit, on whose word.

    People called, called again, moved and taken off, by address; decisions of people with their reason. Exit 1 where
    the history is not whole: a line was changed or taken out, or its end is cut off.
    """
    from declarative.app.history import read_run_history
    from declarative.model.selection import Selection
    from declarative.report import history as output
    from declarative.report import json_output

    session = context.open_session(path)
    moment = options.resolve_since(since, session.connections)
    run_history = read_run_history(session, Selection(addresses), moment)
    if as_json or layout == "json":
        context.print_data(json_output.encode(output.history_document(run_history)))
    elif layout == "csv":
        context.print_data(output.format_csv(run_history))
    else:
        context.print_text(output.format_text(run_history))
    for record in run_history.open_runs:
        context.print_note(output.describe_open_run(record))
    for fault in run_history.faults:
        context.print_fault(f"The history is not whole: {fault}")
    return Exit.FAILED if run_history.faults else Exit.DONE
