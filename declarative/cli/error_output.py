"""Prints the failure of a command: on stderr, or as one JSON document under --json. Tracebacks only on request.

Each function takes the context of the command that failed, and returns the exit code.
"""

from __future__ import annotations

import errno
import sys
import traceback
from pathlib import Path

import click

from declarative.cli import terminal
from declarative.errors import DialctlError, Exit, UsageError
from declarative.privacy import clean

_DISK_FULL_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def print_failure(failure: Exception, command_context: click.Context) -> int:
    """Print any exception that ended a command."""
    match failure:
        case click.ClickException() | click.Abort():
            return print_usage_error(failure, command_context)
        case DialctlError():
            return print_error(failure, command_context)
        case OSError():
            return print_system_error(failure, command_context)
        case _:
            return print_bug(failure, command_context)


def print_error(error: DialctlError, command_context: click.Context) -> int:
    """Print every problem, the message and the hint. Control characters are taken out."""
    if not (_wants_json(command_context) and _print_as_json(error)):
        for problem in error.problems:
            terminal.echo(clean(str(problem)), err=True)
        terminal.echo(click.style(f"Error: {clean(error.message)}", fg="red"), err=True)
        if error.hint:
            terminal.echo(f"  {clean(error.hint)}", err=True)
    return int(error.exit_code)


def _print_as_json(error: DialctlError) -> bool:
    """Print the error document. Returns False if stdout cannot be written, so that stderr is used instead."""
    from declarative.report import json_output

    try:
        click.echo(json_output.encode(json_output.error_document(error)))
    except OSError:
        return False
    return True


def print_usage_error(misuse: click.ClickException | click.Abort, command_context: click.Context) -> int:
    """Print wrong usage. A global flag after the command is shown in its right place."""
    if isinstance(misuse, click.Abort):
        click.echo("Aborted.", err=True)
        return int(Exit.INTERRUPTED)
    if isinstance(misuse, click.exceptions.NoArgsIsHelpError):
        click.echo(misuse.message, err=True)
        return int(Exit.USAGE)
    if isinstance(misuse, click.NoSuchOption) and misuse.ctx and misuse.option_name in _global_flags(misuse.ctx):
        program, _, command = misuse.ctx.command_path.partition(" ")
        flag = misuse.option_name
        value = "" if _global_flags(misuse.ctx)[flag] else " ..."
        error = UsageError(f"{flag} has to stand before the command", hint=f"{program} {flag}{value} {command}")
        return print_error(error, command_context)
    usage_context = getattr(misuse, "ctx", None)
    hint = f"see {usage_context.command_path} --help" if usage_context else "see dialctl --help"
    return print_error(UsageError(misuse.format_message(), hint=hint), command_context)


def _global_flags(context: click.Context) -> dict[str, bool]:
    """Map each global flag to whether it takes no value."""
    options = [param for param in context.find_root().command.params if isinstance(param, click.Option)]
    return {
        flag: option.is_flag or option.count for option in options for flag in (*option.opts, *option.secondary_opts)
    }


def print_system_error(error: OSError, command_context: click.Context) -> int:
    """Print a failure of a file or of the disk in the system's words, with the file's name.

    An OSError about neither is a bug.
    """
    if error.filename is None and error.errno not in _DISK_FULL_ERRORS:
        return print_bug(error, command_context)
    return print_error(DialctlError(f"{error.filename or 'cannot write'}: {error.strerror}"), command_context)


def print_bug(bug: Exception, command_context: click.Context) -> int:
    """Print where a bug happened, but no values: they may hold a phone number. -vv adds the traceback."""
    frame = traceback.extract_tb(bug.__traceback__)[-1]
    location = f"{type(bug).__name__} at {Path(frame.filename).name}:{frame.lineno}"
    if command_context.find_root().params["verbose"] > 1:
        traceback.print_exception(bug, file=sys.stderr)
    error = DialctlError(
        f"dialctl has a bug: {location}",
        hint="what was sent is in the lock; please report this line (dialctl -vv shows more, which may hold numbers)",
    )
    return print_error(error, command_context)


def _wants_json(command_context: click.Context) -> bool:
    return bool(command_context.params.get("as_json")) or command_context.params.get("layout") == "json"
