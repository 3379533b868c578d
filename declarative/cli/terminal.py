"""The standard streams: replaced if they are closed, and wrapped between words at a terminal. Elsewhere lines stay
whole, for grep and for logs. Knows no command."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from typing import TextIO

import click

_BETWEEN_WORDS = re.compile(r"(?<=\S) (?=\S)")
_HANGING_INDENT = 4
_LAST_STREAM = 2


def replace_closed_streams() -> None:
    """Open /dev/null for each standard stream that is closed, as by `2>&-`.

    Otherwise the next file that is opened would take its number. If that is the lock, messages for the terminal would
    be written into the lock.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _LAST_STREAM:
        pass
    os.close(descriptor)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 open until the process ends


def echo(text: str, *, err: bool = False) -> None:
    """Print text, wrapped to the width of the terminal if there is one."""
    width = _terminal_width(sys.stderr if err else sys.stdout)
    click.echo(wrap(text, width) if width else text, err=err)


def wrap(text: str, width: int) -> str:
    """Wrap every line between words to at most `width` characters. Lines after a break are indented.

    A word longer than `width` stays whole. Color codes take no width.
    """
    return "\n".join(segment for line in text.split("\n") for segment in _wrap_line(line, width))


def _wrap_line(line: str, width: int) -> Iterator[str]:
    visible = click.unstyle(line)
    if len(visible) <= width:
        yield line
        return
    indent = " " * (len(visible) - len(visible.lstrip()) + _HANGING_INDENT)
    segment, *words = _BETWEEN_WORDS.split(line)
    for word in words:
        if len(click.unstyle(segment)) + 1 + len(click.unstyle(word)) > width:
            yield segment
            segment = indent + word
        else:
            segment += f" {word}"
    yield segment


def _terminal_width(stream: TextIO) -> int:
    """Return the columns of the terminal behind a stream. 0 if there is none, or its width is unknown."""
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return 0
