"""`dialctl status`, `dialctl results` and `dialctl drift`. They read and change nothing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from declarative import humanize
from declarative.cli import options
from declarative.cli.context import Context
from declarative.errors import Exit

if TYPE_CHECKING:
    from declarative.planning.facts import Block


@click.command()
@options.addresses
@options.labels
@options.project_schema
@options.as_json
@click.pass_obj
def status(context: Context, addresses: tuple[str, ...], labels: tuple[str, ...], path: Path, as_json: bool) -> int:
    """Show people by standing and outcome. Asks the provider.

    ADDRESS limits it to some resources: an address, a name, or a pattern such as 'batch/spring-*'.
    """
    from declarative.app import status as queries
    from declarative.model.selection import Selection

    statuses = queries.read_status(context.open_session(path), Selection(addresses, labels))
    if as_json:
        from declarative.report import json_output

        context.print_data(json_output.encode(json_output.status_document(statuses)))
    else:
        from declarative.report import text

        context.print_text(text.format_statuses(statuses))
    needs_human = any(
        status.not_taken_off or (status.is_wanted and (status.unsure or status.unseen or status.unnamed))
        for status in statuses
    )
    return exit_code_of_blocks(status.block for status in statuses) or (Exit.NEEDS_HUMAN if needs_human else Exit.DONE)


def exit_code_of_blocks(blocks: Iterable[Block | None]) -> Exit:
    """Choose the exit code for blocked addresses. An unread provider is a failure, any other block needs a person."""
    from declarative.planning.decide import Reason

    reasons = {block.reason for block in blocks if block is not None}
    if reasons - {Reason.NOT_READ}:
        return Exit.NEEDS_HUMAN
    return Exit.FAILED if reasons else Exit.DONE


@click.command()
@options.addresses
@options.labels
@options.project_schema
@options.show_numbers
@click.option(
    "--format",
    "layout",
    type=click.Choice(["table", "csv", "jsonl"]),
    help="For a terminal, a spreadsheet, or a machine.  [default: by the ending of the -o file, else table]",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write to this file, mode 0600: JSON lines if it ends in .jsonl or .ndjson, else CSV.",
)
@click.pass_obj
def results(
    context: Context,
    addresses: tuple[str, ...],
    labels: tuple[str, ...],
    path: Path,
    show_numbers: bool,
    layout: str | None,
    output: Path | None,
) -> int:
    """Show one row for each person. Number, standing, outcome, attempts, call id and the person's data.

    Numbers are masked unless --show-numbers is given. A file written with -o holds them in full.
    """
    from declarative.app import status as queries
    from declarative.model.selection import Selection
    from declarative.report import results as results_output

    frame, blocks = queries.read_results(context.open_session(path), Selection(addresses, labels))
    for resource_address, block in blocks:
        context.print_note(f"{resource_address}: no results: {block.detail}")
    if output is not None:
        results_output.write_results(frame, layout or results_output.layout_for(output), output)
        context.print_note(f"{humanize.plural(len(frame), 'row', 'rows')} in {output}")
    else:
        context.print_data(
            results_output.render_results(
                frame if show_numbers else results_output.mask_numbers(frame), layout or "table"
            )
        )
    return exit_code_of_blocks(block for _, block in blocks) or (
        Exit.NEEDS_HUMAN if frame.get_column("standing").is_in(["unsure", "unknown"]).any() else Exit.DONE
    )


@click.command()
@options.path
@options.targets
@options.labels
@options.as_json
@click.pass_obj
def drift(context: Context, path: Path, targets: tuple[str, ...], labels: tuple[str, ...], as_json: bool) -> int:
    """Show what changed at the provider without dialctl. Exit 0: nothing, 2: something. Changes nothing."""
    from declarative.app import drift as drift_check

    drifts = drift_check.find_drift(context.open_session(path, targets=targets, labels=labels))
    if as_json:
        from declarative.report import json_output

        context.print_data(json_output.encode(json_output.drift_document(drifts)))
    else:
        from declarative.report import text

        context.print_text(text.format_drift(drifts))
    return Exit.CHANGES if drifts else Exit.DONE
