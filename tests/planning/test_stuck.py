"""A cancel is believed when a read proves it: people who may still be called are a problem with words of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from declarative.model.lock import CancelProgress, ResourceRecord
from declarative.model.remote import Phase
from declarative.planning.decide import Reason, Verb
from declarative.planning.facts import Facts, Observation
from declarative.planning.stuck import endless_notices, stuck_people
from tests.planning.actions_fixture import compose_one
from tests.planning.facts_fixture import NOON, batch, make_facts, members, remembered, resource, verbs

QUEUED, CANCELLED, UNKNOWN, REACHED = Phase.QUEUED, Phase.CANCELLED, Phase.UNKNOWN, Phase.REACHED


def cancelled_facts(wanted: str = "b", cancel: CancelProgress | None = CancelProgress.DONE, **phases: Phase) -> Facts:
    remote = batch("b1", members(**phases), cancelled=True)
    record = ResourceRecord(generation=1, provider="cartesia", remotes={"b1": remembered(cancel=cancel)})
    return make_facts(remote, wanted=resource(wanted), record=record)


def actions_of(facts: Facts) -> dict[Verb, Reason]:
    actions, _ = compose_one(Observation(facts=facts, provider="cartesia"), None)
    return {action.verb: action.reason for action in actions}


def test_who_left_and_reads_queued_in_a_cancelled_batch_is_a_problem() -> None:
    facts = cancelled_facts(a=QUEUED, b=CANCELLED)
    assert actions_of(facts)[Verb.BLOCK] is Reason.NOT_TAKEN_OFF
    assert verbs(facts)["b"] == "create"
    assert len(stuck_people(facts)) == 1


def test_who_left_and_reads_cancelled_is_none() -> None:
    facts = cancelled_facts(a=CANCELLED, b=CANCELLED)
    assert Verb.BLOCK not in actions_of(facts)
    assert stuck_people(facts).is_empty()


def test_who_is_wanted_and_reads_queued_in_a_cancelled_batch_is_never_called_again() -> None:
    assert verbs(cancelled_facts("ab", a=QUEUED, b=CANCELLED))["a"] == "keep"


def live_facts(wanted: str, outcome: str | None = None, *, finished: int = 0) -> Facts:
    frame = members(a=UNKNOWN, b=REACHED).with_columns(
        pl.when(pl.col("phase") == UNKNOWN).then(pl.lit(outcome)).otherwise("outcome").alias("outcome")
    )
    return make_facts(batch("b1", frame, finished=finished), wanted=resource(wanted))


def test_who_left_and_reads_a_word_that_nobody_knows_in_a_live_batch_is_a_problem() -> None:
    facts = live_facts("b")
    assert actions_of(facts) == {Verb.BLOCK: Reason.NOT_TAKEN_OFF}
    actions, _ = compose_one(Observation(facts=facts, provider="cartesia"), None)
    assert "b1 shows them by a word that dialctl does not know" in actions[0].detail
    assert "dialctl resolve batch/march#b1 --placed" in actions[0].hint


def test_who_was_called_by_an_ending_that_nobody_knows_is_none() -> None:
    assert stuck_people(live_facts("b", outcome="error")).is_empty()
    assert stuck_people(live_facts("b", finished=2)).is_empty()
    assert stuck_people(live_facts("ab")).is_empty()


def test_a_cancel_that_was_taken_and_did_nothing_is_sent_again_and_is_a_problem() -> None:
    remote = batch("b1", members(a=QUEUED))
    record = ResourceRecord(generation=1, remotes={"b1": remembered(cancel=CancelProgress.DONE)})
    facts = make_facts(remote, wanted=resource("b"), record=record)
    assert actions_of(facts)[Verb.CANCEL] is Reason.NOT_DESIRED
    assert actions_of(facts)[Verb.BLOCK] is Reason.NOT_TAKEN_OFF
    asked = replace(record, remotes={"b1": remembered(cancel=CancelProgress.ASKED)})
    assert Verb.BLOCK not in actions_of(make_facts(remote, wanted=resource("b"), record=asked))


@pytest.mark.parametrize(("minutes", "verb"), [(0, "keep"), (1, "keep"), (2, "create"), (3, "create")])
def test_who_reads_cancelled_is_free_once_the_cancel_has_settled(minutes: int, verb: str) -> None:
    record = remembered(cancel=CancelProgress.DONE, cancelled_at=NOON - timedelta(minutes=minutes))
    facts = cancelled_facts("a", a=CANCELLED)
    facts = replace(
        facts,
        resource_record=replace(facts.resource_record, remotes={"b1": record}),
        cancel_settles=timedelta(minutes=2),
    )
    assert verbs(facts)["a"] == verb
    assert facts.has_unsettled_cancel() is (verb == "keep")
    _, task = compose_one(Observation(facts=facts, provider="cartesia"), None)
    assert task is not None
    assert task.due_later is (verb == "keep")  # so that no later plan leaves it unread


def test_a_cancel_of_unknown_time_frees_nobody() -> None:
    facts = replace(cancelled_facts("a", a=CANCELLED), cancel_settles=timedelta(minutes=2))
    assert verbs(facts)["a"] == "keep"


def test_a_batch_that_never_ends_is_named_with_its_way_out() -> None:
    (notice,) = endless_notices(cancelled_facts(a=UNKNOWN, b=CANCELLED))
    assert "b1 never counts as over" in notice
    assert "dialctl resolve batch/march#b1 --placed" in notice
    assert list(endless_notices(live_facts("ab"))) != []


@pytest.mark.parametrize("phases", [{"a": CANCELLED}, {"a": REACHED}, {"a": Phase.IN_FLIGHT, "b": UNKNOWN}])
def test_a_batch_that_is_over_or_goes_on_is_not_named(phases: dict[str, Phase]) -> None:
    assert list(endless_notices(cancelled_facts(**phases))) == []
