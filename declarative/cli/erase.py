"""`dialctl erase`: take people out of what dialctl keeps, and say where else they stand."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from declarative import humanize
from declarative.cli import options
from declarative.cli.context import Context
from declarative.errors import Exit, UsageError

if TYPE_CHECKING:
    from declarative.app.erase import Erasure


@click.command()
@click.argument("numbers", metavar="NUMBER...|-", nargs=-1, required=True)
@options.project_schema
@click.pass_obj
def erase(context: Context, numbers: tuple[str, ...], path: Path) -> int:
    """Erase people from caches and sandbox. `-` reads numbers from stdin.

    It prints the places in the checkout and the ids at each provider, for you to delete there, and last the rows for a
    do-not-call file: with DIALCTL_PERSON_KEY a digest for its column `person`, without it the number itself.
    """
    from declarative.app.erase import erase_people
    from declarative.app.results import normalize_all
    from declarative.cli.sandbox import delete_embedded

    words = [word for number in numbers for word in (_read_stdin() if number == "-" else [number])]
    if not words:
        raise UsageError("no number was given", hint="dialctl erase +14155550101")
    session = context.open_session(path)
    erasure = erase_people(session, normalize_all(words))
    session.close()
    if erasure.has_sandbox:
        delete_embedded(session.data_directory / "sandbox")
    context.print_data("\n".join(_describe(erasure)))
    return Exit.FAILED if erasure.unread or erasure.unsearched else Exit.DONE


def _read_stdin() -> list[str]:
    return list(filter(None, map(str.strip, sys.stdin)))


def _describe(erasure: Erasure) -> Iterator[str]:
    sandbox = ", and the sandbox with its lock" if erasure.has_sandbox else ""
    yield f"Deleted: {humanize.plural(erasure.cache_files, 'file', 'files')} of caches{sandbox}."
    if erasure.places:
        yield "In the checkout, for you to delete (and in the history of git, where they were committed):"
        yield from (f"  {place}" for place in erasure.places)
    else:
        yield "In the checkout: nowhere (the history of git was not searched)."
    yield from (f"  not searched: {reason}" for reason in erasure.unsearched)
    if erasure.at_providers:
        yield "At the providers, for you to have deleted there:"
        yield from (f"  {provider}  {address}  {remote_id}" for provider, address, remote_id in erasure.at_providers)
    else:
        yield "At the providers: nowhere, as far as they could be read."
    yield from (f"  not read: {address}: {reason}" for address, reason in erasure.unread)
    if erasure.has_key:
        yield "In lock and history: no number. Their digests cannot be guessed without DIALCTL_PERSON_KEY."
    else:
        yield (
            "In lock and history: no number, but without DIALCTL_PERSON_KEY the digests in the lock can be guessed by "
            "trying numbers."
        )
    yield "Rows for a do-not-call file:"
    header = erasure.rows[0][0]
    yield from (header, *(cell for _, cell in erasure.rows))
