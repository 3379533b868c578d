"""How a command that fails says so: one voice, on stderr, or one JSON document under --json; never a traceback, unless
asked for. `called` is the command that was called with its flags."""

from __future__ import annotations

import errno
import sys
import traceback
from pathlib import Path

import click

from declarative.cli import terminal
from declarative.errors import DialctlError, Exit, UsageError
from declarative.privacy import clean

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def of_any(failure: Exception, called: click.Context) -> int:
    match failure:
        case click.ClickException() | click.Abort():
            return of_usage(failure, called)
        case DialctlError():
            return of_error(failure, called)
        case OSError():
            return of_system(failure, called)
        case _:
            return of_bug(failure, called)


def of_error(error: DialctlError, called: click.Context) -> int:
    if not (_wants_json(called) and _is_printed_as_json(error)):
        for problem in error.problems:
            terminal.echo(clean(str(problem)), err=True)
        terminal.echo(click.style(f"Error: {clean(error.message)}", fg="red"), err=True)
        if error.hint:
            terminal.echo(f"  {clean(error.hint)}", err=True)
    return int(error.exit_code)


def _is_printed_as_json(error: DialctlError) -> bool:
    """Not where stdout itself takes no more: that is said on stderr."""
    from declarative.report import json_output as as_json

    try:
        click.echo(as_json.encode(as_json.error(error)))
    except OSError:
        return False
    return True


def of_usage(misuse: click.ClickException | click.Abort, called: click.Context) -> int:
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
        misplaced = UsageError(f"{flag} stands before the command", hint=f"{program} {flag}{value} {command}")
        return of_error(misplaced, called)
    context = getattr(misuse, "ctx", None)
    hint = f"see {context.command_path} --help" if context else "see dialctl --help"
    return of_error(UsageError(misuse.format_message(), hint=hint), called)


def _global_flags(context: click.Context) -> dict[str, bool]:
    """Each, and whether it stands alone, with no value after it."""
    options = [param for param in context.find_root().command.params if isinstance(param, click.Option)]
    return {flag: one.is_flag or one.count for one in options for flag in (*one.opts, *one.secondary_opts)}


def of_system(problem: OSError, called: click.Context) -> int:
    """A file or the machine does not do as it should: said as the system says it, with the file's name where it names
    one."""
    if problem.filename is None and problem.errno not in _FULL:
        return of_bug(problem, called)
    return of_error(DialctlError(f"{problem.filename or 'cannot write'}: {problem.strerror}"), called)


def of_bug(bug: Exception, called: click.Context) -> int:
    """Says where it happened and nothing of what was in hand, which may be somebody's number."""
    place = traceback.extract_tb(bug.__traceback__)[-1]
    where = f"{type(bug).__name__} at {Path(place.filename).name}:{place.lineno}"
    if called.find_root().params["verbose"] > 1:
        traceback.print_exception(bug, file=sys.stderr)
    error = DialctlError(
        f"dialctl has a bug: {where}",
        hint="what was sent is in the lock; please report this line (dialctl -vv shows more, which may hold numbers)",
    )
    return of_error(error, called)


def _wants_json(called: click.Context) -> bool:
    return bool(called.params.get("as_json")) or called.params.get("layout") == "json"
