"""Sections that are fitted into a number of characters."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from declarative.report.truncate import Section, fit_sections

LIMIT = 3_000


def rows(count: int, width: int = 50) -> list[str]:
    return [f"- {number:04} {'x' * (width - 7)}" for number in range(count)]


def test_what_fits_is_whole_and_in_order_without_empty_sections() -> None:
    sections = [Section("late", 2, "Late", ["b"]), Section("none", 1, "None", []), Section("early", 0, "Early", ["a"])]
    assert fit_sections("head", sections, LIMIT) == "head\n\nLate\n\nb\n\nEarly\n\na\n"


def test_the_row_of_a_table_follows_its_heading_at_once() -> None:
    assert fit_sections("head", [Section("rows", 0, "| a |", ["| 1 |"], tight=True)], LIMIT) == "head\n\n| a |\n| 1 |\n"


def test_folded_sections_go_as_a_whole_and_the_least_important_first() -> None:
    sections = [
        Section("kept rows", 0, "Kept", rows(20)),
        Section("folded rows", 1, "Folded", rows(10), folded=True),
        Section("dropped rows", 2, "Dropped", rows(20), folded=True),
    ]
    text = fit_sections("head", sections, LIMIT)
    assert "<details><summary>Folded (10)</summary>" in text
    assert "Dropped" not in text
    assert "_Cut, to fit into a comment: 20 dropped rows." in text


def test_a_section_says_how_many_of_its_rows_were_cut() -> None:
    text = fit_sections("head", [Section("actions", 0, "Actions", rows(1_200))], LIMIT)
    shown = text.count("\n- ")
    assert 0 < shown < 1_200
    assert f"… and {1_200 - shown:,} more actions" in text
    assert f"{1_200 - shown:,} actions. `dialctl plan` shows them all._" in text


def test_an_important_section_leaves_room_for_the_others() -> None:
    text = fit_sections("head", [Section("first", 0, "First", rows(500)), Section("last", 1, "Last", rows(500))], LIMIT)
    first, _, last = text.partition("Last")
    assert first.count("\n- ") > 5
    assert last.count("\n- ") > 5


@given(
    st.lists(st.tuples(st.integers(0, 80), st.integers(8, 400), st.booleans()), min_size=1, max_size=6),
    st.integers(2_000, 20_000),
)
def test_the_text_always_fits(shapes: list[tuple[int, int, bool]], limit: int) -> None:
    sections = [
        Section(f"rows {rank}", rank, f"Heading {rank}", rows(count, width), folded=folded)
        for rank, (count, width, folded) in enumerate(shapes)
    ]
    assert len(fit_sections("head", sections, limit)) < limit
