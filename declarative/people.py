"""People as columns: their digests, and telling persons apart without a number. Frames have the String columns
`number` and `payload`; knows nothing of where they came from."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from declarative.digest import PersonKey

_CHUNK = 65_536


def numbers_digest(frame: pl.DataFrame, key: PersonKey) -> str:
    """The digest of the set of numbers: sorted, one a line."""
    return key.of_lines(_lines(frame.get_column("number").sort()))


def payloads_digest(frame: pl.DataFrame, key: PersonKey) -> str:
    """The digest of numbers with their data: `number`, a tab, `payload`; sorted by number, one a line."""
    lines = frame.select(pl.concat_str("number", "payload", separator="\t").alias("line")).get_column("line")
    # A tab comes before any digit, so whole lines sort as their numbers do, at a third of the cost.
    return key.of_lines(_lines(lines.sort()))


def empty() -> pl.DataFrame:
    return pl.DataFrame(schema={"number": pl.String, "payload": pl.String})


def with_person(frame: pl.DataFrame, key: PersonKey, lineage: str) -> pl.DataFrame:
    """Adds `person`: the digest that stands for the number in the lock."""
    persons = [key.of_person(lineage, number) for number in frame.get_column("number").to_list()]
    return frame.with_columns(pl.Series("person", persons, dtype=pl.String))


def _lines(column: pl.Series) -> Iterator[str]:
    for start in range(0, len(column), _CHUNK):
        # A null must never be left out of a digest in silence: joined with one, the chunk is None and this raises.
        yield column.slice(start, _CHUNK).str.join("\n", ignore_nulls=False).item() + "\n"
