"""The rows of one recipients file, of which the data are packed as they are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple, Self

import polars as pl

from declarative.model.packed_texts import PackedTexts
from declarative.model.people import People

SCHEMA = {"number": pl.String, "row": pl.UInt32, "data_row": pl.UInt32}


class FileRows(NamedTuple):
    """Rows of a file, in their order."""

    frame: pl.DataFrame
    """The columns `number`, `row` (the place in the file, from 0), and `data_row` (the place among `payloads`)."""
    payloads: PackedTexts
    """The data of each row as canonical JSON."""

    @classmethod
    def none(cls) -> Self:
        """No row."""
        return cls(pl.DataFrame(schema=SCHEMA), PackedTexts.pack([]))

    @classmethod
    def collect(cls, parts: Iterable[pl.DataFrame]) -> Self:
        """Join parts that are read one after the other, and none of which is kept; columns `number`, `payload` and
        `row`."""
        kept: list[pl.DataFrame] = []

        def payloads() -> Iterator[pl.Series]:
            for part in parts:
                kept.append(part[["number", "row"]])
                yield part.get_column("payload")

        packed = PackedTexts.pack(payloads())
        frame = pl.concat(kept)
        places = pl.int_range(len(frame), dtype=pl.UInt32, eager=True).alias("data_row")
        return cls(frame.insert_column(2, places), packed)


def join_rows(parts: Sequence[FileRows]) -> People:
    """The people of several files, one behind the other."""
    starts = accumulate([0, *(len(part.payloads) for part in parts)])
    frames = [
        pl.DataFrame([part.frame.get_column("number"), part.frame.get_column("data_row") + start])
        for start, part in zip(starts, parts, strict=False)
    ]
    return People(pl.concat(frames), PackedTexts.join([part.payloads for part in parts]))
