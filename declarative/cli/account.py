"""`dialctl agents` and `dialctl numbers`: what manifests can name. They read and change nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from declarative.cli import completion, options
from declarative.cli.context import Context
from declarative.errors import Exit

if TYPE_CHECKING:
    from declarative.app.account import ProviderAccount

_provider = click.option(
    "--provider",
    metavar="NAME",
    shell_complete=completion.provider_types,
    help="Only this provider.  [default: those that manifests use]",
)


@click.command()
@_provider
@options.project_schema
@options.as_json
@click.pass_obj
def agents(context: Context, provider: str | None, path: Path, as_json: bool) -> int:
    """List the agents of the account."""
    from declarative.app.account import AccountList, list_account

    accounts = list_account(context.open_session(path), AccountList.AGENTS, provider)
    if as_json:
        _print_json(context, "agents", accounts, "name")
    else:
        _print_rows(
            context,
            [(account.provider, entry.id, entry.name, entry.kind) for account in accounts for entry in account.entries],
        )
    return Exit.DONE


@click.command()
@_provider
@options.project_schema
@options.show_numbers
@options.as_json
@click.pass_obj
def numbers(context: Context, provider: str | None, path: Path, show_numbers: bool, as_json: bool) -> int:
    """List the numbers that the account calls from.

    They are the account's own, and masked all the same unless --show-numbers or --json is given.
    """
    from declarative.app.account import AccountList, list_account
    from declarative.privacy import mask

    accounts = list_account(context.open_session(path), AccountList.NUMBERS, provider)
    if as_json:
        _print_json(context, "numbers", accounts, "number")
        return Exit.DONE
    shown = str if show_numbers else mask
    _print_rows(
        context,
        [
            (account.provider, shown(entry.id) if entry.id == entry.name else entry.id, shown(entry.name), entry.kind)
            for account in accounts
            for entry in account.entries
        ],
    )
    return Exit.DONE


def _print_rows(context: Context, rows: list[tuple[str, ...]]) -> None:
    from declarative.privacy import clean

    cleaned = [[clean(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in cleaned) for column in range(4)] if cleaned else []
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cleaned]
    context.print_data("\n".join(lines) or "The provider lists none.")


def _print_json(context: Context, what: str, accounts: list[ProviderAccount], name: str) -> None:
    from declarative.report import json_output

    rows = [
        {"provider": account.provider, "id": entry.id, name: entry.name, "kind": entry.kind}
        for account in accounts
        for entry in account.entries
    ]
    context.print_data(json_output.encode({"format_version": "1", what: rows}))
