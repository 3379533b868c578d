"""`status`, `results` and `drift`: questions that change nothing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from declarative import humanize as counting
from declarative.cli import options
from declarative.cli.context import Context
from declarative.errors import Exit

if TYPE_CHECKING:
    from declarative.planning.facts import Block


@click.command()
@options.address
@options.project
@options.json
@click.pass_obj
def status(context: Context, address: str | None, path: Path, as_json: bool) -> int:
    """People by standing and outcome, asked of the provider. ADDRESS narrows it to one resource."""
    from declarative.app import status as inquire

    found = inquire.status(context.session(path), address)
    if as_json:
        from declarative.report import json_output as layout

        context.print_data(layout.encode(layout.statuses(found)))
    else:
        from declarative.report import text

        context.print_text(text.status(found))
    return _exit(one.block for one in found) or (
        Exit.NEEDS_HUMAN if any(one.unsure or one.unseen for one in found) else Exit.DONE
    )


def _exit(blocks: Iterable[Block | None]) -> Exit:
    from declarative.planning.decide import Reason

    reasons = {block.reason for block in blocks if block is not None}
    if reasons - {Reason.NOT_READ}:
        return Exit.NEEDS_HUMAN
    return Exit.FAILED if reasons else Exit.DONE


@click.command()
@options.address
@options.project
@options.show_numbers
@click.option(
    "--format",
    "layout",
    type=click.Choice(["table", "csv", "jsonl"]),
    help="For a terminal, a spreadsheet, or a machine.  [default: as the file of -o ends, else table]",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write to this file, mode 0600: JSON lines where it ends in .jsonl or .ndjson, else CSV.",
)
@click.pass_obj
def results(
    context: Context, address: str | None, path: Path, show_numbers: bool, layout: str | None, output: Path | None
) -> int:
    """What came of it, one row for each person. Number, standing, outcome, attempts, call id and own data.

    Numbers are masked unless --show-numbers is given; a file written with -o holds them in full.
    """
    from declarative.app import status as inquire
    from declarative.report import results as rows

    found, untold = inquire.results(context.session(path), address)
    for name, block in untold:
        context.print_note(f"{name}: nothing can be said: {block.detail}")
    if output is not None:
        rows.write(found, layout or rows.of_ending(output), output)
        context.print_note(f"{counting.plural(len(found), 'row', 'rows')} in {output}")
    else:
        context.print_data(rows.render(found if show_numbers else rows.masked(found), layout or "table"))
    return _exit(block for _, block in untold) or (
        Exit.NEEDS_HUMAN if found.get_column("standing").is_in(["unsure", "unknown"]).any() else Exit.DONE
    )


@click.command()
@options.path
@options.json
@click.pass_obj
def drift(context: Context, path: Path, as_json: bool) -> int:
    """What changed at the provider without us. Exit 0: nothing, 2: something. Changes nothing."""
    from declarative.app import drift as drift_check

    found = drift_check.drift(context.session(path))
    if as_json:
        from declarative.report import json_output as layout

        context.print_data(layout.encode(layout.drift(found)))
    else:
        from declarative.report import text

        context.print_text(text.drift(found))
    return Exit.CHANGES if found else Exit.DONE
