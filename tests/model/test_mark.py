"""Our signature: what it holds, that it survives the names it is put on, and what is not taken for one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from declarative.model import mark
from declarative.model.mark import Mark

ONE = Mark("spr1n", "k3v9xq", "march01", 1, 2, 3, "sett1")
quick = settings(max_examples=100, derandomize=True, deadline=None)
marks = st.builds(
    Mark,
    project=st.text("az09", min_size=5, max_size=5),
    lineage=st.text("az09", min_size=6, max_size=6),
    address=st.text("az09", min_size=7, max_size=7),
    generation=st.integers(0, 36**3),
    shard=st.integers(0, 36**3),
    attempt=st.integers(0, 36),
    settings=st.text("az09", min_size=5, max_size=5),
)


def test_its_form() -> None:
    assert str(ONE) == "~d1.spr1n.k3v9xq.march01.1.2.3.sett1"


def test_its_numbers_are_in_base_36() -> None:
    assert str(Mark("spr1n", "k3v9xq", "march01", 35, 36, 0, "sett1")).split(".")[4:7] == ["z", "10", "0"]


@given(marks)
@quick
def test_it_is_read_back_as_it_was_written(one: Mark) -> None:
    assert mark.parse(str(one)) == one


@given(marks)
@quick
def test_it_is_short_and_plain(one: Mark) -> None:
    assert re.fullmatch(r"[a-z0-9.~]+", str(one))
    assert len(str(one)) <= mark.MAX_LENGTH


def test_it_is_short_for_a_million_people_called_for_years() -> None:
    """46,655 waves of as many requests each."""
    assert len(str(Mark("a" * 5, "b" * 6, "c" * 7, 36**3 - 1, 36**3 - 1, 35, "d" * 5))) <= mark.MAX_LENGTH


@given(st.text(max_size=200), marks)
@quick
def test_any_label_is_cut_to_the_limit_and_the_mark_is_found_at_its_end(label: str, one: Mark) -> None:
    name = mark.batch_name(label, one)
    assert len(name) <= mark.MAX_NAME_LENGTH
    assert mark.parse(name) == one


def test_a_short_label_stays_whole() -> None:
    assert mark.batch_name("March outreach", ONE) == f"March outreach {ONE}"


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "March outreach",
        f"{ONE} (copy)",
        f"{ONE}x"[:-2],
        str(ONE).upper(),
        str(ONE).replace("~d1", "~d2"),
        str(ONE).replace("march01", "march"),
    ],
)
def test_what_is_not_a_mark(text: str | None) -> None:
    assert mark.parse(text) is None


def test_a_label_that_holds_a_mark_does_not_hide_ours() -> None:
    other = Mark("other", "zzzzzz", "zzzzzzz", 9, 9, 9, "zzzzz")
    assert mark.parse(mark.batch_name(str(other), ONE)) == ONE


def test_what_somebody_wrote_behind_it_makes_it_another_name() -> None:
    assert mark.parse(f"{ONE}\nmore") is None


def test_hashes_differ_by_what_they_are_of() -> None:
    assert mark.project_hash("march") != mark.address_hash("march")[:5] != mark.settings_hash("march")


def test_hashes_are_the_same_in_every_release() -> None:
    """They are at providers already: a new way to make them would disown everything."""
    assert mark.project_hash("spring-campaigns") == PUBLISHED["project"]
    assert mark.address_hash("batch/march-outreach") == PUBLISHED["address"]
    assert mark.settings_hash("0" * 64) == PUBLISHED["settings"]


PUBLISHED = {"project": "z7b5q", "address": "ba7fkpr", "settings": "rjek9"}


def test_every_lineage_is_a_new_one() -> None:
    lineages = {mark.new_lineage() for _ in range(50)}
    assert len(lineages) == 50
    assert all(re.fullmatch(r"[0-9a-z]{6}", lineage) for lineage in lineages)


def test_no_personal_data_is_in_it() -> None:
    signed = str(Mark(mark.project_hash("p"), "k3v9xq", mark.address_hash("call/+14155550101"), 1, 1, 1, "sett1"))
    assert "4155550101" not in signed


def test_a_call_carries_it_as_metadata() -> None:
    assert mark.METADATA_KEY == "dialctl"
