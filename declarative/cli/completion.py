"""What the shell offers at Tab: addresses, labels, fields, schemas and providers. Nothing where reading fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from declarative.cli import global_flags
from declarative.cli.context import Context

if TYPE_CHECKING:
    from declarative.app.session import Session


def addresses(click_context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Addresses in the manifests and in the lock."""
    from declarative.app import completion

    return _choose(incomplete, lambda: completion.list_addresses(_open_project(click_context)))


def labels(click_context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Labels of resources, as in `team=growth`."""
    from declarative.app import completion

    return _choose(incomplete, lambda: completion.list_labels(_open_project(click_context)))


def topics(click_context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """What `dialctl explain` explains: kinds, their fields, and reasons."""
    from declarative.app import explain

    return _choose(incomplete, lambda: explain.list_topics(incomplete))


def schema_names(click_context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The published schemas."""
    from declarative.app import reference

    return _choose(incomplete, reference.list_schema_names)


def provider_types(click_context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The provider types."""
    from declarative.app import reference

    return _choose(incomplete, reference.list_provider_types)


def _choose(incomplete: str, read: Callable[[], Iterable[str]]) -> list[str]:
    choices: list[str] = []
    # A message at Tab would break the line that is typed.
    with suppress(Exception):
        choices = sorted(choice for choice in read() if choice.startswith(incomplete))
    return choices


def _open_project(click_context: click.Context) -> Session:
    flags = {**global_flags.read_flags(click_context), "quiet": True, "color": None, "verbose": 0}
    with click_context.scope(cleanup=False):
        context = Context.from_flags(**flags)
    click_context.call_on_close(context.close)
    path = click_context.params.get("path")
    return context.open_session(path if isinstance(path, Path) else Path())
