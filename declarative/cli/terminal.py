"""The standard streams: replaced if they are closed, wrapped between words at a terminal, in any encoding, and never
a command to a CI runner that reads the log. Elsewhere lines stay whole, for grep and for logs. Knows no command."""

from __future__ import annotations

import codecs
import io
import os
import re
import sys
from collections.abc import Iterator
from typing import TextIO

import click

_BETWEEN_WORDS = re.compile(r"(?<=\S) (?=\S)")
_HANGING_INDENT = 4
_LAST_STREAM = 2
_RUNNER_COMMAND = re.compile(r"((?:^|\r)\s*):(?=:)|##(?=\[)", re.MULTILINE)
"""Places where a GitHub runner reads a command in a log: a line that begins with `::`, or `##[` anywhere."""
_PLAIN_SYMBOLS = {
    "•": "*",
    "·": "-",
    "→": "->",
    "…": "...",
    "↻": "@",
    "×": "x",
    "✓": "ok",
    "✗": "x",
    "–": "-",
}
"""Our own symbols for a stream whose encoding lacks them."""
_ENCODING_ERRORS = "dialctl.plain"


def prepare_streams() -> None:
    """Make the standard streams safe to write to. Call it once, before anything is printed."""
    _replace_closed_streams()
    codecs.register_error(_ENCODING_ERRORS, _encode_plainly)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ENCODING_ERRORS)


def _encode_plainly(error: UnicodeError) -> tuple[str, int]:
    """Replace what a stream cannot encode: our symbols by plain ones, the rest by JSON's `\\uXXXX`."""
    assert isinstance(error, UnicodeEncodeError)  # the handler is set on streams for writing only
    text = error.object[error.start : error.end]
    return "".join(_PLAIN_SYMBOLS.get(letter) or _escape_letter(letter) for letter in text), error.end


def _escape_letter(letter: str) -> str:
    pairs = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{pairs[start : start + 2].hex()}" for start in range(0, len(pairs), 2))


def flush_streams() -> bool:
    """Write what is still buffered. Returns False if the reader of stdout is gone, and then drops the rest.

    Raises OSError for any other failure, such as a full disk.
    """
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        drop_output()
        return False
    return True


def drop_output() -> None:
    """Send what is left of stdout to /dev/null, so that Python does not complain about it at its end."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        return  # stdout has no descriptor, as in a test


def disarm(text: str) -> str:
    """Break up what a GitHub runner would obey as a command, where one reads the log."""
    if not os.environ.get("GITHUB_ACTIONS"):
        return text
    return _RUNNER_COMMAND.sub(lambda match: "## " if match.group(1) is None else f"{match.group(1)}: ", text)


def _replace_closed_streams() -> None:
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
    width = terminal_width(sys.stderr if err else sys.stdout)
    echo_whole(wrap(text, width) if width else text, err=err)


def echo_whole(text: str, *, err: bool = False) -> None:
    """Print text whose lines stay as they are."""
    # With no stream named, click writes UTF-8 to one that takes ASCII alone.
    click.echo(disarm(text), file=sys.stderr if err else sys.stdout)


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


def terminal_width(stream: TextIO) -> int:
    """Return the columns of the terminal behind a stream. 0 if there is none, or its width is unknown."""
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return 0
