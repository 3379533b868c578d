"""What is approved beside the people: who calls, when and how often, and how long it takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from declarative.model.calling_hours import CallingHours, Window
from declarative.model.policy import Frequency, Pace, Policy, Retry
from declarative.planning.decide import Verb
from declarative.planning.terms import make_forecast, make_terms
from tests.planning.capabilities_fixture import BATCHES, CALLS
from tests.planning.facts_fixture import NOON, call_resource, resource
from tests.report.sample_plans import action


def test_terms_name_agent_number_hours_retries_and_end() -> None:
    terms = make_terms(
        resource(
            "a",
            settings={"agent_id": "agent_1", "from_number_id": "ap_1"},
            policy=Policy(calling_hours=CallingHours((Window(time(9), time(20)),), "recipient")),
            retry=Retry(2, frozenset({"dial_busy"}), timedelta(hours=4)),
            expires_at=NOON,
        ),
        {"agent_1": "Spring Offer", "ap_1": "+1415•••0100"},
    )
    assert (terms.agent_id, terms.agent_name) == ("agent_1", "Spring Offer")
    assert (terms.caller_id, terms.caller) == ("ap_1", "+1415•••0100")
    assert (terms.hours, terms.expires_at) == ("09:00–20:00 own zone", NOON)
    assert (terms.retries, terms.retry_after) == (2, 14_400)


def test_a_number_in_the_manifest_is_masked() -> None:
    assert make_terms(resource("a", settings={"from_number": "+14155550100"}), {}).caller == "+1415•••0100"


@pytest.mark.parametrize(
    ("people", "limit", "seconds", "words"),
    [
        (61, None, 60, "1 call a second"),
        (60, 10, 900, "10 calls at once, 3 minutes each"),
        (3, 1, 360, "one call of 3 minutes after the other"),
        (61, 1_000, 60, "1 call a second"),
        (12_000, 15, 266 * 180, "45 calls at once, 3 minutes each"),
    ],
)
def test_a_batch_takes_as_long_as_pace_or_concurrency_says(
    people: int, limit: int | None, seconds: int, words: str
) -> None:
    forecast = make_forecast(
        resource("a", settings={"target_concurrency_limit": limit} if limit else {}),
        people,
        replace(BATCHES, max_people=5_000),
        NOON,
    )
    assert forecast is not None
    assert (forecast.seconds, forecast.limit) == (seconds, words)
    assert forecast.ends_at == NOON + timedelta(seconds=seconds)


def test_single_calls_are_limited_by_our_own_pace() -> None:
    lowered = call_resource(pace=Pace(calls_per_second=2, max_in_flight=1_000))
    forecast = make_forecast(lowered, 121, CALLS, NOON)
    assert forecast is not None
    assert (forecast.seconds, forecast.limit) == (60, "2 calls a second")


@pytest.mark.parametrize(
    ("verb", "counts", "calls_new"),
    [
        (Verb.CREATE, {"attempt": 2}, True),
        (Verb.WAIT, {}, True),
        (Verb.WAIT, {"attempt": 1}, True),
        (Verb.WAIT, {"attempt": 2}, False),
        (Verb.RETRY, {}, False),
        (Verb.CANCEL, {}, False),
    ],
)
def test_people_who_wait_for_their_first_call_are_approved_on_the_same_terms(
    verb: Verb, counts: dict[str, int], calls_new: bool
) -> None:
    assert action(verb, counts=counts).calls_new_people is calls_new


WORKDAYS, MONDAY_AND_FRIDAY = frozenset(range(5)), frozenset({0, 4})


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (CallingHours((Window(time(9), time(20)),), "recipient"), "09:00–20:00 own zone"),
        (CallingHours((Window(time(9), time(20), WORKDAYS),), "UTC"), "Mon–Fri 09:00–20:00 UTC"),
        (
            CallingHours((Window(time(9), time(12), WORKDAYS), Window(time(13), time(18), WORKDAYS)), "UTC"),
            "Mon–Fri 09:00–12:00 and 13:00–18:00 UTC",
        ),
        (
            CallingHours((Window(time(9), time(12), MONDAY_AND_FRIDAY), Window(time(22), time(2))), "UTC"),
            "Mon, Fri 09:00–12:00 and all days 22:00–02:00 UTC",
        ),
        (
            CallingHours(
                (Window(time(9), time(12)),),
                "Europe/Berlin",
                holidays=frozenset({"DE-BY", "AT"}),
                dates=frozenset({date(2026, 12, 24), date(2026, 12, 31)}),
            ),
            "09:00–12:00 Europe/Berlin, except holidays of AT, DE-BY and 2 dates",
        ),
    ],
)
def test_hours_are_told_as_people_write_them(hours: CallingHours, words: str) -> None:
    assert make_terms(resource(policy=Policy(hours)), {}).hours == words


@pytest.mark.parametrize(
    ("frequency", "words"),
    [
        (None, ""),
        (Frequency(1, timedelta(hours=24)), "at most 1 call a number in 24h"),
        (Frequency(3, timedelta(days=7)), "at most 3 calls a number in 168h"),
    ],
)
def test_how_often_a_number_is_called_by_the_whole_project(frequency: Frequency | None, words: str) -> None:
    assert make_terms(resource(policy=Policy(frequency=frequency)), {}).frequency == words
