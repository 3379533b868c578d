"""The draw, as a pure function."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from declarative.sandbox.embedded import EmbeddedSandbox
from declarative.sandbox.outcomes import REACHED, Draw, Outcome, compute_times, draw
from declarative.sandbox.world import World

from .account import Account, open_account
from .request_bodies import BATCHES, UNKNOWN_WORD, batch_body, box_body, fictional_numbers


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


def test_lifelike_outcomes_add_what_a_client_does_not_hope_for() -> None:
    numbers = [f"+1415{at:07d}" for at in range(2_000_000, 2_020_000)]
    counts = Counter(draw(0, number, 1, lifelike=True).outcome for number in numbers)
    assert counts[Outcome.ERROR] / 200 == pytest.approx(1, abs=0.3)
    assert counts[Outcome.PRE_DIAL] / 200 == pytest.approx(1, abs=0.3)
    assert counts[Outcome.DIVERTED] / 200 == pytest.approx(0.2, abs=0.1)
    assert draw(0, "+12125550191", 1, lifelike=True).outcome is Outcome.NO_ANSWER


def test_a_lifelike_world_stays_so_and_shows_its_words_to_clients(tmp_path: Path) -> None:
    World(tmp_path, speed=0, lifelike=True).close()
    numbers = [f"+1415{at:07d}" for at in range(2_000_000, 2_001_000)]
    with open_account(tmp_path) as account:
        body = batch_body(*numbers, target_concurrency_limit=100)
        batch = account.at_cartesia().post(BATCHES, json=body).json()
        account.advance(86_400)
        people = account.at_cartesia().get(f"{BATCHES}/{batch['id']}").json()["recipients"]
    reasons = Counter(person.get("end_reason", person.get("error_message")) for person in people)
    assert reasons["error"] > 0
    assert reasons["call_diverted"] > 0
    assert reasons["the call could not be placed to this number"] > 0
    assert sum(reasons[reason] for reason in ("agent_hangup", "client_hangup")) > 700


def test_a_number_ends_in_words_that_nobody_knows(account: Account) -> None:
    cartesia, box = account.at_cartesia(), account.at_callingbox()
    batch = cartesia.post(BATCHES, json=batch_body(UNKNOWN_WORD)).json()
    call = box.post("/v1/calls", json=box_body(UNKNOWN_WORD)).json()
    account.advance(600)
    (person,) = cartesia.get(f"{BATCHES}/{batch['id']}").json()["recipients"]
    assert (person["status"], person["end_reason"]) == ("diverted", "call_diverted")
    assert cartesia.get(f"/agents/calls/{person['agent_call_id']}").json()["status"] == "diverted"
    assert box.get(f"/v1/calls/{call['id']}").json()["status"] == "diverted"
    assert account.calls()[UNKNOWN_WORD] == 2
