"""When a run looks at its do-not-call lists again, and what stays in force."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from declarative.engine.list_watch import LOOK_SECONDS, ListWatch
from declarative.model.policy import DoNotCallList, ListLook, Policy
from declarative.model.resource import Resource
from tests.planning.facts_fixture import NOON, number, resource

GUARDED = resource("abc", policy=Policy(suppress_from=(DoNotCallList("dnc.csv", 1, "ab" * 32),)))


def holding(*letters: str) -> ListLook:
    return ListLook("dnc.csv", is_listed=lambda numbers: numbers.is_in([number(letter) for letter in letters]))


def left(watch: ListWatch, of: Resource = GUARDED) -> list[str]:
    return watch.select_unlisted(of, of.recipients.frame).get_column("number").to_list()


def test_it_looks_before_the_first_request_and_then_at_least_once_a_minute() -> None:
    looks: list[int] = []
    watch = ListWatch(lambda: looks.append(1) or [])  # type: ignore[func-returns-value]
    for seconds in range(0, 600, 5):
        watch.look(NOON + timedelta(seconds=seconds))
    assert len(looks) == 600 / LOOK_SECONDS // 1 + 1
    assert LOOK_SECONDS < 60


def test_what_a_list_held_at_any_look_stays_in_force() -> None:
    contents = [[holding("a")], [holding("b")], [ListLook("dnc.csv")]]
    watch = ListWatch(lambda: contents.pop(0))
    for minute, expected in enumerate([["b", "c"], ["c"], ["c"]]):
        watch.look(NOON + timedelta(minutes=minute))
        assert left(watch) == [number(letter) for letter in expected]


def test_a_list_holds_for_whom_it_guards_alone() -> None:
    watch = ListWatch(lambda: [holding("a"), ListLook("legal.csv", failure="it is gone")])
    watch.look(NOON)
    assert len(left(watch, resource("abc"))) == 3
    assert not watch.find_failure(GUARDED)
    other = resource("a", policy=Policy(suppress_from=(DoNotCallList("legal.csv", 1, "ab" * 32),)))
    assert watch.find_failure(other).endswith("it is gone")


def test_a_list_that_can_be_read_again_is_no_failure_any_more() -> None:
    looks = [[ListLook("dnc.csv", failure="it is gone")], [ListLook("dnc.csv")]]
    watch = ListWatch(lambda: looks.pop(0))
    watch.look(NOON)
    assert watch.find_failure(GUARDED)
    watch.look(NOON + timedelta(minutes=1))
    assert not watch.find_failure(GUARDED)


def test_without_lists_nobody_is_held_back() -> None:
    watch = ListWatch()
    watch.look(NOON)
    assert (len(left(watch)), watch.find_failure(GUARDED)) == (3, "")
    assert isinstance(watch.select_unlisted(GUARDED, GUARDED.recipients.frame), pl.DataFrame)
