"""Doubts that another apply settles in time are shown with the time, and not when it is too late or all is well."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from declarative.model.lock import ResourceRecord
from declarative.model.mark import settings_hash
from declarative.model.remote import Phase
from declarative.planning.notices import doubt_notices
from tests.planning.facts_fixture import NOON, a_mark, batch, digest, knowing, make_facts, members, resource

SOON, LATER, BEFORE = NOON + timedelta(minutes=2), NOON + timedelta(days=1), NOON - timedelta(minutes=1)


def said_of_a_doubted(doubts: tuple[str, ...] = ("lost",), **changes: Any) -> list[str]:
    remote = batch("b1", members(a=Phase.QUEUED), **{"scheduled_at": SOON, **changes})
    record = knowing(remote)
    record = replace(record, remotes={"b1": replace(record.remotes["b1"], doubts=doubts)})
    return list(doubt_notices(make_facts(remote, wanted=resource("a"), record=record)))


def test_a_batch_that_was_sent_over_a_doubt_and_never_proven_is_named_with_the_time_at_which_it_calls() -> None:
    (message,) = said_of_a_doubted()
    assert message.startswith("b1 was sent since an earlier request seemed lost")
    assert "run dialctl apply before 12:02 UTC on 1 Dec" in message


@pytest.mark.parametrize(
    "harmless",
    [{"doubts": ()}, {"cancelled": True}, {"scheduled_at": BEFORE}, {"scheduled_at": None}],
    ids=["proven", "cancelled", "it calls already", "it calls at once"],
)
def test_one_of_which_nothing_can_be_taken_back_is_not(harmless: dict[str, Any]) -> None:
    assert said_of_a_doubted(**harmless) == []


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
