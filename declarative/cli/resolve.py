"""`dialctl resolve`: a person settles what dialctl could not prove."""

from __future__ import annotations

from pathlib import Path

import click

from declarative.cli import options
from declarative.cli.context import Context
from declarative.errors import Exit, UsageError


@click.command()
@click.argument("address", metavar="ADDRESS[#PERSON]")
@options.project
@click.option("--placed", is_flag=True, help="The lost request did arrive.")
@click.option("--not-placed", is_flag=True, help="The lost request never arrived.")
@click.option("--resume", is_flag=True, help="Submit again whom somebody else's cancel left unrung.")
@options.lock_timeout
@click.pass_obj
def resolve(context: Context, /, address: str, path: Path, lock_timeout: float, **verdicts: bool) -> int:
    """Settle what dialctl could not prove. `dialctl status` shows what is unsure.

    PERSON is a person's digest as `status` prints it, or a phone number.
    """
    given = [name.replace("_", "-") for name, is_given in verdicts.items() if is_given]
    if len(given) != 1:
        raise UsageError("say which: one of --placed, --not-placed and --resume")
    from declarative.app import resolve as mend

    [verdict] = given
    name, _, person = address.partition("#")
    said = mend.resolve(context.session(path), name, person or None, mend.Verdict(verdict), lock_timeout)
    context.print_text("\n".join(said))
    return Exit.DONE
