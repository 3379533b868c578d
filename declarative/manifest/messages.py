"""How messages quote what was found and suggest what was perhaps meant. Phone numbers are always masked."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from declarative.model.numbers import SPACES, UNSEEN
from declarative.privacy import clean, mask, mask_all

Path = tuple[str | int, ...]
"""A place in a document: keys and list indexes from the root."""

MOST_DESCRIBED = 20
"""Problems of one kind that are described one by one, at most. Further ones are counted."""

OF_VARIABLE = "the value of a variable"
"""Stands in messages for a value that a variable brought in, which may hold a secret."""
EVERY_PROBLEM = "dialctl validate --problems FILE writes each of them"
"""The hint of a problem that stands for several."""

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_LONGEST = 60
_PASSWORD = re.compile(r"(?<=://)\S*(?=@)|(?<=[?&]password=)[^&\s]*")
_UNSEEN = re.compile(f"[{UNSEEN}{SPACES.removeprefix(' ')}\u2018-\u201f]")


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
    """The text in quotes: without control characters and passwords of URLs, with numbers masked, cut after 60
    characters."""
    text = mask_all(_PASSWORD.sub("…", clean(text)))
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
    """A value that is written where a phone number is expected, never shown in full."""
    match value:
        case bool() | None | list() | dict():
            return describe_value(value)
        case int() | float():
            return f"the number {_mask_if_number(str(value))}"
        case _:
            return quote(_mask_if_number(clean(str(value))))


def _mask_if_number(text: str) -> str:
    return mask(text) if sum(letter.isdigit() for letter in text) >= 7 else text


def name_unseen(text: str) -> str:
    """The characters of a text that look like others or like nothing, by name: blanks that are none, curly quotes,
    directions. Empty for a text without any."""
    unusual = (character for character in dict.fromkeys(text) if _UNSEEN.search(character))
    return " and ".join(
        f"{unicodedata.name(character, 'a character')} (U+{ord(character):04X})" for character in unusual
    )


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """`did you mean "x"?` when a candidate is close to `word`, otherwise an empty text."""
    from difflib import get_close_matches

    close = get_close_matches(word, list(candidates), n=1, cutoff=0.6)
    return f"did you mean {quote(close[0])}?" if close else ""


def list_known(names: Iterable[str]) -> str:
    """A hint with all names that are valid at a place: `known: a, b`."""
    return f"known: {join_names(names)}"


def suggest(word: str, candidates: Iterable[str]) -> str:
    """The hint for an unknown word: the closest candidate, or all of them when none is close."""
    names = list(candidates)
    return did_you_mean(word, names) or list_known(names)


def and_more(count: int, noun: str) -> str:
    """`and 5 more rows`, for problems that are counted and not described one by one."""
    return f"and {count:,} more {noun}{'' if count == 1 else 's'}"


def join_names(words: Iterable[str]) -> str:
    """The words separated by commas, numbers masked."""
    return mask_all(", ".join(words))
