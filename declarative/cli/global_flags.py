"""The global flags. They stand before or after the command: each command takes them too, and values are joined."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from declarative.cli.context import Context

_KEY = "dialctl.flags"
"""Where a command's contexts keep the values."""


def make_options() -> list[click.Option]:
    """Make the global flags for one command."""
    options = _define_options()
    for option in options:
        option.expose_value = False
        option.callback = _join_value
    return options


def _define_options() -> list[click.Option]:
    return [
        click.Option(["-C", "--chdir"], type=click.Path(path_type=Path), help="Change to this directory first."),
        click.Option(
            ["--sandbox"], is_flag=True, help="Use the embedded simulator: no key, no account, nobody is called."
        ),
        click.Option(["--var", "variables"], multiple=True, metavar="NAME=VALUE", help="Set ${var.NAME}."),
        click.Option(
            ["--var-file", "variable_files"],
            multiple=True,
            type=click.Path(path_type=Path),
            help="Read variables from a file.",
        ),
        click.Option(["--color/--no-color"], default=None, help="Force or forbid color. NO_COLOR is honoured."),
        click.Option(["-q", "--quiet"], is_flag=True, help="No progress and no notes."),
        click.Option(["-v", "--verbose"], count=True, help="Show each step on stderr. Twice: also tracebacks of bugs."),
    ]


def add_to(command: click.Command) -> None:
    """Make a command, and those below it, take the global flags without showing them in its help."""
    for option in make_options():
        option.hidden = True
        command.params.append(option)
    if isinstance(command, click.Group):
        for subcommand in command.commands.values():
            add_to(subcommand)
    elif command.callback is not None:
        command.callback = _with_context(command.callback)


def read_flags(click_context: click.Context) -> dict[str, Any]:
    """The values of all global flags that were parsed so far, wherever they stood."""
    return dict(click_context.meta.get(_KEY, {}))


def _join_value(click_context: click.Context, option: click.Parameter, value: Any) -> None:
    """Join a flag's value with what stood before the command. Repeatable flags add up, of others the last one wins."""
    flags, name = click_context.meta.setdefault(_KEY, {}), str(option.name)
    if name not in flags:
        flags[name] = value
    elif name in ("variables", "variable_files", "verbose"):
        flags[name] += value
    elif value or (name == "color" and value is not None):
        flags[name] = value


def _with_context(run: Callable[..., Any]) -> Callable[..., Any]:
    """Make the Context once all flags are known, and close it in the end."""

    @wraps(run)
    def run_with_context(*arguments: Any, **options: Any) -> Any:
        click_context = click.get_current_context()
        click_context.obj = Context.from_flags(**read_flags(click_context))
        click_context.call_on_close(click_context.obj.close)
        return run(*arguments, **options)

    return run_with_context
