"""The draw and the time line, as pure functions."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from declarative.sandbox.ids import format_member_id, new_batch_id, new_call_id, parse_batch_call_id
from declarative.sandbox.outcomes import REACHED, Draw, Outcome, compute_times, draw
from declarative.sandbox.timeline import NEVER, Attempts, DialPace, plan_attempts


def test_the_shares_of_outcomes_are_as_documented() -> None:
    seen = Counter(draw(0, f"+1415{at:07d}", 1).outcome for at in range(2_000_000, 2_020_000))
    shares = {outcome: count / 200 for outcome, count in seen.items()}
    assert sum(shares[one] for one in REACHED if one in shares) == pytest.approx(76, abs=1)
    assert shares[Outcome.NO_ANSWER] == pytest.approx(16, abs=1)
    assert shares[Outcome.BUSY] == pytest.approx(6, abs=1)
    assert shares[Outcome.DIAL_FAILED] == pytest.approx(2, abs=0.5)


def test_another_attempt_is_another_draw() -> None:
    people = [f"+1415{at:07d}" for at in range(2_000_000, 2_000_200)]
    missed = [one for one in people if draw(0, one, 1).outcome is Outcome.NO_ANSWER]
    assert any(draw(0, one, 2).outcome in REACHED for one in missed)


@pytest.mark.parametrize("attempt", [1, 2, 3])
def test_endings_hold_whatever_the_seed(attempt: int) -> None:
    assert {draw(seed, "+12125550192", attempt).outcome for seed in range(20)} == {Outcome.BUSY}


def test_an_ending_of_another_exchange_means_nothing() -> None:
    assert {draw(seed, "+442079460192", 1).outcome for seed in range(50)} != {Outcome.BUSY}


def test_talk_takes_20_to_180_seconds() -> None:
    talks = {draw(0, f"+1415{at:07d}", 1).talk for at in range(2_000_000, 2_005_000)}
    assert (min(talks), max(talks)) == (20, 180)


def test_an_answer_comes_before_the_ringing_time_out() -> None:
    gone = compute_times(Draw(Outcome.CLIENT_HANGUP, 14, 30), ringing=5, longest=60)
    assert (gone.answer, gone.end) == (4, 34)


fates = st.builds(Draw, st.sampled_from(list(Outcome)), st.integers(3, 14), st.integers(20, 180))
paces = st.builds(DialPace, st.integers(1, 9), st.sampled_from([0.0, 1.0]), st.just(30.0), st.just(600.0))


@settings(max_examples=60, deadline=None)
@given(st.lists(fates, max_size=40), paces, st.lists(st.floats(1000, 1100), max_size=9))
def test_a_plan_keeps_to_its_lines_and_its_pace(queue: list[Draw], pace: DialPace, busy: list[float]) -> None:
    busy = busy[: pace.lines]
    made = plan_attempts(list(enumerate(queue)), 1000.0, busy, pace, 0)
    assert list(made.member) == list(range(len(queue)))
    assert list(made.dispatch) == sorted(made.dispatch)
    called = [made[at] for at in range(len(made)) if made.outcome[at] != Outcome.PRE_DIAL]
    for earlier, later in pairwise(called):
        assert later.dispatch - earlier.dispatch >= pace.spacing
    for one in called:
        live = sum(other.dispatch <= one.dispatch < other.end for other in called)
        assert live + sum(end > one.dispatch for end in busy) <= pace.lines
        assert one.answer == NEVER or one.dispatch < one.answer < one.end


@settings(max_examples=30, deadline=None)
@given(st.lists(fates, max_size=20), paces)
def test_packed_attempts_come_back_whole(queue: list[Draw], pace: DialPace) -> None:
    made = plan_attempts(list(enumerate(queue)), 1000.0, [], pace, 3)
    assert Attempts.unpack(made.pack()) == made


def test_a_call_of_a_batch_is_found_by_its_id() -> None:
    made = new_batch_id()
    assert made.id == f"acb_{made.id[4:]}"
    assert parse_batch_call_id(format_member_id("ac", made.key, 4999)) == (made.key, 4999)
    assert parse_batch_call_id("ac_short") is None
    assert len(new_call_id()) == len(format_member_id("ac", made.key, 0)) == 25
