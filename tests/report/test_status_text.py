"""The status of resources in words: a headline, a bar, people by what came of them, and what is unsure."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import click
import pytest

from declarative.app.address_state import AddressState, State
from declarative.app.people_counts import PeopleCounts
from declarative.app.status import AddressStatus
from declarative.planning.decide import Reason
from declarative.planning.facts import Block
from declarative.report.status_text import format_statuses, state_headline
from tests.planning.facts_fixture import intent

from .sample_plans import NOON

CALLED = PeopleCounts(
    people=4_803,
    finished=1_901,
    coming=2_902,
    called=1_920,
    reached=1_400,
    not_reached=498,
    in_flight=22,
    not_reached_by={"dial_no_answer": 400, "dial_busy": 98},
    waiting=2_880,
    refused=3,
    timed=1_898,
    outside_hours=1,
    held={"suppressed": 12},
)


def status(state: State, until: Any = None, expected_end: Any = None, **values: Any) -> AddressStatus:
    return AddressStatus(
        address="batch/march",
        people=2,
        state=AddressState(state, until, expected_end),
        seen_at=NOON,
        **{"counts": CALLED} | values,
    )


def shown(*statuses: AddressStatus) -> str:
    return click.unstyle(format_statuses(statuses))


@pytest.mark.parametrize(
    ("one", "headline"),
    [
        (status(State.SCHEDULED, NOON + timedelta(hours=4)), "scheduled for 16:00 UTC on {day}"),
        (status(State.STARTING, NOON), "starts at 12:00 UTC on {day}, when the guard of its new batch ends"),
        (status(State.CALLING_HOURS, NOON), "waits for calling hours until 12:00 UTC on {day}"),
        (status(State.BEFORE_RETRY, NOON), "waits until 12:00 UTC on {day} to call the unreached again"),
        (status(State.IN_PROGRESS, expected_end=NOON), "in progress, over at about 12:00 UTC on {day}"),
        (status(State.IN_PROGRESS), "in progress"),
        (
            status(State.IN_PROGRESS, counts=PeopleCounts(waiting=2, coming=2)),
            "in progress: the provider has not called anybody yet",
        ),
        (status(State.DUE, counts=PeopleCounts(due=2)), "waits for dialctl apply, which calls 2 people"),
        (status(State.PAUSED), "paused"),
        (status(State.OVER), "over"),
        (status(State.OVER, has_manifest=False), "over, and its manifest is removed"),
        (status(State.BLOCKED, block=Block(Reason.LOST, "not found")), "blocked: lost"),
        (status(State.BLOCKED), "blocked: somebody has to decide"),
    ],
)
def test_each_state_has_its_sentence(one: AddressStatus, headline: str) -> None:
    assert state_headline(one) == headline.format(day=f"{NOON.day} {NOON:%b}")


def test_people_are_told_in_words_and_not_in_the_providers() -> None:
    assert shown(status(State.IN_PROGRESS)).splitlines() == [
        "batch/march · in progress",
        "  [#######-------------] 39% of 4,803 people",
        "  1,920 called: 1,400 reached, 498 not reached (400 no answer, 98 busy), 22 in a call",
        "  1 began outside calling hours (of 1,898 calls whose time is known)",
        "  2,880 waiting at the provider",
        "  3 turned away by the provider before any phone was called",
        "  12 held back: on a do-not-call list",
    ]


def test_several_resources_have_a_total() -> None:
    total = shown(status(State.OVER), status(State.OVER)).split("\n\n")[-1]
    assert total.splitlines()[:3] == [
        "total of 2",
        "  [#######-------------] 39% of 9,606 people",
        "  3,840 called: 2,800 reached, 996 not reached (800 no answer, 196 busy), 44 in a call",
    ]


def test_nothing_is_said_of_people_who_could_not_be_read() -> None:
    block = Block(Reason.NOT_READ, "cartesia: no answer")
    unread = status(State.BLOCKED, counts=PeopleCounts(), block=block)
    assert shown(unread).splitlines() == [
        "batch/march · blocked: not_read",
        "  2 people, of whom nothing is known now",
        "  ! not_read: cartesia: no answer",
    ]


def test_a_status_repeats_what_was_answered_to_an_unsure_request() -> None:
    answered = intent(answer="answered 413 Payload Too Large")
    lines = shown(status(State.BLOCKED, unsure=(answered,))).splitlines()
    assert lines[-2:] == [
        "    answered 413 Payload Too Large",
        "    dialctl resolve batch/march --placed | --not-placed",
    ]


def test_without_any_address_it_says_so() -> None:
    assert shown() == "No manifest wants anything, and the lock knows no address."
