"""Reads the numbers of do-not-call files. A recipient is held back if a row could mean them: too many people held back
is a count in the plan, one too few is a person called who must not be."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from declarative.model.digest import PersonKey
from declarative.model.numbers import FIGURE, normalize_column, trunkless_column

_AROUND = "['\"=`\\s]+"
_EXTENSION = r"(?i)[ )]*(?:ext\.?|x|;ext=|#)[ :.]*[0-9]{1,7}\s*$"
_SHORTEST = 7
"""Digits that a number has at least."""


class SuppressedNumbers(NamedTuple):
    """Who must not be called."""

    numbers: pl.Series
    """Numbers in normal form."""
    endings: pl.Series
    """Digits of numbers without a country: whoever's number ends with them is held back."""
    size: int
    """How many different numbers the list names, however many numbers each of them could mean."""
    persons: frozenset[str] = frozenset()
    """What stands for erased people, as PersonKey.name_erased makes it of a number."""
    key: PersonKey = PersonKey(None)
    """The key that it was made with."""

    def matches(self, numbers: pl.Series) -> pl.Series:
        """Whether each number in normal form must not be called."""
        held = numbers.is_in(self.numbers.implode())
        for length in self.endings.str.len_chars().unique().to_list():
            endings = self.endings.filter(self.endings.str.len_chars() == length)
            held |= numbers.str.tail(length).is_in(endings.implode())
        if self.persons:
            for key in self.key.every:
                names = [key.name_erased(number) in self.persons for number in numbers.to_list()]
                held |= pl.Series(names, dtype=pl.Boolean)
        return held


def read_suppressed(texts: pl.Series, region: str | None) -> tuple[SuppressedNumbers, pl.Series]:
    """All numbers that a column of texts could mean, and for each text whether it means none."""
    texts = texts.rename("number")
    normal = normalize_column(texts, region)
    rows = pl.DataFrame({"row": pl.int_range(len(texts), eager=True), "number": texts, "normal": normal})
    odd = rows.filter(pl.col("normal").is_null() | ~pl.col("number").str.contains(r"^\s*\+"))
    pieces = _pieces(odd)
    meanings = _meanings(pieces.get_column("number"), region)
    international = pl.concat([pieces.select("row", meaning.alias("number")) for meaning in meanings]).drop_nulls()
    numbers = pl.concat([normal.drop_nulls(), international.get_column("number")]).unique()
    # Without a country a number is known by its last digits only. With one it would have been read, if it were whole.
    is_broken = pl.col("number").str.contains(r"[0-9][eE][-+]?[0-9]|^\s*\+")  # a spreadsheet may cut the last digits
    unread = pieces.filter(pl.col("normal").is_null() & ~is_broken)
    digits = unread.get_column("number").str.replace_all(r"[^0-9]", "").str.strip_chars_start("0")
    ending_rows = unread.with_columns(digits.alias("ending")).filter(pl.col("ending").str.len_chars() >= _SHORTEST)
    endings = ending_rows.filter(pl.col("ending").str.len_chars() <= 15).get_column("ending").unique()
    readable = pl.concat([international.get_column("row"), ending_rows.get_column("row")])
    is_unreadable = normal.is_null() & ~rows.get_column("row").is_in(readable.implode())
    as_written = texts.str.replace_all(r"[^\p{Nd}]", "")
    size = pl.select(pl.coalesce(normal, as_written)).to_series().n_unique()
    return SuppressedNumbers(numbers, endings, size), is_unreadable


def _pieces(odd: pl.DataFrame) -> pl.DataFrame:
    """The texts without what is written around a number, one row for each of several numbers in a cell."""
    text = pl.col("number")
    plain = text.str.replace_all(f"^{_AROUND}|{_AROUND}$", "").str.replace("(?i)^tel:", "")
    without_cents = pl.when(plain.str.contains(FIGURE)).then(plain.str.replace(r"\.[0-9]+$", "")).otherwise(plain)
    bare = without_cents.str.replace(_EXTENSION, "")
    whole = odd.with_columns(_ascii_digits(bare).alias("number"))
    parts = whole.with_columns(text.str.replace_all(r"[/,;|&\r]|\bor\b", "\n").str.split("\n")).explode("number")
    return pl.concat([whole, parts]).unique()


def _ascii_digits(text: pl.Expr) -> pl.Expr:
    """Digits and plus signs of other scripts as those of ASCII."""
    zeros = (0x0660, 0x06F0, 0x0966, 0xFF10)
    signs = {chr(zero + digit): str(digit) for zero in zeros for digit in range(10)} | {"\uff0b": "+"}
    return text.str.replace_many(list(signs), list(signs.values()))


def _meanings(texts: pl.Series, region: str | None) -> list[pl.Series]:
    digits = texts.str.replace_all(r"[^0-9+]", "")
    with_plus = pl.Series("number", pl.select("+" + digits.str.replace_all("+", "", literal=True)).to_series())
    abroad = digits.str.replace(r"^(?:00|011)", "+")
    return [
        normalize_column(texts, region),
        normalize_column(abroad),
        normalize_column(with_plus),
        trunkless_column(with_plus),
    ]
