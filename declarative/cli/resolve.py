"""`dialctl resolve`: a person decides what dialctl could not prove."""

from __future__ import annotations

from pathlib import Path

import click

from declarative.cli import completion, options
from declarative.cli.context import Context
from declarative.errors import Exit, UsageError


@click.command()
@click.argument("address", metavar="ADDRESS[#PERSON|#REMOTE_ID]", required=False, shell_complete=completion.addresses)
@click.option("--all", "everything", is_flag=True, help="Decide it alike at every address.")
@options.labels
@options.project_schema
@click.option("--placed", is_flag=True, help="The lost request did arrive: its people count as called.")
@click.option("--not-placed", is_flag=True, help="The lost request never arrived: its people may be called.")
@click.option(
    "--resume", is_flag=True, help="End a halt; submit again whoever was not called because someone else cancelled."
)
@options.reason
@options.lock_timeout
@click.pass_obj
def resolve(
    context: Context,
    /,
    address: str | None,
    path: Path,
    labels: tuple[str, ...],
    lock_timeout: float,
    reason: str,
    *,
    everything: bool,
    **verdicts: bool,
) -> int:
    """Decide what dialctl could not prove. `dialctl status` shows what is unsure.

    ADDRESS may be a pattern such as 'batch/spring-*'. PERSON is a phone number, or the digest that `dialctl status`
    prints for a person. REMOTE_ID is the provider's id of a batch that the provider has dropped or does not answer in
    full; all of it counts as called. Or it is the id of a candidate that `dialctl status` shows: the lost call was
    this one.
    """
    chosen_flags = [name.replace("_", "-") for name, is_set in verdicts.items() if is_set]
    if len(chosen_flags) != 1:
        raise UsageError("pass exactly one of --placed, --not-placed and --resume")
    if bool(address or labels) is everything:
        raise UsageError("pass either an address (or -l) or --all")
    from declarative.app import resolve as resolver
    from declarative.app.locked_addresses import select_addresses
    from declarative.model.selection import Selection

    session, verdict = context.open_session(path), resolver.Verdict(chosen_flags[0])
    if everything:
        context.print_text("\n".join(resolver.resolve_everything(session, verdict, lock_timeout, reason)))
        return Exit.DONE
    target, _, part = (address or "").partition("#")
    addresses = select_addresses(session, Selection((target,) if target else (), labels))
    if len(addresses) == 1:
        messages = resolver.resolve_address(session, addresses[0], part or None, verdict, lock_timeout, reason)
    elif part:
        raise UsageError(f"#{part} is about one address, and {len(addresses)} are selected")
    else:
        messages = resolver.resolve_addresses(session, addresses, verdict, lock_timeout, reason)
    context.print_text("\n".join(messages))
    return Exit.DONE
