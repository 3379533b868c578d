"""The streams of this process: stood in for where they were closed; sentences for people are broken between words at a
terminal too narrow for them, and stay whole elsewhere, for grep and for logs. Knows no command."""

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
    """Where a stream was closed, as by `2>&-`, the next file to be opened, be it the lock, would take its number, and
    what is meant for the terminal would be written there."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _LAST_STREAM:
        pass
    os.close(descriptor)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 as long as the process


def echo(text: str, *, err: bool = False) -> None:
    width = _terminal_width(sys.stderr if err else sys.stdout)
    click.echo(wrap(text, width) if width else text, err=err)


def wrap(text: str, width: int) -> str:
    """Every line in at most `width` characters, where its words allow it; what follows a break is indented."""
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
    """Columns of the terminal behind a stream; 0 where there is none, or where it does not say."""
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return 0
