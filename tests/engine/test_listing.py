"""How far a list is read, and what it may then be taken to prove. Not seen means something only above the floor."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from declarative.engine.listing import MARGIN, Listing
from declarative.model.remote import Remote
from tests.planning.facts_fixture import NOON, batch

HOUR, MOMENT = timedelta(hours=1), timedelta(microseconds=1)


class Pages:
    """Pages of batches, newest first, an hour between two; counts how many were asked for."""

    def __init__(self, *pages: list[Remote]) -> None:
        self.pages = pages
        self.asked = 0

    def __iter__(self) -> Iterator[list[Remote]]:
        for page in self.pages:
            self.asked += 1
            yield page


def at(hours: int, name: str | None = None) -> Remote:
    return batch(name or f"b{hours}", created_at=NOON - hours * HOUR)


def listing(*pages: list[Remote]) -> tuple[Listing, Pages]:
    source = Pages(*pages)
    return Listing(lambda: NOON, iter(source)), source


THREE = ([at(0), at(1)], [at(2), at(3)], [at(4)])


def test_nothing_is_read_before_it_is_asked_for() -> None:
    found, source = listing(*THREE)
    assert (source.asked, found.entries) == (0, {})
    assert not found.reaches(NOON + timedelta(days=1)), "nothing read proves nothing"


def test_it_is_read_no_further_than_is_enough() -> None:
    found, source = listing(*THREE)
    found.read_until(lambda so_far: "b2" in so_far.entries)
    assert (source.asked, list(found.entries)) == (2, ["b0", "b1", "b2", "b3"])


def test_at_least_one_page_is_read() -> None:
    found, source = listing(*THREE)
    found.read_until(lambda _: True)
    assert source.asked == 1


def test_what_was_read_is_not_read_again() -> None:
    found, source = listing(*THREE)
    for _ in range(3):
        found.read_until(lambda so_far: "b2" in so_far.entries)
    assert source.asked == 2


def test_it_goes_on_where_it_stopped() -> None:
    found, source = listing(*THREE)
    found.read_until(lambda _: True)
    found.read_all()
    assert (source.asked, len(found.entries)) == (3, 5)


def test_read_to_its_end_it_proves_everything() -> None:
    found, _ = listing(*THREE)
    found.read_all()
    assert found.floor is None
    assert found.reaches(NOON - timedelta(days=9999))


def test_an_empty_list_read_to_its_end_proves_everything() -> None:
    found, _ = listing()
    found.read_all()
    assert (found.floor, found.entries) == (None, {})


def test_an_empty_page_is_no_end() -> None:
    found, source = listing([], [at(0)])
    found.read_until(lambda _: True)
    assert (source.asked, list(found.entries)) == (2, ["b0"])


def test_the_last_page_is_not_known_to_be_the_last_before_one_more_was_asked_for() -> None:
    found, _ = listing([at(0)])
    found.read_until(lambda _: True)
    assert found.floor == NOON


@pytest.mark.parametrize(
    ("moment", "reached"),
    [
        (NOON, True),
        (NOON - HOUR + MARGIN + MOMENT, True),
        (NOON - HOUR + MARGIN, False),
        (NOON - HOUR, False),
        (NOON - 2 * HOUR, False),
    ],
)
def test_it_reaches_a_moment_only_with_a_margin_for_clocks_that_differ(moment: object, reached: bool) -> None:
    found, _ = listing(*THREE)
    found.read_until(lambda _: True)
    assert found.floor == NOON - HOUR
    assert found.reaches(moment) is reached  # type: ignore[arg-type]


def test_entries_without_a_time_prove_no_depth() -> None:
    found, _ = listing([batch("odd", created_at=None)], [at(9)])
    found.read_until(lambda _: True)
    assert "odd" in found.entries
    assert not found.reaches(NOON + timedelta(days=1))


def test_an_entry_that_moved_to_the_next_page_is_kept_as_first_seen() -> None:
    found, _ = listing([at(0), at(1)], [batch("b1", created_at=NOON - HOUR, status="later"), at(2)])
    found.read_all()
    assert (len(found.entries), found.entries["b1"].status) == (3, "processing")


class Broken(Exception):
    """What a provider's connection may raise."""


def test_a_page_that_cannot_be_read_leaves_what_was_read_and_proves_no_more() -> None:
    def pages() -> Iterator[list[Remote]]:
        yield [at(0)]
        raise Broken

    found = Listing(lambda: NOON, pages())
    with pytest.raises(Broken):
        found.read_all()
    assert (list(found.entries), found.floor) == (["b0"], NOON)
    assert not found.reaches(NOON - HOUR)


# -- several histories --------------------------------------------------------------------------------------------


def test_a_list_of_several_is_read_back_only_as_far_as_the_shallowest_of_them() -> None:
    deep, shallow = Pages([at(0), at(48)], [at(72)]), Pages([at(0, "c0"), at(1, "c1")], [at(4, "c4")])
    found = Listing(lambda: NOON, iter(deep), iter(shallow))
    found.read_until(lambda so_far: so_far.reaches(NOON - 2 * HOUR))
    assert (deep.asked, shallow.asked, found.floor) == (1, 2, NOON - 4 * HOUR)
    assert "c4" in found.entries


def test_one_history_without_an_entry_proves_nothing_of_another() -> None:
    found = Listing(lambda: NOON, iter(Pages()), iter(Pages([at(0)], [at(9)])))
    found.read_until(lambda so_far: so_far.reaches(NOON - HOUR))
    assert list(found.entries) == ["b0", "b9"]


def test_several_histories_prove_everything_once_all_were_read_to_their_end() -> None:
    found = Listing(lambda: NOON, iter(Pages([at(0)])), iter(Pages([at(1)])))
    found.read_all()
    assert (found.floor, set(found.entries)) == (None, {"b0", "b1"})


# -- times that cannot be true, and another order than newest first -----------------------------------------------


@pytest.mark.parametrize(
    "time",
    [
        pytest.param(datetime(1, 1, 1, tzinfo=UTC), id="the zero time of a Go program"),
        pytest.param(datetime(1970, 1, 1, tzinfo=UTC), id="the zero time of Unix"),
        pytest.param(NOON + HOUR, id="later than the list itself"),
        pytest.param(datetime.max.replace(tzinfo=UTC), id="the end of the calendar"),
    ],
)
def test_a_time_that_cannot_be_true_is_none_and_proves_nothing(time: datetime) -> None:
    found, source = listing([at(0), batch("odd", created_at=time)], [at(2)], [at(4)])
    found.read_until(lambda so_far: so_far.reaches(NOON - HOUR))
    assert source.asked == 2
    assert found.entries["odd"].created_at is None


def test_a_list_in_another_order_than_newest_first_proves_nothing_before_its_end() -> None:
    found, source = listing([at(0), at(9), at(2)], [at(3)], [at(1)])
    found.read_until(lambda so_far: so_far.reaches(NOON - HOUR))
    assert (source.asked, set(found.entries)) == (3, {"b0", "b9", "b2", "b3", "b1"})


def test_times_of_machines_that_differ_a_little_are_in_order() -> None:
    close = [batch(f"c{minute}", created_at=NOON - HOUR + timedelta(minutes=minute)) for minute in range(3)]
    found, source = listing([at(0), *close], [at(2)], [at(4)])
    found.read_until(lambda so_far: so_far.reaches(NOON - HOUR / 2))
    assert source.asked == 1
