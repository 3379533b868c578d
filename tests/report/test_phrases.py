"""The headline of a plan, and the words of its lines."""

from __future__ import annotations

import re

import click
import pytest

from declarative.planning.decide import Reason, Verb
from declarative.planning.plan import Action
from declarative.planning.terms import Forecast, Terms
from declarative.report import phrases, text
from tests.command import ROOT

from .sample_plans import NOON, action, plan_of

CAMPAIGNS = (
    action(
        Verb.CREATE,
        "march-outreach",
        2,
        starts_at=NOON.replace(hour=16),
        terms=Terms(
            agent_id="agent_Fo7pKNBUwLZxrTd6jvhpaE",
            agent_name="Spring Offer",
            caller="+1415•••0100",
            hours="09:00–20:00 own zone",
            retries=2,
            retry_after=14_400,
            expires_at=NOON.replace(day=8, hour=0),
        ),
        forecast=Forecast(seconds=1, ends_at=NOON.replace(hour=16, second=1), limit="1 call a second"),
    ),
    action(Verb.REPLACE, "renewals", 12, counts={"total": 4_800, "called": 4_788}),
    action(
        Verb.RETRY,
        "survey",
        37,
        counts={"attempt": 2, "attempts": 3},
        outcomes={"dial_no_answer": 31, "dial_busy": 6},
    ),
    action(Verb.CANCEL, "old-campaign", 210, reasons={Reason.REMOVED: 210}, counts={"in_flight": 3}),
    action(
        Verb.BLOCK,
        people=1,
        address="call/callback-ada",
        detail="an answer was lost at 14:02 UTC on 21 Nov; not proven either way",
        hint="dialctl resolve call/callback-ada --placed | --not-placed",
    ),
)
WAITING = action(Verb.WAIT, "reminders", 4_950)


@pytest.mark.parametrize(
    ("actions", "headline"),
    [
        (CAMPAIGNS, "Plan: 39 people to call (2 new, 37 again), 12 moved, 210 taken off. 1 blocked."),
        (
            (*CAMPAIGNS, WAITING),
            "Plan: 39 people to call (2 new, 37 again), 12 moved, 210 taken off. 1 blocked. 4,950 to be called later.",
        ),
        ((action(Verb.CREATE, people=1),), "Plan: 1 person to call (1 new)."),
        ((action(Verb.REPLACE),), "Plan: 2 moved."),
        ((WAITING,), "Plan: nothing is sent. 4,950 to be called later."),
        ((action(Verb.BLOCK), WAITING), "Plan: nothing is sent. 1 blocked. 4,950 to be called later."),
        ((action(Verb.ADOPT),), "Plan: nobody is called."),
        ((action(Verb.KEEP),), "Nothing to do: everybody is where they should be."),
        ((action(Verb.KEEP, people=0),), "Nothing to do."),
    ],
)
def test_the_headline_says_what_is_sent_then_what_is_blocked_then_what_waits(
    actions: tuple[Action, ...], headline: str
) -> None:
    assert phrases.headline(plan_of(*actions)) == headline


def test_the_plan_of_the_readme_is_what_dialctl_prints() -> None:
    example = re.search(r"```\n(dialctl plan .*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert example is not None
    printed = click.unstyle(text.format_plan(plan_of(*CAMPAIGNS, project="spring-campaigns")))
    assert printed == example.group(1).rstrip("\n")


def test_every_verb_has_a_symbol_and_a_sentence() -> None:
    for verb in Verb:
        assert phrases.SYMBOLS[verb]
        assert phrases.describe_action(action(verb), plan_of())


def test_a_single_reason_has_no_count_and_several_have() -> None:
    both = {Reason.REMOVED: 2, Reason.SUPPRESSED: 1}
    told = phrases.describe_action(action(Verb.CANCEL, people=3, reasons=both), plan_of())
    assert told == "3 people who still wait (2 manifest removed, 1 on a do-not-call list)"
    assert phrases.describe_action(action(Verb.CANCEL, people=1, reasons={Reason.EXPIRED: 1}), plan_of()) == (
        "1 person who still waits (expired)"
    )


def test_an_offline_plan_shows_the_detail_of_any_verb() -> None:
    guess = action(Verb.CREATE, detail="at most, as far as the lock knows")
    assert phrases.describe_action(guess, plan_of(offline=True)) == "2 people: at most, as far as the lock knows"
