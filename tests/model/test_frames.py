"""People as columns: digests that know sets, not orders; and persons told apart without a number."""

from __future__ import annotations

import hashlib

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from declarative.model import frames as people
from declarative.model.digest import PersonKey

KEY, PLAIN = PersonKey("secret"), PersonKey(None)
ADA, BOB, CLEO = (f"+1415555010{place}" for place in (1, 2, 3))
quick = settings(max_examples=60, derandomize=True, deadline=None)
rows = st.dictionaries(
    st.integers(0, 99).map(lambda place: f"+141555501{place:02}"), st.sampled_from(["{}", '{"x":1}', '{"x":"\t"}'])
)


def frame(data: dict[str, str]) -> pl.DataFrame:
    return pl.DataFrame({"number": list(data), "payload": list(data.values())}, schema=people.empty_frame().schema)


@given(rows, st.randoms(use_true_random=False))
@quick
def test_the_order_of_rows_does_not_matter(data: dict[str, str], random: object) -> None:
    shuffled = frame(data).sample(fraction=1, shuffle=True, seed=7)
    assert people.numbers_digest(shuffled, KEY) == people.numbers_digest(frame(data), KEY)
    assert people.payloads_digest(shuffled, KEY) == people.payloads_digest(frame(data), KEY)


@given(rows, rows)
@quick
def test_two_crowds_have_one_digest_only_if_they_are_the_same(one: dict[str, str], other: dict[str, str]) -> None:
    a, b = frame(one), frame(other)
    assert (people.numbers_digest(a, KEY) == people.numbers_digest(b, KEY)) is (one.keys() == other.keys())
    assert (people.payloads_digest(a, KEY) == people.payloads_digest(b, KEY)) is (one == other)


def test_the_digest_of_numbers_does_not_see_data() -> None:
    assert people.numbers_digest(frame({ADA: "{}"}), KEY) == people.numbers_digest(frame({ADA: '{"x":1}'}), KEY)


def test_data_exchanged_between_two_people_is_a_change() -> None:
    one, other = frame({ADA: '{"x":1}', BOB: "{}"}), frame({ADA: "{}", BOB: '{"x":1}'})
    assert people.payloads_digest(one, KEY) != people.payloads_digest(other, KEY)


def test_the_form_of_a_digest_is_kept_since_locks_hold_it() -> None:
    lines = f"{ADA}\n{BOB}\n"
    assert people.numbers_digest(frame({BOB: "{}", ADA: "{}"}), PLAIN) == hashlib.sha256(lines.encode()).hexdigest()
    lines = f"{ADA}\t{{}}\n{BOB}\t{{}}\n"
    assert people.payloads_digest(frame({BOB: "{}", ADA: "{}"}), PLAIN) == hashlib.sha256(lines.encode()).hexdigest()


def test_nobody_has_a_digest_too() -> None:
    assert people.numbers_digest(people.empty_frame(), PLAIN) == hashlib.sha256(b"").hexdigest()
    assert people.payloads_digest(people.empty_frame(), KEY) != people.payloads_digest(people.empty_frame(), PLAIN)


@pytest.mark.parametrize("count", [65_535, 65_536, 65_537])
def test_a_crowd_larger_than_a_chunk_is_one_text(count: int) -> None:
    many = pl.DataFrame({"number": pl.Series(range(count)).cast(pl.String).str.zfill(9)})
    text = "".join(f"{number}\n" for number in many.get_column("number"))
    assert people.numbers_digest(many, PLAIN) == hashlib.sha256(text.encode()).hexdigest()


def test_a_person_stands_for_a_number_within_a_lineage() -> None:
    marked = people.with_person_digest(frame({ADA: "{}", BOB: "{}"}), KEY, "k3v9xq")
    assert marked.get_column("person").to_list() == [KEY.digest_person("k3v9xq", number) for number in (ADA, BOB)]
    assert marked.columns == ["number", "payload", "person"]


def test_nobody_has_no_person() -> None:
    nobody = people.with_person_digest(people.empty_frame(), KEY, "k3v9xq")
    assert nobody.schema["person"] == pl.String
    assert nobody.is_empty()


def test_persons_are_different_for_different_people() -> None:
    marked = people.with_person_digest(frame(dict.fromkeys((ADA, BOB, CLEO), "{}")), KEY, "k3v9xq")
    assert marked.get_column("person").n_unique() == 3


e164 = st.from_regex(people.E164, fullmatch=True).filter(lambda text: not text.endswith("\n"))


@given(st.lists(e164 | st.text(max_size=24)))
@settings(max_examples=300, derandomize=True, deadline=None)
def test_numbers_as_integers_are_as_different_and_in_the_order_of_their_texts(numbers: list[str]) -> None:
    keys = people.number_keys(pl.Series(numbers, dtype=pl.String)).to_list()
    known = {number: key for number, key in zip(numbers, keys, strict=True) if key is not None}
    assert len(set(known.values())) == len(known)
    assert sorted(known, key=known.__getitem__) == sorted(known)


def test_what_is_no_number_has_no_integer() -> None:
    odd = [
        "",
        "+",
        "+0155501",
        "+123456",
        "+1234567890123456",
        "1415555010",
        "+1415555010x",
        "++14155550",
        "+1415 5550",
    ]
    assert people.number_keys(pl.Series(odd)).null_count() == len(odd)
    assert people.number_keys(pl.Series(["+1234567", "+12345670", "+123456789012345"])).null_count() == 0


def test_twins_are_numbers_that_are_there_more_than_once() -> None:
    assert people.has_duplicates(pl.DataFrame({"number": [ADA, BOB, ADA]}))
    assert not people.has_duplicates(pl.DataFrame({"number": [ADA, BOB, "", ""]}))
