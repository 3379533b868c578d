"""`dialctl init`: the files of a first project, for the account that a key opens."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from declarative.cli import completion
from declarative.cli.context import Context
from declarative.errors import Exit

if TYPE_CHECKING:
    from declarative.app.connections import Connections
    from declarative.app.first_batch import FieldOffer
    from declarative.app.scaffold import FirstProvider

_DEFAULT_TYPE = "cartesia"
_MOST_SHOWN = 20
"""Agents, or numbers, that a question lists."""


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option(
    "--provider",
    "type_name",
    metavar="TYPE",
    shell_complete=completion.provider_types,
    help="Write it for this provider type, and for what the account has if its key is set.  [default: cartesia]",
)
@click.pass_obj
def init(context: Context, directory: Path, type_name: str | None) -> int:
    """Write a first project, ready for the sandbox. A Project, a Batch, its recipients file and a new lock.

    With --provider and a key, the account's agents and numbers are asked for: at a terminal you choose, elsewhere they
    are listed in the manifest.
    """
    from declarative.app import scaffold
    from declarative.app.connections import connect_type

    environment = dict(os.environ)
    scaffold.check_directory(directory, environment)
    sandbox_directory = directory / ".dialctl" / "sandbox" if context.sandbox else None
    connections = connect_type(type_name or _DEFAULT_TYPE, environment=environment, sandbox_directory=sandbox_directory)
    try:
        first_provider = _ask_account(context, connections, asks=type_name is not None)
    finally:
        connections.close()
    written_paths = scaffold.write_scaffold(directory, environment, first_provider)
    context.print_data("\n".join(f"wrote {path}" for path in written_paths))
    chdir_flag = "" if directory == Path() else f" -C {directory}"
    if all(path.name != "dialctl.lock" for path in written_paths):
        context.print_note(f"DIALCTL_STATE says where the lock is kept: start it with dialctl{chdir_flag} state new")
    context.print_note(f"Next:\n  dialctl{chdir_flag} validate\n  dialctl{chdir_flag} --sandbox apply")
    return Exit.DONE


def _ask_account(context: Context, connections: Connections, *, asks: bool) -> FirstProvider:
    """Take agent and number from the account, as far as it may be asked. Raises ProviderError."""
    from declarative.app.account import read_offer
    from declarative.app.first_batch import find_number_field
    from declarative.app.scaffold import FirstProvider

    provider_type = connections.only_type
    offer = read_offer(connections) if asks else None
    if offer is None:
        if asks:
            _say_what_is_not_set(context, [name for name in provider_type.key_variables if not os.environ.get(name)])
        return FirstProvider(provider_type)
    agent = _choose(context, "agent", offer.agents)
    if not find_number_field(provider_type):
        return FirstProvider(provider_type, agent)
    return FirstProvider(provider_type, agent, _choose(context, "number", offer.numbers))


def _say_what_is_not_set(context: Context, missing: Sequence[str]) -> None:
    are, them = ("is", "it") if len(missing) == 1 else ("are", "them")
    context.print_note(
        f"{' and '.join(missing)} {are} not set, so the account was not asked. Set {them}, look at dialctl agents and "
        "dialctl numbers, and name yours in first-campaign.yaml."
    )


def _choose(context: Context, noun: str, offer: FieldOffer) -> FieldOffer:
    """Let the user choose at a terminal. Elsewhere, or where there is nothing to choose, nothing is chosen."""
    lines = offer.lines_for_people()
    if not lines:
        context.print_note(f"The account has no {noun}: name one in first-campaign.yaml once it has.")
    if not lines or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return offer
    click.echo(f"The account's {noun}s:", err=True)
    for position, line in enumerate(lines[:_MOST_SHOWN], start=1):
        click.echo(f"  {position}  {line}", err=True)
    if len(lines) > _MOST_SHOWN:
        click.echo(f"  and {len(lines) - _MOST_SHOWN:,} more, by their id", err=True)

    def find(text: str) -> str:
        if chosen := offer.find(text):
            return chosen
        raise click.BadParameter(f'"{text}" is none of them')  # click asks again

    question = f"Which {noun}? The number of a line, or an id"
    return replace(offer, chosen=click.prompt(question, default="1", err=True, value_proc=find))
