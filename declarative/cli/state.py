"""`dialctl state ...` and `dialctl force-unlock`: inspect the lock and repair it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from declarative.cli import options
from declarative.cli.context import Context
from declarative.errors import Exit, Refused, UsageError


@click.group()
def state() -> None:
    """Inspect the lock and repair it."""


@state.command("list")
@options.project_schema
@click.pass_obj
def list_(context: Context, path: Path) -> int:
    """List the addresses in the lock."""
    from declarative.app import state_admin

    context.print_text(
        "\n".join(state_admin.list_addresses(context.open_session(path))) or "The lock knows no address."
    )
    return Exit.DONE


@state.command()
@options.addresses
@options.labels
@options.project_schema
@click.pass_obj
def show(context: Context, addresses: tuple[str, ...], labels: tuple[str, ...], path: Path) -> int:
    """Print the lock, or some addresses of it, as JSON."""
    from declarative.app import state_admin
    from declarative.model.selection import Selection

    context.print_data(state_admin.show_lock(context.open_session(path), Selection(addresses, labels)))
    return Exit.DONE


@state.command()
@options.addresses
@options.labels
@options.project_schema
@options.reason
@options.lock_timeout
@click.option(
    "--yes-forget-who-was-called", "sure", is_flag=True, help="Do not ask. A later apply may call these people again."
)
@click.pass_obj
def rm(
    context: Context,
    addresses: tuple[str, ...],
    labels: tuple[str, ...],
    path: Path,
    lock_timeout: float,
    reason: str,
    sure: bool,
) -> int:
    """Forget what was done under an address. People may be called again if the provider no longer shows their calls.

    The next apply finds what the provider still shows with our mark, and calls no one in it twice.
    """
    from declarative.app import state_admin
    from declarative.app.locked_addresses import select_addresses
    from declarative.model.selection import Selection

    if not (selection := Selection(addresses, labels)):
        raise UsageError("pass an address, or -l", hint="dialctl state list shows them")
    if not sure and not sys.stdin.isatty():
        raise Refused("no one can answer the question here", hint="pass --yes-forget-who-was-called")
    session = context.open_session(path)
    chosen = select_addresses(session, selection)
    question = (
        f"Forget who was called by {', '.join(chosen)}? A later apply may call people again that the provider no "
        "longer shows."
    )
    if not sure and not click.confirm(question, err=True):
        raise Refused("not forgotten: the answer was no")
    context.print_text("\n".join(state_admin.forget_addresses(session, chosen, lock_timeout, reason)))
    return Exit.DONE


@state.command()
@options.project_schema
@options.reason
@options.lock_timeout
@click.pass_obj
def new(context: Context, path: Path, lock_timeout: float, reason: str) -> int:
    """Start a lock for a project that has never called anyone."""
    from declarative.app import state_init

    context.print_text(state_init.start_lock(context.open_session(path), lock_timeout, reason))
    return Exit.DONE


@state.command()
@options.project_schema
@options.reason
@options.lock_timeout
@click.option(
    "--keep",
    metavar="LINEAGE",
    help="Go on with this lineage, where the providers show several; what the others did is taken over.",
)
@click.option(
    "--over-older",
    is_flag=True,
    help="Start from the lock that is here, and add what a later run has done whose lock is gone.",
)
@click.pass_obj
def rebuild(context: Context, path: Path, lock_timeout: float, reason: str, keep: str | None, over_older: bool) -> int:
    """Make a lock from the marks at the providers.

    People who are not found stay unsure until you `resolve` them, if no list can prove that they were never called.
    """
    from declarative.app import state_rebuild

    rebuild_options = state_rebuild.RebuildOptions(
        keep=keep, over_older=over_older, lock_timeout=lock_timeout, reason=reason
    )
    context.print_text("\n".join(state_rebuild.rebuild_lock(context.open_session(path), rebuild_options)))
    return Exit.DONE


@state.command()
@options.project_schema
@options.reason
@options.lock_timeout
@click.pass_obj
def rekey(context: Context, path: Path, lock_timeout: float, reason: str) -> int:
    """Write the lock under another person key.

    Set both keys, the new one first: DIALCTL_PERSON_KEY=NEW,OLD. Until then runs go on under the old one. What the
    digests stand for is read again from manifests and providers; where that fails for anybody, nothing is written.
    """
    from declarative.app import state_rekey

    context.print_text(state_rekey.rekey_lock(context.open_session(path), lock_timeout, reason))
    return Exit.DONE


@state.command()
@options.project_schema
@options.reason
@options.lock_timeout
@click.pass_obj
def merge(context: Context, path: Path, lock_timeout: float, reason: str) -> int:
    """Resolve a git conflict in dialctl.lock.

    The result keeps both sides, and every open intent of each.
    """
    from declarative.app import state_admin

    context.print_text(state_admin.merge_lock(context.open_session(path), lock_timeout, reason))
    return Exit.DONE


@state.command()
@click.argument("url")
@options.project_schema
@options.reason
@options.lock_timeout
@click.pass_obj
def push(context: Context, url: str, path: Path, lock_timeout: float, reason: str) -> int:
    """Copy the lock from this directory to another place.

    Its history goes with it.
    """
    from declarative.app import state_admin

    context.print_text(state_admin.push_lock(context.open_session(path), url, lock_timeout, reason))
    return Exit.DONE


@state.command()
@click.argument("url")
@options.project_schema
@options.reason
@options.lock_timeout
@click.pass_obj
def pull(context: Context, url: str, path: Path, lock_timeout: float, reason: str) -> int:
    """Copy the lock from another place to this directory.

    Its history comes with it.
    """
    from declarative.app import state_admin

    context.print_text(state_admin.pull_lock(context.open_session(path), url, lock_timeout, reason))
    return Exit.DONE


@click.command("force-unlock")
@click.argument("lease_id", metavar="ID")
@options.project_schema
@click.pass_obj
def force_unlock(context: Context, lease_id: str, path: Path) -> int:
    """Take the lease from a run that is gone for sure. A run that still lives can no longer send or write."""
    from declarative.app import state_admin

    context.print_text(state_admin.force_unlock(context.open_session(path), lease_id))
    return Exit.DONE
