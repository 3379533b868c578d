"""When a lost request can call no one any more, and what a list must show to disprove it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from declarative.engine.fence import STAMPS_DIFFER, find_fence, find_probe_time, is_disproved, without_old_fence
from declarative.engine.listing import Listing
from declarative.model import mark
from declarative.model.lock import Lock, RemoteRecord, ResourceRecord
from declarative.model.remote import Remote
from declarative.model.resource import Route
from tests.engine.sandbox_run import LINEAGE, MARCH, NOON, PROJECT, a_mark, a_remote, an_intent

HOUR = timedelta(hours=1)
FENCE = NOON + timedelta(minutes=2)
LOST = an_intent(mark=str(a_mark(generation=9)), fence=FENCE)
YOUNGER = FENCE + timedelta(seconds=30)
LOCK = Lock(project=PROJECT, lineage=LINEAGE, born=NOON - HOUR)
OLD = a_remote("acb_old", name="old", created_at=NOON - HOUR)


def disproved(*remotes: Remote, lock: Lock = LOCK, ends: bool = True) -> bool:
    listing = Listing(lambda: NOON + HOUR, iter([list(remotes)]))
    listing.read_until(lambda _: not ends)
    return is_disproved(LOST, listing, lock)


@pytest.mark.parametrize(
    ("scheduled_at", "refuses_past", "fence"),
    [
        (FENCE, True, FENCE),
        (FENCE, False, NOON + HOUR),
        (NOON + HOUR, True, NOON + HOUR),
        (NOON + 3 * HOUR, True, NOON + HOUR),
        (NOON + 3 * HOUR, False, NOON + HOUR),
        (None, True, NOON + HOUR),
    ],
)
def test_the_fence_is_the_start_where_the_past_is_refused_and_an_hour_at_most(
    scheduled_at: datetime | None, refuses_past: bool, fence: datetime
) -> None:
    assert find_fence(NOON, scheduled_at, refuses_past=refuses_past) == fence


@pytest.mark.parametrize(
    ("scheduled_at", "refuses_past", "ends_at", "fence"),
    [
        (FENCE, False, FENCE + HOUR, FENCE + HOUR),
        (None, False, NOON + HOUR, NOON + HOUR),
        (FENCE, False, FENCE + HOUR / 2, FENCE + HOUR / 2),
        (FENCE, True, FENCE + HOUR, FENCE),
        (NOON + 3 * HOUR, False, NOON + 4 * HOUR, NOON + HOUR),
    ],
)
def test_the_fence_is_the_end_where_the_past_is_taken_and_an_end_is_obeyed(
    scheduled_at: datetime | None, refuses_past: bool, ends_at: datetime, fence: datetime
) -> None:
    assert find_fence(NOON, scheduled_at, refuses_past=refuses_past, ends_at=ends_at) == fence


@pytest.mark.parametrize(("age", "is_known"), [(24 * HOUR, True), (25 * HOUR, False)])
def test_an_old_request_is_not_disproved_by_a_list_that_forgets(age: timedelta, is_known: bool) -> None:
    assert (without_old_fence(LOST, LOST.sent_at + age).fence is not None) is is_known


def test_a_probe_may_be_made_after_fence_and_settle_time() -> None:
    settle = timedelta(minutes=5)
    assert find_probe_time(LOST, settle) == NOON + settle
    probe_time = find_probe_time(LOST, timedelta(seconds=1))
    assert probe_time is not None
    assert probe_time > FENCE + STAMPS_DIFFER
    assert find_probe_time(an_intent(fence=None), settle) is None


def test_anything_that_anybody_created_after_the_fence_disproves_it() -> None:
    assert disproved(a_remote("acb_1", name="somebody else's", created_at=YOUNGER), OLD)


@given(st.timedeltas(min_value=-HOUR, max_value=STAMPS_DIFFER))
def test_nothing_created_up_to_the_fence_disproves_it(after: timedelta) -> None:
    """Nor what may have been stamped by a clock that is a little ahead."""
    assert not disproved(a_remote("acb_1", name="somebody else's", created_at=FENCE + after), OLD)


def test_a_list_that_was_not_read_back_past_the_send_disproves_nothing() -> None:
    assert not disproved(a_remote("acb_1", name="somebody else's", created_at=YOUNGER), ends=False)


def test_a_list_that_hides_names_disproves_nothing() -> None:
    younger = a_remote("acb_1", name="somebody else's", created_at=YOUNGER)
    assert not disproved(replace(younger, name=""), OLD)
    assert not disproved(younger, a_remote("acb_2", name="", created_at=NOON), OLD), "it may be the lost batch"
    assert not disproved(younger, a_remote("acb_2", name="", created_at=None), OLD)
    assert disproved(younger, a_remote("acb_2", name="", created_at=NOON - HOUR)), "it is older than the request"


def test_a_list_that_cuts_our_own_marks_disproves_nothing() -> None:
    own_mark = a_mark()
    record = ResourceRecord(remotes={"acb_old": RemoteRecord(route=Route.BATCH, mark=str(own_mark))})
    lock = replace(LOCK, resources={MARCH: record})
    younger = a_remote("acb_1", name="somebody else's", created_at=YOUNGER)
    assert not disproved(younger, OLD, lock=lock)
    assert disproved(younger, replace(OLD, mark=own_mark), lock=lock)


def test_a_list_probe_without_a_time_says_by_its_mark_when_it_was_made() -> None:
    for moment, expected in ((YOUNGER, True), (NOON, False)):
        probe_mark = mark.probe_mark(PROJECT, LINEAGE, moment)
        probe = a_remote("acb_1", name=f"probe {probe_mark}", mark=probe_mark, created_at=None)
        assert disproved(probe, OLD) is expected
        assert not disproved(replace(probe, mark=mark.probe_mark(PROJECT, "zzzzzz", moment)), OLD), "not our clock"


def test_an_intent_without_a_fence_is_never_disproved() -> None:
    listing = Listing(lambda: NOON + HOUR, iter([[a_remote("acb_1", name="x", created_at=YOUNGER)]]))
    listing.read_all()
    assert not is_disproved(replace(LOST, fence=None), listing, LOCK)
