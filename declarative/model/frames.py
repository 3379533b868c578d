"""People as columns: digests of sets of people, numbers as integers, and a digest for each person.

Frames have the String columns `number` (E.164) and `payload` (canonical JSON). Knows nothing of where they came from.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from declarative.model.digest import PersonKey

E164 = r"^\+[1-9][0-9]{6,14}$"
"""A phone number as manifests and locks hold it: a plus and 7 to 15 digits, the first of them not 0."""
_FEW = 5_000
"""Fewer rows than these are sorted as texts, in the same order: making integers of them would take longer."""
FEW = 1_000
"""As many rows are looked at one by one in less time than it takes to begin with a column."""
_CHUNK = 65_536
"""Rows that are made into text at a time."""


def numbers_digest(frame: pl.DataFrame, key: PersonKey) -> str:
    """Digest of the set of numbers: sorted, one a line."""
    return rows_digest(frame.select("number"), key)


def payloads_digest(frame: pl.DataFrame, key: PersonKey) -> str:
    """Digest of numbers with their data: `number`, a tab, `payload`; sorted by number, one a line."""
    return rows_digest(frame.select("number", "payload"), key)


def rows_digest(frame: pl.DataFrame, key: PersonKey) -> str:
    """Digest of rows with distinct `number`s: sorted by number, cells separated by tabs, one row a line."""
    return key.digest_lines(sorted_lines(frame))


def number_keys(numbers: pl.Series) -> pl.Series:
    """E.164 numbers as integers (UInt64), null for any other text.

    Two numbers have the same integer only if their texts are the same, and integers sort as the texts do. To sort or
    join a million integers takes a fraction of the time that texts take.
    """
    number = pl.col("number")
    frame = numbers.to_frame("number").select(pl.when(number.str.contains(E164)).then(number.str.slice(1)))
    size = number.str.len_bytes().cast(pl.UInt64)
    # At most 15 digits, padded with zeros on the right. The size tells the padding from the number's own zeros.
    padded = number.cast(pl.UInt64) * pl.lit(10, dtype=pl.UInt64).pow(15 - size)
    return frame.select((padded * 16 + size).alias("key")).to_series()


def has_duplicates(frame: pl.DataFrame) -> bool:
    """Whether a number occurs more than once."""
    numbers = frame.get_column("number")
    if len(numbers) < _FEW:
        texts = [text for text in numbers.to_list() if text]
        return len(set(texts)) < len(texts)
    keys = number_keys(numbers).drop_nulls()
    return keys.n_unique() < len(keys)


def empty_frame() -> pl.DataFrame:
    """A frame of no people."""
    return pl.DataFrame(schema={"number": pl.String, "payload": pl.String})


def with_person_digest(frame: pl.DataFrame, key: PersonKey, lineage: str) -> pl.DataFrame:
    """Add the String column `person`: the digest that stands for the number in a lock of this lineage."""
    persons = [key.digest_person(lineage, number) for number in frame.get_column("number").to_list()]
    return frame.with_columns(pl.Series("person", persons, dtype=pl.String))


def sorted_lines(frame: pl.DataFrame) -> Iterator[str]:
    """Yield the text of rows sorted by number, many at a time: cells separated by tabs, one row a line."""
    if len(frame) > FEW:
        yield from join_lines(frame[find_order(frame)])
        return
    place = frame.columns.index("number")
    for row in sorted(frame.iter_rows(), key=lambda row: row[place]):
        yield "\t".join(row if all(type(cell) is str for cell in row) else map(_write_cell, row)) + "\n"


def _write_cell(cell: object) -> str:
    if cell is None:  # a digest must not skip a null in silence
        raise TypeError
    return str(cell)


def find_order(frame: pl.DataFrame) -> pl.Series:
    """The places of the rows (UInt32) in the order of the texts of their numbers."""
    numbers = frame.get_column("number")
    if len(frame) >= _FEW:
        keys = number_keys(numbers)
        numbers = numbers if keys.null_count() else keys
    return numbers.arg_sort()


def join_lines(frame: pl.DataFrame) -> Iterator[str]:
    """Yield the text of many rows at a time: cells separated by tabs, one row a line."""
    line = pl.concat_str(pl.all(), separator="\t")
    for chunk in frame.iter_slices(_CHUNK):
        # A digest must not skip a null in silence. With a null the joined text is None, and the sum below raises.
        yield chunk.select(line.str.join("\n", ignore_nulls=False)).item() + "\n"
