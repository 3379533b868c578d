"""`dialctl report`: one HTML file for people who do not read YAML. It reads and changes nothing."""

from __future__ import annotations

from pathlib import Path

import click

from declarative.cli import options
from declarative.cli.context import Context
from declarative.cli.results import details
from declarative.cli.status import exit_code_of_statuses


@click.command()
@options.addresses
@options.labels
@options.project_schema
@details
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("report.html"),
    show_default=True,
    help="Write to this file.",
)
@click.pass_obj
def report(
    context: Context, addresses: tuple[str, ...], labels: tuple[str, ...], path: Path, details: bool, output: Path
) -> int:
    """Write what came of the calls as one HTML page. It needs the extra dialctl[report].

    People by outcome, by hour, by attempt and over time, and who needs a decision: to be sent by mail, or printed. The
    page holds no phone number, and opens without a network.
    """
    from declarative import atomicfile
    from declarative.app.report import read_report
    from declarative.model.selection import Selection
    from declarative.report import html

    html.check_installed()
    gathered = read_report(context.open_session(path), Selection(addresses, labels), details=details)
    atomicfile.write_private(output, html.render_report(gathered).encode())
    if gathered.unread_count:
        context.print_note(f"{gathered.unread_count:,} calls could not be read: their times are not known")
    context.print_note(f"Report in {output}.")
    return exit_code_of_statuses(gathered.statuses)
