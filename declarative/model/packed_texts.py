"""A column of texts that takes a fraction of its size until it is read: the data of people, of whom there may be ten
million. Knows nothing of people."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Self

import polars as pl

_BLOCK = 65_536
"""Texts that are packed together. A column of no more than these stays as it is."""
_Block = bytes | pl.Series


class PackedTexts:
    """Texts by their place, from 0, in blocks that are packed one by one."""

    def __init__(self, blocks: Sequence[_Block], sizes: Sequence[int], longest: int) -> None:
        self._blocks = blocks
        self._sizes = sizes
        self._longest_packed = longest
        self._last_read: tuple[int, pl.Series] | None = None

    @classmethod
    def of(cls, texts: pl.Series) -> Self:
        """Keep few texts as they are."""
        return cls([texts], [len(texts)], 0)

    @classmethod
    def pack(cls, parts: Iterable[pl.Series]) -> Self:
        """Pack texts that come part by part."""
        waiting: pl.Series | None = None
        blocks: list[_Block] = []
        sizes: list[int] = []
        longest = 0
        for part in _cut(parts):
            if waiting is not None:
                blocks.append(_pack_block(waiting))
                longest = max(longest, _find_longest(waiting))
            waiting = part
            sizes.append(len(part))
        return cls(blocks if waiting is None else [*blocks, waiting], sizes, longest)

    @classmethod
    def join(cls, columns: Sequence[PackedTexts]) -> Self:
        """Put columns behind each other."""
        return cls(
            [block for column in columns for block in column._blocks],
            [size for column in columns for size in column._sizes],
            max((column._longest_packed for column in columns), default=0),
        )

    def __len__(self) -> int:
        return sum(self._sizes)

    @cached_property
    def longest(self) -> int:
        """The bytes of the longest text."""
        unpacked = [_find_longest(block) for block in self._blocks if isinstance(block, pl.Series)]
        return max(self._longest_packed, *unpacked, 0)

    @cached_property
    def _starts(self) -> pl.Series:
        """The place of the first text of each block."""
        return pl.Series([0, *accumulate(self._sizes[:-1])], dtype=pl.UInt32)

    @property
    def is_packed(self) -> bool:
        """Whether it takes work to read a text."""
        return any(isinstance(block, bytes) for block in self._blocks)

    def blocks(self) -> Iterator[tuple[int, pl.Series]]:
        """Yield all texts, block by block, each with the place of its first one."""
        for index in range(len(self._blocks)):
            yield self._starts[index], self._read(index)

    def take(self, places: pl.Series) -> pl.Series:
        """Return the texts at these places (UInt32), in their order; null for a null."""
        if places.null_count():
            frame = pl.DataFrame({"place": places}).with_row_index("order")
            filled = frame.drop_nulls()
            known = filled.select("order", self.take(filled.get_column("place")).alias("text"))
            return frame.join(known, on="order", how="left", maintain_order="left").get_column("text")
        if len(self._blocks) == 1:
            return self._read(0)[places]
        wanted = pl.DataFrame({"place": places}).with_row_index("order")
        wanted = wanted.with_columns((self._starts.search_sorted(places, side="right") - 1).alias("block"))
        by_block = wanted.partition_by("block", as_dict=True, maintain_order=True)
        # Of each block a copy of what is wanted: otherwise some texts of each would keep the whole of it.
        parts = [
            self._read(index).gather(part.get_column("place") - self._starts[index]) + ""
            for (index,), part in by_block.items()
            if isinstance(index, int)
        ]
        if not parts:
            return pl.Series(dtype=pl.String)
        order = pl.concat([part.get_column("order") for part in by_block.values()])
        texts = pl.concat(parts)
        return texts if order.is_sorted() else texts.gather(order.arg_sort())

    def _read(self, index: int) -> pl.Series:
        block = self._blocks[index]
        if isinstance(block, pl.Series):
            return block
        if self._last_read is None or self._last_read[0] != index:  # whoever reads in order meets each block once
            self._last_read = index, pl.read_ipc(block).to_series()
        return self._last_read[1]


def _cut(parts: Iterable[pl.Series]) -> Iterator[pl.Series]:
    """Yield the texts in full blocks, but for the last of all."""
    rest: pl.Series | None = None
    for part in parts:
        texts = part if rest is None or rest.is_empty() else pl.concat([rest, part])
        full = len(texts) - len(texts) % _BLOCK
        for start in range(0, full, _BLOCK):
            yield texts.slice(start, _BLOCK)
        rest = texts.slice(full)
    if rest is not None and len(rest):
        yield rest


def _pack_block(texts: pl.Series) -> bytes:
    packed = io.BytesIO()
    texts.rename("text").to_frame().write_ipc(packed, compression="zstd")
    return packed.getvalue()


def _find_longest(texts: pl.Series) -> int:
    longest = texts.str.len_bytes().max()
    return longest if isinstance(longest, int) else 0
