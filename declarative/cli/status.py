"""`dialctl status` and `dialctl drift`. They read and change nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from declarative.cli import options
from declarative.cli.context import Context
from declarative.errors import Exit, Interrupted

if TYPE_CHECKING:
    from declarative.app.session import Session
    from declarative.app.status import AddressStatus
    from declarative.model.selection import Selection
    from declarative.planning.facts import Block


@click.command(cls=options.WaitCommand)
@options.addresses
@options.labels
@options.project_schema
@options.as_json
@click.option(
    "--watch",
    type=options.Duration(),
    metavar="[=SECONDS]",
    help="Show it again every 10 seconds, or as often as said (--watch=60), until everything is over.",
)
@click.pass_obj
def status(
    context: Context,
    addresses: tuple[str, ...],
    labels: tuple[str, ...],
    path: Path,
    as_json: bool,
    watch: float | None,
) -> int:
    """Show what each resource is doing, and its people by outcome. Asks the provider.

    ADDRESS limits it to some resources: an address, a name, or a pattern such as 'batch/spring-*'.
    """
    from declarative.app.status import read_status
    from declarative.model.selection import Selection

    if watch is not None and as_json:
        raise click.UsageError("--watch shows text again and again; --json prints one document")
    selection = Selection(addresses, labels)
    if watch is not None:
        return _watch(context, path, selection, watch)
    session = context.open_session(path)
    statuses = read_status(session, selection)
    if as_json:
        from declarative.report import json_output, status_json

        project_name = session.desired.project.name
        context.print_data(json_output.encode(status_json.status_document(project_name, statuses)))
    else:
        _print_statuses(context, statuses)
    return exit_code_of_statuses(statuses)


def _watch(context: Context, path: Path, selection: Selection, seconds: float) -> int:
    """Show the status again and again until everything is over, or a signal comes."""
    from declarative.app.status import read_status
    from declarative.engine.signals import StopSignal

    stop = StopSignal()
    session: Session = context.open_session(path, stop=stop)
    stop.listen()
    try:
        while True:
            statuses = read_status(session, selection)
            context.clear_screen()
            _print_statuses(context, statuses)
            if all(status.is_over for status in statuses):
                return exit_code_of_statuses(statuses)
            context.progress.silence()  # the next reading would draw over what is shown
            stop.pause(seconds)
    except Interrupted as interruption:
        return interruption.exit_code


def _print_statuses(context: Context, statuses: Sequence[AddressStatus]) -> None:
    from declarative.report import status_text

    context.print_text(status_text.format_statuses(statuses))


def exit_code_of_statuses(statuses: Sequence[AddressStatus]) -> Exit:
    """Choose the exit code: whatever is blocked or unsure needs a person."""
    needs_person = any(
        status.not_taken_off or (status.is_wanted and (status.unsure or status.unseen or status.unnamed))
        for status in statuses
    )
    return exit_code_of_blocks(status.block for status in statuses) or (Exit.NEEDS_HUMAN if needs_person else Exit.DONE)


def exit_code_of_blocks(blocks: Iterable[Block | None]) -> Exit:
    """Choose the exit code for blocked addresses. An unread provider is a failure, any other block needs a person."""
    from declarative.planning.decide import Reason

    reasons = {block.reason for block in blocks if block is not None}
    if reasons - {Reason.NOT_READ}:
        return Exit.NEEDS_HUMAN
    return Exit.FAILED if reasons else Exit.DONE


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
