"""The people of a resource as columns, with their data beside them. Knows nothing of where they came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import polars as pl

from declarative.model import frames
from declarative.model.digest import PersonKey
from declarative.model.packed_texts import PackedTexts

READ_AT_ONCE = 1 << 21
"""People whose data are read at a time, where all of them are written in another order than theirs."""


@dataclass(frozen=True, eq=False)
class People:
    """People in their order. Most of what is decided about them needs no data, so these are packed."""

    rows: pl.DataFrame
    """The columns `number` (E.164), and `data_row` (UInt32): the place of their data among `payloads`."""
    payloads: PackedTexts
    """Canonical JSON objects of their own fields, `{}` for none."""

    @classmethod
    def of(cls, frame: pl.DataFrame) -> Self:
        """The people of a frame of `number` and `payload`."""
        places = pl.int_range(len(frame), dtype=pl.UInt32, eager=True).alias("data_row")
        rows = frame.get_column("number").to_frame().insert_column(1, places)
        return cls(rows, PackedTexts.of(frame.get_column("payload")))

    @property
    def frame(self) -> pl.DataFrame:
        """The columns `number` and `payload`. Of many people it takes memory that nobody else needs."""
        return self.with_data(self.rows) if self.payloads.is_packed else self._small_frame

    @cached_property
    def _small_frame(self) -> pl.DataFrame:
        return self.with_data(self.rows)

    def with_data(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return rows with `payload` in the place of `data_row`, null for a null."""
        payloads = self.payloads.take(rows.get_column("data_row")).alias("payload")
        return pl.DataFrame([payloads if column.name == "data_row" else column for column in rows.get_columns()])

    def for_zones(self, column: str | None) -> pl.DataFrame:
        """Return what tells their time zones: with `payload` where a column of their own data does."""
        return self.rows if column is None else self.frame

    def numbers_digest(self, key: PersonKey) -> str:
        """Digest of the set of numbers, as frames.numbers_digest."""
        return frames.numbers_digest(self.rows, key)

    def payloads_digest(self, key: PersonKey) -> str:
        """Digest of the numbers with their data, as frames.payloads_digest."""
        return self.rows_digest(self.rows, key)

    def rows_digest(self, rows: pl.DataFrame, key: PersonKey) -> str:
        """Digest of rows with their data, as frames.rows_digest of `with_data(rows)`."""
        return key.digest_lines(self._lines(rows))

    def _lines(self, rows: pl.DataFrame) -> Iterator[str]:
        if not self.payloads.is_packed:
            yield from frames.sorted_lines(self.with_data(rows))
            return
        order = frames.find_order(rows)
        for start in range(0, len(order), READ_AT_ONCE):
            yield from frames.join_lines(self.with_data(rows[order.slice(start, READ_AT_ONCE)]))
