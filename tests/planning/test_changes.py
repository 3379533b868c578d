"""A change of settings is shown wherever somebody is called by it, now or later, once for each address."""

from __future__ import annotations

import pytest

from declarative.model.lock import ResourceRecord
from declarative.planning.changes import list_changes, show_changes_once
from declarative.planning.decide import Verb
from declarative.planning.diff import Change
from tests.planning.actions_fixture import decided_of
from tests.planning.facts_fixture import batch, knowing, make_facts, members, resource
from tests.report.sample_plans import action

CHANGE = Change("spec.agent_id", "agent_old", "agent_a", is_agent=True)


@pytest.mark.parametrize(
    ("verb", "is_shown"),
    [(Verb.CREATE, True), (Verb.RETRY, True), (Verb.WAIT, True), (Verb.REPLACE, True), (Verb.CANCEL, False)],
)
def test_who_is_called_now_or_later_is_called_by_what_changed(verb: Verb, is_shown: bool) -> None:
    done = batch("b1", members())
    facts = make_facts(done, wanted=resource("a"), record=knowing(done, settings={"agent_id": "agent_old"}))
    assert list_changes(decided_of(facts), verb) == ((CHANGE,) if is_shown else ())


def test_the_settings_of_a_new_resource_that_waits_are_shown_too() -> None:
    facts = make_facts(wanted=resource("a"), record=ResourceRecord())
    assert list_changes(decided_of(facts), Verb.WAIT) == (Change("spec.agent_id", None, "agent_a", is_agent=True),)


@pytest.mark.parametrize(
    ("verbs", "shown_on"),
    [
        ((Verb.CREATE, Verb.REPLACE, Verb.WAIT), Verb.REPLACE),
        ((Verb.WAIT, Verb.RETRY), Verb.RETRY),
        ((Verb.WAIT,), Verb.WAIT),
        ((Verb.CREATE, Verb.CANCEL, Verb.RETRY), Verb.CREATE),
    ],
)
def test_one_action_of_an_address_shows_them(verbs: tuple[Verb, ...], shown_on: Verb) -> None:
    actions = [action(verb, changes=() if verb is Verb.CANCEL else (CHANGE,)) for verb in verbs]
    assert [one.verb for one in show_changes_once(actions) if one.changes] == [shown_on]


def test_where_nothing_changed_nothing_is_shown() -> None:
    assert show_changes_once([action(Verb.CREATE), action(Verb.RETRY)])[0].changes == ()
    assert show_changes_once([]) == []
