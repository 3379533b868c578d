"""The `dialctl` command: global flags, errors and exit codes. The other modules of this package hold the commands;
each is imported when its command is called."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from itertools import dropwhile
from pathlib import Path
from typing import Any

import click

from declarative.cli import terminal
from declarative.cli.context import Context
from declarative.errors import Exit

_COMMANDS: Mapping[str, str] = {
    "init": "declarative.cli.project:init",
    "validate": "declarative.cli.project:validate",
    "plan": "declarative.cli.plan:plan",
    "apply": "declarative.cli.apply:apply",
    "destroy": "declarative.cli.apply:destroy",
    "drift": "declarative.cli.status:drift",
    "status": "declarative.cli.status:status",
    "results": "declarative.cli.status:results",
    "resolve": "declarative.cli.resolve:resolve",
    "state": "declarative.cli.state:state",
    "force-unlock": "declarative.cli.state:force_unlock",
    "explain": "declarative.cli.reference:explain",
    "schema": "declarative.cli.reference:schema",
    "sandbox": "declarative.cli.sandbox:sandbox",
    "version": "declarative.cli.reference:version",
}


class LazyGroup(click.Group):
    """A group that imports the module of a command only when that command, or the list of commands, is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(import_module(module), name)
        _name_environment_variables(command, f"DIALCTL_{cmd_name}")
        return command


def _name_environment_variables(command: click.Command, prefix: str) -> None:
    """Give every flag an environment variable: DIALCTL_PLAN_OUT for `dialctl plan --out`."""
    for param in command.params:
        if isinstance(param, click.Option):
            flag = max(param.opts, key=len).lstrip("-")
            param.envvar = f"{prefix}_{flag}".upper().replace("-", "_")
    for name, subcommand in command.commands.items() if isinstance(command, click.Group) else ():
        _name_environment_variables(subcommand, f"{prefix}_{name}")


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-C", "--chdir", type=click.Path(path_type=Path), help="Change to this directory first.")
@click.option("--sandbox", is_flag=True, help="Use the embedded simulator: no key, no account, nobody is called.")
@click.option("--var", "variables", multiple=True, metavar="NAME=VALUE", help="Set ${var.NAME}.")
@click.option(
    "--var-file", "variable_files", multiple=True, type=click.Path(path_type=Path), help="Read variables from a file."
)
@click.option("--color/--no-color", default=None, help="Force or forbid color. NO_COLOR is honoured.")
@click.option("-q", "--quiet", is_flag=True, help="No progress and no notes.")
@click.option("-v", "--verbose", count=True, help="Show each step on stderr. Twice: also tracebacks of bugs.")
@click.pass_context
def dialctl(ctx: click.Context, /, **flags: Any) -> None:
    """Infrastructure as code for outbound AI voice calls.

    Manifests in git say who is to be called. `dialctl plan` shows it, `dialctl apply` carries it out, and the lock
    file records it. A phone call cannot be undone: each person is called once, or dialctl says that it is unsure.
    """
    ctx.obj = Context.from_flags(**flags)
    ctx.call_on_close(ctx.obj.close)


_name_environment_variables(click.Group("globals", params=dialctl.params), "DIALCTL")


def main(arguments: list[str] | None = None) -> None:
    """Run the command and exit with a code of errors.Exit."""
    terminal.replace_closed_streams()
    sys.exit(run_command(sys.argv[1:] if arguments is None else arguments))


def run_command(arguments: list[str]) -> int:
    """Run the command, print its failure if it fails, and return the exit code."""
    try:
        return int(dialctl.main(args=arguments, prog_name="dialctl", standalone_mode=False) or 0)
    except click.exceptions.Exit as exit_request:
        return exit_request.exit_code
    except BrokenPipeError:
        return int(Exit.FAILED)
    except Exception as failure:
        from declarative.cli import error_output

        return error_output.print_failure(failure, _find_command_context(arguments))


def _find_command_context(arguments: list[str]) -> click.Context:
    """Find the command that was called, with its flags from arguments and environment.

    Ignores everything else that is wrong with the arguments, so that --json holds for usage errors too.
    """
    command_context = _parse_leniently(dialctl, "dialctl", arguments, None)
    remaining = arguments
    while isinstance(command_context.command, click.Group):
        _, remaining, _ = command_context.command.make_parser(command_context).parse_args(list(remaining))
        remaining = list(dropwhile(lambda word: word.startswith("-"), remaining))
        command = command_context.command.get_command(command_context, remaining[0]) if remaining else None
        if command is None:
            break
        name, *remaining = remaining
        command_context = _parse_leniently(command, name, remaining, command_context)
    return command_context


def _parse_leniently(
    command: click.Command, name: str, arguments: list[str], parent: click.Context | None
) -> click.Context:
    settings = {"resilient_parsing": True, "ignore_unknown_options": True, "allow_extra_args": True}
    return command.make_context(name, list(arguments), parent=parent, **settings)


if __name__ == "__main__":
    main()
