"""The draw, as a pure function."""

from __future__ import annotations

from collections import Counter

import pytest

from declarative.sandbox.embedded import EmbeddedSandbox
from declarative.sandbox.outcomes import REACHED, Draw, Outcome, compute_times, draw
from declarative.sandbox.world import World

from .account import Account
from .request_bodies import BATCHES, batch_body, fictional_numbers


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


def test_the_same_seed_brings_the_same_outcomes() -> None:
    def end_reasons(seed: int) -> list[str]:
        with (
            EmbeddedSandbox(World(seed=seed, speed=0)) as embedded,
            Account("http://sandbox", embedded.transport()) as account,
        ):
            batch = account.at_cartesia().post(BATCHES, json=batch_body(*fictional_numbers(59))).json()
            account.advance(86_400)
            read = account.at_cartesia().get(f"{BATCHES}/{batch['id']}").json()
        return [recipient["end_reason"] for recipient in read["recipients"]]

    assert end_reasons(1) == end_reasons(1) != end_reasons(2)
