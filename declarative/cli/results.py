"""`dialctl results`: a row for each person, on the screen or in a file. It reads and changes nothing."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from declarative import humanize
from declarative.cli import options, terminal
from declarative.cli.context import Context
from declarative.cli.status import exit_code_of_blocks
from declarative.errors import Exit, UsageError

if TYPE_CHECKING:
    import polars as pl

    from declarative.app.results import Results

_STANDINGS = ("unsubmitted", "refused", "waiting", "dialed", "unsure", "cancelled", "unknown")
details = click.option(
    "--details", is_flag=True, help="Ask for each ended call once, where only the call itself tells time and results."
)


@click.command()
@options.addresses
@options.labels
@options.project_schema
@options.show_numbers
@click.option(
    "--number", "numbers", multiple=True, metavar="NUMBER", help="Only this person; - reads numbers from stdin."
)
@click.option("--outcome", "outcomes", multiple=True, metavar="WORD", help="Only people with this outcome. Repeatable.")
@click.option("--standing", "standings", multiple=True, type=click.Choice(_STANDINGS), help="Only people who stand so.")
@click.option("--run", metavar="ID", help="Only people whom this run submitted, as dialctl history names it.")
@options.since
@click.option("--unreached", is_flag=True, help="Only people who were not reached and are not called again.")
@details
@click.option(
    "--format",
    "layout",
    type=click.Choice(["table", "csv", "jsonl", "json", "xlsx", "parquet"]),
    help="How to write it.  [default: by the ending of the -o file, else table]",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write to this file, mode 0600, numbers in full. Its ending names the format.",
)
@click.pass_obj
def results(context: Context, /, path: Path, layout: str | None, output: Path | None, **flags: Any) -> int:
    """Show one row for each person. Outcome, attempts, time, the person's data and what the provider returned.

    Numbers are masked unless --show-numbers is given. A file written with -o holds them in full. A list cut from the
    results is a recipients file as it is, with `to_number: number`. `--number` answers who called somebody,
    when and on whose word, over all addresses, those whose manifest is removed, too.
    """
    from declarative.app.results import read_results
    from declarative.model.selection import Selection
    from declarative.report import results as results_output
    from declarative.report.status_text import describe_costs

    layout = layout or (results_output.layout_for(output) if output else "table")
    if output is None and layout in results_output.BINARY_LAYOUTS:
        raise UsageError(f"{layout} is no text for a screen", hint=f"name a file: -o results.{layout}")
    flags["numbers"] = [number for word in flags["numbers"] for number in _read_numbers(word)]
    session = context.open_session(path)
    selection = Selection(flags["addresses"], flags["labels"])
    asks = flags["details"] or bool(flags["numbers"])  # few people, and their time is what is asked for
    people = read_results(session, selection, details=asks, numbers=flags["numbers"])
    flags["since"] = options.resolve_since(flags["since"], session.connections)
    _print_unknown(context, people)
    frame = _filter_people(people.frame, **flags)
    if flags["unreached"] and (due_count := len(people.frame.filter(reached=False, is_due=True))):
        left_out = humanize.plural(due_count, "unreached person is", "unreached people are")
        context.print_note(f"{left_out} left out: their own resource calls them again")
    for sentence in describe_costs(people.costs):
        context.print_note(f"The calls of all these people {sentence}.")
    if output is not None:
        results_output.write_results(frame, layout, output)
        context.print_note(f"{humanize.plural(len(frame), 'row', 'rows')} in {output}")
    else:
        shown = frame if flags["show_numbers"] else results_output.mask_numbers(frame)
        width = terminal.terminal_width(sys.stdout) or None
        context.print_data(results_output.render_results(shown, layout, width=width))
    return exit_code_of_blocks(block for _, block in people.unknown_addresses) or (
        Exit.NEEDS_HUMAN if people.frame.get_column("standing").is_in(["unsure", "unknown"]).any() else Exit.DONE
    )


def _read_numbers(word: str) -> list[str]:
    """Return the number of one `--number`; for `-` those from stdin, one a line."""
    return list(filter(None, map(str.strip, sys.stdin))) if word == "-" else [word]


def _filter_people(
    frame: pl.DataFrame,
    *,
    numbers: Sequence[str],
    run: str | None,
    since: datetime | None,
    outcomes: Sequence[str],
    standings: Sequence[str],
    unreached: bool,
    **_: Any,
) -> pl.DataFrame:
    """Keep the rows that every filter keeps."""
    from declarative.app import results as rows
    from declarative.report.results import keep_outcomes

    frame = rows.keep_numbers(frame, numbers) if numbers else frame
    frame = rows.keep_run(frame, run) if run else frame
    frame = rows.keep_since(frame, since) if since else frame
    frame = keep_outcomes(frame, outcomes) if outcomes else frame
    frame = rows.keep_standings(frame, standings) if standings else frame
    return rows.keep_unreached(frame) if unreached else frame


def _print_unknown(context: Context, people: Results) -> None:
    """Say what could not be read."""
    for address, block in people.unknown_addresses:
        context.print_note(f"{address}: no results: {block.detail}")
    if people.unread_count:
        calls = humanize.plural(people.unread_count, "call", "calls")
        context.print_note(f"{calls} could not be read: their times and results are not known")
