"""The time line of a batch, as a pure function."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from declarative.sandbox.outcomes import Draw, Outcome
from declarative.sandbox.timeline import NEVER, Attempts, DialPace, plan_attempts

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
