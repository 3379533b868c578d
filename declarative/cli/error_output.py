"""Prints the failure of a command: on stderr, or as one JSON document under --json. Tracebacks only on request.

Each function takes the context of the command that failed, and returns the exit code.
"""

from __future__ import annotations

import errno
import sys
import traceback
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click
from click.core import ParameterSource

from declarative import humanize
from declarative.cli import global_flags, terminal
from declarative.errors import DialctlError, Exit, Problem, UsageError, describe_system_error
from declarative.privacy import clean

_MOST_SHOWN = 200
"""Problems of one file that are printed. Of one kind the manifests describe twenty at most, and count the others."""


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
    if command_context.params.get("layout") == "github":
        from declarative.report import github

        click.echo(github.format_error(error))
    if not (_wants_json(command_context) and _print_as_json(error)):
        _print_problems(error.problems)
        terminal.echo(click.style(f"Error: {clean(error.message)}", fg="red"), err=True)
        if error.hint:
            terminal.echo(f"  {clean(error.hint)}", err=True)
    return int(error.exit_code)


def _print_problems(problems: Sequence[Problem]) -> None:
    """Print the first problems of each file, and how many more there are."""
    counts: Counter[str] = Counter()
    for problem in problems:
        counts[problem.file] += 1
        if counts[problem.file] <= _MOST_SHOWN:
            terminal.echo(clean(str(problem)), err=True)
    for file, count in counts.items():
        if count > _MOST_SHOWN:
            others = humanize.plural(count - _MOST_SHOWN, "more problem", "more problems")
            terminal.echo(f"{clean(file)}: and {others}", err=True)


def _print_as_json(error: DialctlError) -> bool:
    """Print the error document. Returns False if stdout cannot be written, so that stderr is used instead."""
    from declarative.report import json_output

    try:
        click.echo(json_output.encode(json_output.error_document(error)))
    except OSError:
        return False
    return True


def print_usage_error(misuse: click.ClickException | click.Abort, command_context: click.Context) -> int:
    """Print wrong usage."""
    if isinstance(misuse, click.Abort):
        click.echo("Aborted.", err=True)
        return int(Exit.INTERRUPTED)
    if isinstance(misuse, click.exceptions.NoArgsIsHelpError):
        click.echo(misuse.message, err=True)
        return int(Exit.USAGE)
    usage_context = getattr(misuse, "ctx", None)
    hint = f"see {usage_context.command_path} --help" if usage_context else "see dialctl --help"
    return print_error(UsageError(f"{_variable_prefix(misuse)}{misuse.format_message()}", hint=hint), command_context)


def _variable_prefix(misuse: click.ClickException) -> str:
    """Name the environment variable that a wrong value comes from. Empty where the command line gave it."""
    if not (isinstance(misuse, click.BadParameter) and misuse.ctx and misuse.param and misuse.param.name):
        return ""
    is_variable = misuse.ctx.get_parameter_source(misuse.param.name) is ParameterSource.ENVIRONMENT
    named = misuse.param.envvar or f"{misuse.ctx.auto_envvar_prefix}_{misuse.param.name.upper()}"
    return f"{named if isinstance(named, str) else ', '.join(named)}: " if is_variable else ""


def print_system_error(error: OSError, command_context: click.Context) -> int:
    """Print a failure of a file, a disk or another part of the system in its own words, and what to do about it.

    Only a file descriptor that is not open is a bug.
    """
    if error.errno is None or error.errno == errno.EBADF:
        return print_bug(error, command_context)
    return print_error(describe_system_error(error), command_context)


def print_bug(bug: Exception, command_context: click.Context) -> int:
    """Print where a bug happened, but no values: they may hold a phone number. -vv adds the traceback."""
    frame = traceback.extract_tb(bug.__traceback__)[-1]
    location = f"{type(bug).__name__} at {Path(frame.filename).name}:{frame.lineno}"
    if global_flags.read_flags(command_context).get("verbose", 0) > 1:
        traceback.print_exception(bug, file=sys.stderr)
    error = DialctlError(
        f"dialctl has a bug: {location}",
        hint="what was sent is in the lock; please report this line (dialctl -vv shows more, which may hold numbers)",
    )
    return print_error(error, command_context)


def _wants_json(command_context: click.Context) -> bool:
    return bool(command_context.params.get("as_json")) or command_context.params.get("layout") == "json"
