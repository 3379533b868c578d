"""People with packed data are the same people: their frame, and their digests, in any order and number."""

from __future__ import annotations

import random

import polars as pl
import pytest

from declarative.model import frames, packed_texts, people
from declarative.model.digest import PersonKey
from declarative.model.packed_texts import PackedTexts
from declarative.model.people import People

KEY = PersonKey("a key for tests")


def everybody(count: int) -> pl.DataFrame:
    order = random.Random(count).sample(range(count), count)
    numbers = [f"+1415555{place:04}" for place in order]
    return pl.DataFrame({"number": numbers, "payload": [f'{{"metadata":{{"n":{place}}}}}' for place in order]})


@pytest.mark.parametrize("count", [1, 7, 100])
def test_digests_do_not_tell_how_data_are_kept(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = everybody(count)
    monkeypatch.setattr(packed_texts, "_BLOCK", 6)
    monkeypatch.setattr(people, "READ_AT_ONCE", 17)
    packed = People(People.of(frame).rows, PackedTexts.pack([frame.get_column("payload")]))
    assert packed.payloads.is_packed == (count > 6)
    assert packed.frame.rows() == frame.rows()
    assert packed.numbers_digest(KEY) == frames.numbers_digest(frame, KEY)
    assert packed.payloads_digest(KEY) == frames.payloads_digest(frame, KEY)


def test_some_of_them_keep_their_own_data() -> None:
    few = People.of(everybody(20))
    rows = few.rows.filter(pl.col("number") > "+14155550009").with_columns(verb=pl.lit("create"))
    assert few.with_data(rows).columns == ["number", "payload", "verb"]
    by_number = dict(everybody(20).rows())
    assert few.with_data(rows).rows() == [(number, by_number[number], "create") for number in rows["number"]]
    unwanted = rows.head(1).with_columns(data_row=pl.lit(None, dtype=pl.UInt32))
    assert few.with_data(pl.concat([rows, unwanted])).row(-1) == (rows.item(0, "number"), None, "create")
