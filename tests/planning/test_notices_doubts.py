"""Doubts that another apply settles in time are shown with the time, and not when it is too late or all is well."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from declarative.model.lock import ResourceRecord
from declarative.model.mark import settings_hash
from declarative.model.resource import Route
from declarative.planning.notices import doubt_notices
from tests.planning.facts_fixture import NOON, a_mark, digest, intent, make_facts, open_intents, resource

SOON, LATER, BEFORE = NOON + timedelta(minutes=2), NOON + timedelta(days=1), NOON - timedelta(minutes=1)


def said_of_a_lost(**changes: Any) -> list[str]:
    lost = intent(**{"fence": SOON, **changes})
    settings = {"from_number": "+14155550100"}
    facts = make_facts(wanted=resource("a", settings=settings), record=ResourceRecord(intents=open_intents(lost)))
    return list(doubt_notices(facts))


def test_a_list_probe_is_announced_with_the_time_of_the_loss_and_our_own_number() -> None:
    (message,) = said_of_a_lost()
    assert message.startswith("an answer was lost at 11:59 UTC on 1 Dec")
    assert "younger than 12:02 UTC" in message
    assert "a batch of our own number +1415•••0100, cancelled at once" in message


def test_no_list_probe_is_announced_for_what_no_list_can_prove() -> None:
    assert said_of_a_lost(fence=None) == []
    assert said_of_a_lost(route=Route.CALL) == []


def said_of_a_given_up(mark: str, **changes: Any) -> list[str]:
    wanted = resource("a", **{"scheduled_at": LATER, **changes})
    return list(doubt_notices(make_facts(wanted=wanted, record=ResourceRecord(generation=2, revoked=(mark,)))))


def test_a_request_that_was_given_up_is_named_as_long_as_the_provider_would_take_it() -> None:
    (message,) = said_of_a_given_up(str(a_mark()))
    assert "run dialctl apply once more before 12:00 UTC on 2 Dec" in message
    assert said_of_a_given_up(str(a_mark()), scheduled_at=BEFORE) == []
    assert said_of_a_given_up(str(a_mark()), scheduled_at=None) == []


def test_of_one_with_other_settings_the_time_is_not_known() -> None:
    other = a_mark(settings=settings_hash(digest({"agent_id": "agent_b"})))
    assert said_of_a_given_up(str(other)) == []


def test_where_nothing_is_wanted_or_nothing_was_lost_nothing_is_said() -> None:
    assert list(doubt_notices(make_facts(wanted=None, record=ResourceRecord(revoked=(str(a_mark()),))))) == []
    assert list(doubt_notices(make_facts(wanted=resource("a", scheduled_at=LATER)))) == []
