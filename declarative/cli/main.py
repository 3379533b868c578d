"""The `dialctl` command: global flags, errors and exit codes. The other modules of this package hold the commands;
each is imported when its command is called."""

from __future__ import annotations

import gc
import sys
from collections.abc import Mapping
from importlib import import_module
from itertools import dropwhile

import click

from declarative.cli import examples, global_flags, terminal
from declarative.errors import NEEDS_POSIX, DialctlError, Exit

_MIN_OPEN_FILES = 32
"""Files and connections that a run with the default parallelism has open at once, with some to spare."""

_OBJECTS_BETWEEN_COLLECTIONS = 50_000
"""Python's own 700 has the garbage collector run hundreds of times while modules are imported: a fifth of a command."""

_COMMANDS: Mapping[str, str] = {
    "init": "declarative.cli.init:init",
    "validate": "declarative.cli.project:validate",
    "digest": "declarative.cli.project:digest",
    "plan": "declarative.cli.plan:plan",
    "show": "declarative.cli.plan:show",
    "apply": "declarative.cli.apply:apply",
    "destroy": "declarative.cli.apply:destroy",
    "halt": "declarative.cli.halt:halt",
    "run": "declarative.cli.run:run",
    "drift": "declarative.cli.status:drift",
    "status": "declarative.cli.status:status",
    "results": "declarative.cli.results:results",
    "report": "declarative.cli.report:report",
    "history": "declarative.cli.history:history",
    "erase": "declarative.cli.erase:erase",
    "resolve": "declarative.cli.resolve:resolve",
    "state": "declarative.cli.state:state",
    "force-unlock": "declarative.cli.state:force_unlock",
    "agents": "declarative.cli.account:agents",
    "numbers": "declarative.cli.account:numbers",
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
        if cmd_name not in self.commands:
            module, name = _COMMANDS[cmd_name].split(":")
            command: click.Command = getattr(import_module(module), name)
            _name_environment_variables(command, f"DIALCTL_{cmd_name}")
            global_flags.add_to(command)
            examples.add_to(command, cmd_name)
            self.commands[cmd_name] = command
        return self.commands[cmd_name]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command. One that is mistyped is answered with those that are near."""
        name = args[0]
        if name not in _COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            from difflib import get_close_matches

            near_names = get_close_matches(name, _COMMANDS)
            suggestion = f" Did you mean {' or '.join(repr(near_name) for near_name in near_names)}?"
            ctx.fail(f"No such command {name!r}.{suggestion if near_names else ''}")
        return super().resolve_command(ctx, args)


def _name_environment_variables(command: click.Command, prefix: str) -> None:
    """Give every flag an environment variable: DIALCTL_PLAN_OUT for `dialctl plan --out`."""
    for param in command.params:
        if isinstance(param, click.Option):
            flag = max(param.opts, key=len).lstrip("-")
            param.envvar = f"{prefix}_{flag}".upper().replace("-", "_")
    for name, subcommand in command.commands.items() if isinstance(command, click.Group) else ():
        _name_environment_variables(subcommand, f"{prefix}_{name}")


def _print_version(ctx: click.Context, _: click.Parameter, is_asked: bool) -> None:
    if is_asked and not ctx.resilient_parsing:
        from declarative.cli.reference import describe_version

        terminal.echo(describe_version())
        ctx.exit()


def _define_root() -> LazyGroup:
    root = LazyGroup(
        "dialctl",
        params=list[click.Parameter](global_flags.make_options()),
        context_settings={"help_option_names": ["-h", "--help"]},
        help="""Infrastructure as code for outbound AI voice calls.

        Manifests in git say who is to be called. `dialctl plan` shows it, `dialctl apply` carries it out, and the lock
        file records it. A phone call cannot be undone: each person is called once, or dialctl says that it is unsure.
        Global flags may stand after the command, too.
        """,
        epilog=examples.format_examples(""),
    )
    _name_environment_variables(root, "DIALCTL")
    version_help = "Print version, Python and provider types."
    root.params.append(
        click.Option(
            ["--version"], is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help=version_help
        )
    )
    return root


dialctl = _define_root()


def main(arguments: list[str] | None = None) -> None:
    """Run the command and exit with a code of errors.Exit."""
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    # httpx looks for its own command line, and with it imports rich and pygments.
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
    terminal.prepare_streams()
    exit_code = _flush_output(run_command(sys.argv[1:] if arguments is None else arguments))
    gc.freeze()  # the process ends: its memory is given back as a whole, not searched for garbage first
    sys.exit(exit_code)


def _flush_output(exit_code: int) -> int:
    """Write what is buffered. A command that did its work and could not say so has failed."""
    try:
        is_read = terminal.flush_streams()
    except OSError as error:
        terminal.drop_output()
        terminal.echo(f"Error: cannot write to stdout: {error.strerror}", err=True)
        is_read = False
    return exit_code if is_read else exit_code or int(Exit.FAILED)


def run_command(arguments: list[str]) -> int:
    """Run the command, print its failure if it fails, and return the exit code."""
    try:
        _check_system()
        return int(dialctl.main(args=arguments, prog_name="dialctl", standalone_mode=False) or 0)
    except click.exceptions.Exit as exit_request:
        return exit_request.exit_code
    except BrokenPipeError:
        terminal.drop_output()
        return int(Exit.FAILED)
    except Exception as failure:
        from declarative.cli import error_output

        return error_output.print_failure(failure, _find_command_context(arguments))


def _check_system() -> None:
    """Raise DialctlError where the system cannot do what every command needs."""
    try:
        import fcntl  # noqa: F401
    except ImportError:
        raise DialctlError(NEEDS_POSIX, hint="on Windows: wsl --install, then install dialctl there") from None
    if (open_files := _allow_open_files()) < _MIN_OPEN_FILES:
        message = f"only {open_files} files may be open at once, and dialctl needs {_MIN_OPEN_FILES}"
        raise DialctlError(message, hint="allow more open files (ulimit -n), then run again")


def _allow_open_files() -> int:
    """Raise the number of files that may be open to what is needed, if the system allows it. Returns the number."""
    import resource

    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit != resource.RLIM_INFINITY and limit < _MIN_OPEN_FILES:
        limit = _MIN_OPEN_FILES if most == resource.RLIM_INFINITY else min(most, _MIN_OPEN_FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, most))
    return _MIN_OPEN_FILES if limit == resource.RLIM_INFINITY else limit


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
