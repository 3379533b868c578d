"""`dialctl resolve`: a person decides what dialctl could not prove."""

from __future__ import annotations

from pathlib import Path

import click

from declarative.cli import options
from declarative.cli.context import Context
from declarative.errors import Exit, UsageError


@click.command()
@click.argument("address", metavar="ADDRESS[#PERSON]")
@options.project_schema
@click.option("--placed", is_flag=True, help="The lost request did arrive: its people count as called.")
@click.option("--not-placed", is_flag=True, help="The lost request never arrived: its people may be called.")
@click.option(
    "--resume", is_flag=True, help="Submit again the people who were not called because someone else cancelled."
)
@options.lock_timeout
@click.pass_obj
def resolve(context: Context, /, address: str, path: Path, lock_timeout: float, **verdicts: bool) -> int:
    """Decide what dialctl could not prove. `dialctl status` shows what is unsure.

    PERSON is a phone number, or the digest that `dialctl status` prints for a person.
    """
    chosen_flags = [name.replace("_", "-") for name, is_set in verdicts.items() if is_set]
    if len(chosen_flags) != 1:
        raise UsageError("pass exactly one of --placed, --not-placed and --resume")
    from declarative.app import resolve as resolver

    [verdict] = chosen_flags
    resource_address, _, person = address.partition("#")
    messages = resolver.resolve_address(
        context.open_session(path), resource_address, person or None, resolver.Verdict(verdict), lock_timeout
    )
    context.print_text("\n".join(messages))
    return Exit.DONE
