"""How messages name what was found, and what was perhaps meant. Phone numbers come masked."""

from __future__ import annotations

import re
from collections.abc import Iterable

from declarative.privacy import clean, mask, mask_all

Path = tuple[str | int, ...]

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_LONGEST = 60


def format_path(path: Path) -> str:
    """`("spec", "recipients", 3, "to_number")` as `spec.recipients[3].to_number`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN.fullmatch(step):
            text += f".{mask_all(step)}"
        else:
            text += f"[{quote(step)}]"
    return text.removeprefix(".")


def quote(text: str) -> str:
    text = mask_all(clean(text))
    return f'"{text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"}"'


def describe_value(value: object) -> str:
    """A value by its type and, where short, its content: `the number 5`, `"soon"`, `a list`."""
    match value:
        case None:
            return "nothing (null)"
        case bool():
            return f"the boolean {str(value).lower()}"
        case int() | float():
            return f"the number {mask_all(str(value))}"
        case str():
            return quote(value)
        case list():
            return "a list"
        case _:
            return "a mapping"


def describe_number(value: object) -> str:
    """A value in the place of a phone number, never in full."""
    match value:
        case bool() | None | list() | dict():
            return describe_value(value)
        case int() | float():
            return f"the number {_mask_if_number(str(value))}"
        case _:
            return quote(_mask_if_number(clean(str(value))))


def _mask_if_number(text: str) -> str:
    return mask(text) if sum(letter.isdigit() for letter in text) >= 7 else text


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """`did you mean "x"?` when a known word is close, else nothing."""
    from difflib import get_close_matches

    close = get_close_matches(word, list(candidates), n=1, cutoff=0.6)
    return f"did you mean {quote(close[0])}?" if close else ""


def and_more(count: int, noun: str) -> str:
    """`and 5 more rows`, of those that are counted and not described."""
    return f"and {count:,} more {noun}{'' if count == 1 else 's'}"


def join_names(words: Iterable[str]) -> str:
    return mask_all(", ".join(words))
