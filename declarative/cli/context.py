"""What every command gets from the global flags, and how it reaches a session. Imports nothing heavy."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from declarative.cli import terminal
from declarative.errors import UsageError

if TYPE_CHECKING:
    from declarative.app.session import Session
    from declarative.engine.signals import StopSignal
    from declarative.report.progress import ProgressLine


@dataclass
class Context:
    """One run of the command. `directory` is where the user stands."""

    directory: Path
    sandbox: bool
    variables: dict[str, str]
    variable_files: tuple[Path, ...]
    quiet: bool
    _exit_stack: ExitStack = field(default_factory=ExitStack)
    _progress: ProgressLine | None = None

    @classmethod
    def from_flags(cls, **flags: Any) -> Context:
        """Raises UsageError for a directory that is none or a variable without a value."""
        if flags["chdir"]:
            _change_directory(flags["chdir"])
        _choose_color(flags["color"])
        if flags["verbose"]:
            _enable_step_log()
        return cls(
            directory=Path.cwd(),
            sandbox=flags["sandbox"],
            variables=dict(_parse_variable(text) for text in flags["variables"]),
            variable_files=tuple(flags["variable_files"]),
            quiet=flags["quiet"],
        )

    @property
    def progress(self) -> ProgressLine:
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
        parallelism: int = 8,
        describe_all: bool = False,
        fetch_files: bool = True,
    ) -> Session:
        """A session that is closed when the command ends."""
        import time

        from declarative.app.session import Session

        session = Session(
            path,
            directory=self.directory,
            sandbox=self.sandbox,
            variables=self.variables,
            variable_files=self.variable_files,
            targets=targets,
            parallelism=parallelism,
            progress=self.progress,
            describe_all=describe_all,
            fetch_files=fetch_files,
            sleep=stop.sleep if stop else time.sleep,
            pause=stop.pause if stop else None,
        )
        return self._exit_stack.enter_context(session)

    def print_data(self, text: str) -> None:
        """A result as it is, for a machine or in columns: to stdout."""
        self._end_progress()
        click.echo(text)

    def print_text(self, text: str) -> None:
        """A result in sentences: to stdout."""
        self._end_progress()
        terminal.echo(text)

    def print_note(self, text: str) -> None:
        """Anything else: to stderr, unless the user asked for quiet."""
        self._end_progress()
        if not self.quiet:
            terminal.echo(text, err=True)

    def print_in_handler(self, text: str) -> None:
        """A remark made by a signal's handler, which may have cut into a line or into a write to the stream: past the
        stream, in a line of its own. A stderr that is gone is no reason to stop otherwise."""
        if not self.quiet:
            line_start = "\r\x1b[2K" if os.isatty(2) else ""
            with suppress(OSError):
                os.write(2, f"{line_start}{text}\n".encode())

    def close(self) -> None:
        self._end_progress()
        self._exit_stack.close()

    def _end_progress(self) -> None:
        if self._progress is not None:
            self._progress.end()


def _change_directory(directory: Path) -> None:
    try:
        os.chdir(directory)
    except OSError as error:
        raise UsageError(f'cannot stand in "{directory}": {error.strerror}') from None


def _choose_color(color: bool | None) -> None:
    click_context = click.get_current_context()
    click_context.color = color if color is not None else (False if os.environ.get("NO_COLOR") else None)


def _parse_variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f'--var takes NAME=VALUE, not "{text}"')
    return name, value


def _enable_step_log() -> None:
    import logging

    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    logging.getLogger("dialctl.steps").setLevel(logging.DEBUG)
