"""The context of one command: global flags, output streams, and the session. Imports nothing heavy at start."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from declarative.cli import terminal
from declarative.errors import DialctlError, UsageError

if TYPE_CHECKING:
    from declarative.app.session import Session
    from declarative.engine.signals import StopSignal
    from declarative.report.progress import ProgressLine


@dataclass
class Context:
    """One run of the command, made from the global flags."""

    directory: Path
    """The working directory, after -C. Paths that the user types are relative to it."""
    sandbox: bool
    """Whether the embedded simulator stands in for every provider."""
    variables: dict[str, str]
    """Values of `${var.NAME}` from --var, by name."""
    variable_files: tuple[Path, ...]
    """Files of --var-file, in the order typed."""
    quiet: bool
    """Whether progress and notes are left out. Results and errors are printed all the same."""
    _exit_stack: ExitStack = field(default_factory=ExitStack)
    """Sessions to close when the command ends."""
    _progress: ProgressLine | None = None
    """The progress on stderr. None until a command first needs it."""
    _has_cleared: bool = False
    """Whether `clear_screen` was called before."""

    @classmethod
    def from_flags(cls, **flags: Any) -> Context:
        """Make the context, and change directory, color and log as the flags say.

        Raises UsageError for a directory that cannot be entered, or a variable without a value.
        """
        if flags["chdir"]:
            _change_directory(flags["chdir"])
        _choose_color(flags["color"])
        if flags["verbose"]:
            _enable_step_log()
        context = cls(
            directory=_find_working_directory(),
            sandbox=flags["sandbox"],
            variables=dict(_parse_variable(text) for text in flags["variables"]),
            variable_files=tuple(flags["variable_files"]),
            quiet=flags["quiet"],
        )
        if context.sandbox:
            from declarative.app.connections import quarantine_plugins

            context._exit_stack.enter_context(quarantine_plugins())
        return context

    @property
    def progress(self) -> ProgressLine:
        """The progress line of this run, made on first use."""
        from declarative.report.progress import ProgressLine

        if self._progress is None:
            self._progress = ProgressLine(quiet=self.quiet)
        return self._progress

    def open_session(
        self,
        path: Path,
        *,
        stop: StopSignal | None = None,
        targets: Sequence[str] = (),
        labels: Sequence[str] = (),
        parallelism: int = 8,
        describe_all: bool = False,
        fetch_files: bool = True,
    ) -> Session:
        """Open a session that is closed when the command ends.

        `parallelism` is the number of concurrent reads per provider. With a `stop`, waits end at a signal.
        """
        import time

        from declarative.app.session import Session

        session = Session(
            self.find_project(path),
            directory=self.directory,
            sandbox=self.sandbox,
            variables=self.variables,
            variable_files=self.variable_files,
            targets=targets,
            labels=labels,
            parallelism=parallelism,
            progress=self.progress,
            describe_all=describe_all,
            fetch_files=fetch_files,
            sleep=stop.sleep if stop else time.sleep,
            pause=stop.pause if stop else None,
        )
        return self._exit_stack.enter_context(session)

    def find_project(self, path: Path) -> Path:
        """Find the project that a directory means, and say so if it is a child. Raises UsageError if several are."""
        from declarative.app.session import find_project

        project_path = find_project(path)
        if project_path != path:
            self.print_note(f"Project in {project_path}.")
        return project_path

    def print_data(self, text: str) -> None:
        """Print a result to stdout as it is: JSON, CSV, Markdown or columns."""
        self._end_progress()
        terminal.echo_whole(text)

    def clear_screen(self) -> None:
        """Make room for text that replaces what is shown. Elsewhere than at a terminal an empty line parts the two."""
        self._end_progress()
        if sys.stdout.isatty():
            click.clear()
        elif self._has_cleared:
            click.echo()
        self._has_cleared = True

    def print_commands(self, text: str) -> None:
        """Print lines that a CI runner is meant to obey."""
        self._end_progress()
        click.echo(text)

    def print_text(self, text: str) -> None:
        """Print a result in sentences to stdout. Long lines wrap at a terminal."""
        self._end_progress()
        terminal.echo(text)

    def print_note(self, text: str) -> None:
        """Print anything that is no result to stderr, unless the user asked for quiet."""
        self._end_progress()
        if not self.quiet:
            terminal.echo(text, err=True)

    def print_fault(self, text: str) -> None:
        """Print to stderr what is wrong, also if the user asked for quiet."""
        self._end_progress()
        terminal.echo(click.style(text, fg="red"), err=True)

    def print_in_handler(self, text: str) -> None:
        """Print a note from a signal handler, on a line of its own. Ignores a closed stderr.

        The handler may have interrupted a write to the stream, and streams are not reentrant. So this writes to the
        descriptor itself.
        """
        if not self.quiet:
            line_start = "\r\x1b[2K" if os.isatty(2) else ""
            with suppress(OSError):
                os.write(2, f"{line_start}{text}\n".encode())

    def close(self) -> None:
        """End the progress line and close every session."""
        self._end_progress()
        self._exit_stack.close()

    def _end_progress(self) -> None:
        if self._progress is not None:
            self._progress.end()


def _change_directory(directory: Path) -> None:
    try:
        os.chdir(directory)
    except OSError as error:
        raise UsageError(f'cannot change to directory "{directory}": {error.strerror}') from None


def _find_working_directory() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise DialctlError("this directory does not exist any more", hint="change to one that exists") from None


def _choose_color(color: bool | None) -> None:
    click_context = click.get_current_context()
    click_context.color = color if color is not None else (False if os.environ.get("NO_COLOR") else None)


def _parse_variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f'--var takes NAME=VALUE, not "{text}"')
    return name, value


def _enable_step_log() -> None:
    """Print each step of the protocol on stderr."""
    import logging

    logging.basicConfig(format="%(message)s", level=logging.WARNING)

    class StepFormatter(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return terminal.disarm(super().format(record))

    for handler in logging.getLogger().handlers:
        handler.setFormatter(StepFormatter("%(message)s"))
    logging.getLogger("dialctl.steps").setLevel(logging.DEBUG)
