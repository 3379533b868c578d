"""Packed texts come out as they went in, in whatever order they are asked for, however they came."""

from __future__ import annotations

import random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from declarative.model import packed_texts
from declarative.model.packed_texts import PackedTexts

TEXTS = st.lists(st.lists(st.text(max_size=5), max_size=9), max_size=5)


def places(*rows: int | None) -> pl.Series:
    return pl.Series(rows, dtype=pl.UInt32)


def series(texts: list[str]) -> pl.Series:
    return pl.Series(texts, dtype=pl.String)


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed_texts, "_BLOCK", 4)


@given(TEXTS, st.data())
def test_what_was_packed_is_read(parts: list[list[str]], data: st.DataObject) -> None:
    column = PackedTexts.pack(map(series, parts))
    texts = [text for part in parts for text in part]
    assert len(column) == len(texts)
    assert column.is_packed == (len(texts) > 4)
    assert column.longest == max((len(text.encode()) for text in texts), default=0)
    assert [text for _, block in column.blocks() for text in block] == texts
    rows = data.draw(st.lists(st.integers(0, len(texts) - 1) | st.none())) if texts else []
    assert column.take(places(*rows)).to_list() == [None if row is None else texts[row] for row in rows]


@given(st.lists(TEXTS, max_size=3))
def test_columns_are_put_behind_each_other(columns: list[list[list[str]]]) -> None:
    joined = PackedTexts.join([PackedTexts.pack(map(series, parts)) for parts in columns])
    texts = [text for parts in columns for part in parts for text in part]
    order = random.Random(1).sample(range(len(texts)), len(texts))
    assert joined.take(places(*order)).to_list() == [texts[row] for row in order]


def test_who_reads_in_order_unpacks_each_block_once() -> None:
    column = PackedTexts.pack([series([f"text {row}" for row in range(12)])])
    first = column.take(places(0)).to_list(), column._last_read
    assert first[0] == ["text 0"]
    column.take(places(1, 3))
    assert column._last_read is first[1]
