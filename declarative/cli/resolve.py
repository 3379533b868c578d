"""`dialctl resolve`: a person settles what dialctl could not prove."""

from __future__ import annotations

from pathlib import Path

import click

from declarative.cli import options
from declarative.cli.context import Context
from declarative.errors import Exit, UsageError


@click.command()
@click.argument("address", metavar="ADDRESS[#PERSON]")
@options.project_schema
@click.option("--placed", is_flag=True, help="The lost request did arrive.")
@click.option("--not-placed", is_flag=True, help="The lost request never arrived.")
@click.option("--resume", is_flag=True, help="Submit again whom somebody else's cancel left unrung.")
@options.lock_timeout
@click.pass_obj
def resolve(context: Context, /, address: str, path: Path, lock_timeout: float, **verdicts: bool) -> int:
    """Settle what dialctl could not prove. `dialctl status` shows what is unsure.

    PERSON is a person's digest as `status` prints it, or a phone number.
    """
    chosen_flags = [resource_address.replace("_", "-") for resource_address, is_set in verdicts.items() if is_set]
    if len(chosen_flags) != 1:
        raise UsageError("say which: one of --placed, --not-placed and --resume")
    from declarative.app import resolve as resolver

    [verdict] = chosen_flags
    resource_address, _, person = address.partition("#")
    messages = resolver.resolve_address(
        context.open_session(path), resource_address, person or None, resolver.Verdict(verdict), lock_timeout
    )
    context.print_text("\n".join(messages))
    return Exit.DONE
