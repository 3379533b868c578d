"""Without a lock nothing is submitted while one of the providers may hold what an earlier lock placed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from declarative.planning.blocks import MARKS_WITHOUT_LOCK_HINT
from declarative.planning.decide import Reason
from declarative.planning.facts import Block, Observation
from declarative.planning.first_lock import block_without_lock
from tests.planning.facts_fixture import make_facts, resource

FREE = Observation(facts=make_facts(wanted=resource("ab")), provider="one")
MARKS = Block(Reason.NO_MEMORY, "there is no lock, but 2 batches", MARKS_WITHOUT_LOCK_HINT)
SINGLE_CALLS = Block(Reason.NO_MEMORY, "there is no lock, and no list can prove", "dialctl state new")
UNREAD = Block(Reason.NOT_READ, "two did not answer", "try again")
LOST = Block(Reason.LOST, "gone", "")


def reasons(*blocks: Block | None) -> list[str | None]:
    observations = [replace(FREE, block=block, provider=str(place)) for place, block in enumerate(blocks)]
    return [one.block.detail if one.block else None for one in block_without_lock(observations, None)]


@pytest.mark.parametrize("doubt", [MARKS, SINGLE_CALLS])
def test_what_one_provider_shows_holds_the_whole_project(doubt: Block) -> None:
    assert reasons(None, doubt, None) == [doubt.detail] * 3


def test_marks_are_told_before_single_calls() -> None:
    assert reasons(SINGLE_CALLS, MARKS) == [MARKS.detail] * 2


def test_a_provider_that_was_not_read_may_hold_anything() -> None:
    first, second = reasons(None, UNREAD)
    assert first == "there is no lock, and 1 may hold calls of an earlier one: two did not answer"
    assert second == "two did not answer"


def test_nothing_else_holds_the_others() -> None:
    assert reasons(None, LOST) == [None, "gone"]
