"""Who leaves a batch, who shares it, who is in two of them, and what is under `also`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from declarative.model.lock import CancelProgress, ResourceRecord
from declarative.model.remote import Phase
from declarative.planning import standing
from declarative.planning.decide import Timing
from declarative.planning.decisions import batches_to_cancel, removals_by_address
from declarative.planning.facts import Facts
from tests.planning.capabilities_fixture import BATCHES
from tests.planning.facts_fixture import (
    ABLE_TO_RETRY,
    a_mark,
    batch,
    decisions,
    knowing,
    letter,
    make_facts,
    members,
    number,
    person,
    remembered,
    resource,
    verbs,
)

QUEUED, IN_FLIGHT, REACHED, UNREACHED, REFUSED, UNFUNDED, CANCELLED, UNKNOWN = Phase
RETRIED = resource("a", retry=ABLE_TO_RETRY)


def test_who_is_removed_while_waiting_leaves_and_their_mates_are_submitted_again() -> None:
    remote = batch("b1", members(a=QUEUED, b=QUEUED, c=REACHED))
    assert decisions(make_facts(remote, wanted=resource("bc"))) == {
        "a": ("cancel", "not_desired"),
        "b": ("replace", "batch_mates"),
        "c": ("keep", "unchanged"),
    }


def test_the_people_of_other_batches_are_left_alone() -> None:
    first, second = batch("b1", members(a=QUEUED)), batch("b2", members(b=QUEUED))
    people = standing.decide_all(make_facts(first, second, wanted=resource("b")))
    assert batches_to_cancel(people) == ["b1"]
    assert verbs(make_facts(first, second, wanted=resource("b"))) == {"a": "cancel", "b": "keep"}


ALONE = replace(BATCHES, most_removals=2)
"""Of a type that takes off two people of a batch one by one."""


def removed(of: Facts) -> list[tuple[str, str, bool]]:
    removals = removals_by_address(standing.decide_all(of)).get(0)
    return [] if removals is None else [(one, letter(who), leaves) for one, who, leaves in removals.iter_rows()]


def test_who_leaves_alone_moves_nobody_else() -> None:
    remote = batch("b1", members(a=QUEUED, b=QUEUED, c=QUEUED, d=REACHED))
    record = knowing(remote, remotes={"b1": remembered()})
    of = make_facts(remote, wanted=resource("bcd"), record=record, capabilities=ALONE)
    assert verbs(of) == {"a": "cancel", "b": "keep", "c": "keep", "d": "keep"}
    assert removed(of) == [("b1", "a", True)]
    assert batches_to_cancel(standing.decide_all(of)) == []


@pytest.mark.parametrize(
    ("wanted", "known"),
    [
        ("d", {}),  # more than two leave
        ("", {}),  # nobody stays
        ("bcd", {"taken_off": {person("a"): CancelProgress.DONE}}),  # it was asked for, and did not help
    ],
    ids=["too many", "all", "did not help"],
)
def test_otherwise_the_batch_is_cancelled(wanted: str, known: dict[str, Any]) -> None:
    remote = batch("b1", members(a=QUEUED, b=QUEUED, c=QUEUED, d=QUEUED))
    record = knowing(remote, remotes={"b1": remembered(**known)})
    of = make_facts(remote, wanted=resource(wanted) if wanted else None, record=record, capabilities=ALONE)
    assert batches_to_cancel(standing.decide_all(of)) == ["b1"]
    assert removed(of) == []


def test_a_revoked_batch_is_cancelled_and_its_people_move() -> None:
    remote = batch("b1", members(a=QUEUED, b=QUEUED))
    of = make_facts(remote, wanted=resource("b"), record=knowing(remote, revoked=(str(a_mark()),)), capabilities=ALONE)
    assert verbs(of) == {"a": "cancel", "b": "replace"}
    assert batches_to_cancel(standing.decide_all(of)) == ["b1"]


def test_only_our_own_request_frees_who_was_taken_off_alone() -> None:
    remote = batch("b1", members(a=CANCELLED, b=QUEUED))
    for taken_off, verb in (({}, "keep"), ({person("a"): CancelProgress.ASKED}, "create")):
        record = knowing(remote, remotes={"b1": remembered(taken_off=taken_off)})
        assert verbs(make_facts(remote, wanted=resource("ab"), record=record)) == {"a": verb, "b": "keep"}
    called = batch("b1", members(a=IN_FLIGHT, b=QUEUED))
    record = knowing(called, remotes={"b1": remembered(taken_off={person("a"): CancelProgress.DONE})})
    assert verbs(make_facts(called, wanted=resource("ab"), record=record)) == {"a": "keep", "b": "keep"}


def test_mates_are_taken_off_where_it_is_not_the_time_to_submit_them_again() -> None:
    remote = batch("b1", members(a=QUEUED, b=QUEUED))
    said = decisions(make_facts(remote, wanted=resource("b"), timing=Timing.TOO_EARLY))
    assert said["b"] == ("cancel", "batch_mates")


def test_without_approval_the_mates_of_who_leaves_wait_for_it() -> None:
    remote = batch("b1", members(a=QUEUED, b=QUEUED, c=REACHED))
    facts = make_facts(remote, wanted=resource("bcd"), approved=False)
    assert decisions(facts) == {
        "a": ("cancel", "not_desired"),
        "b": ("wait", "not_approved"),
        "c": ("keep", "unchanged"),
        "d": ("wait", "not_approved"),
    }
    assert batches_to_cancel(standing.decide_all(facts)) == ["b1"]


def test_without_approval_twins_are_taken_off_and_not_submitted_again() -> None:
    one, other = batch("b1", members(a=QUEUED)), batch("b2", members(a=QUEUED, b=QUEUED))
    said = decisions(make_facts(one, other, wanted=resource("ab"), approved=False))
    assert said == {"a": ("cancel", "twins"), "b": ("wait", "not_approved")}


def test_a_mate_queued_by_a_retry_request_is_not_announced_as_called() -> None:
    remote = batch("b1", members(a=QUEUED, b=QUEUED), retry_count=1)
    said = decisions(make_facts(remote, wanted=resource("a", retry=ABLE_TO_RETRY)))
    assert said == {"a": ("cancel", "batch_mates"), "b": ("cancel", "not_desired")}


def test_a_mate_with_a_zone_of_their_own_that_sleeps_is_not_submitted_again() -> None:
    remote = batch("b1", members(a=QUEUED, b=QUEUED, c=QUEUED))
    timing = pl.DataFrame({"number": [number("b"), number("c")], "timing": [Timing.NOW.value, Timing.CLOSED.value]})
    said = verbs(make_facts(remote, wanted=resource("bc"), timing=timing))
    assert said == {"a": "cancel", "b": "replace", "c": "cancel"}


def test_the_gone_manifest_takes_off_who_waits() -> None:
    remote = batch("b1", members(a=QUEUED, b=REACHED))
    assert decisions(make_facts(remote, wanted=None)) == {"a": ("cancel", "removed"), "b": ("keep", "removed")}


def test_a_pause_takes_off_who_waits_and_says_so() -> None:
    remote = batch("b1", members(a=QUEUED))
    assert decisions(make_facts(remote, wanted=resource("ab", paused=True))) == {"a": ("cancel", "paused")}


# -- twins --------------------------------------------------------------------------------------------------------


def test_twins_are_cancelled_both_and_decided_again() -> None:
    one, other = batch("b1", members(a=QUEUED)), batch("b2", members(a=QUEUED, b=QUEUED))
    of = make_facts(one, other, wanted=resource("ab"))
    assert decisions(of) == {"a": ("replace", "twins"), "b": ("replace", "batch_mates")}
    assert batches_to_cancel(standing.decide_all(of)) == ["b1", "b2"]


@pytest.mark.parametrize("phase", [IN_FLIGHT, REACHED, UNREACHED, UNKNOWN])
def test_a_person_called_in_one_batch_leaves_its_twin(phase: Phase) -> None:
    called, twin = batch("b1", members(a=phase)), batch("b2", members(a=QUEUED))
    assert verbs(make_facts(called, twin, wanted=RETRIED)) == {"a": "cancel"}


def test_a_person_called_under_also_leaves_the_queue() -> None:
    theirs, ours = batch("x1", members(a=REACHED), mark=None), batch("b2", members(a=QUEUED))
    of = make_facts(theirs, ours, wanted=resource("a"), record=knowing(ours), also=frozenset({"x1"}))
    assert verbs(of) == {"a": "cancel"}


def test_twins_of_somebody_called_already_are_both_taken_off_and_nobody_is_announced_as_called() -> None:
    called, *twins = (batch("b1", members(a=REACHED)), *(batch(f"b{n}", members(a=QUEUED)) for n in (2, 3)))
    assert verbs(make_facts(called, *twins, wanted=resource("a"))) == {"a": "cancel"}


def test_a_retry_in_another_batch_is_no_twin() -> None:
    first, second = batch("b1", members(a=UNREACHED)), batch("b2", members(a=QUEUED), mark=a_mark(attempt=2))
    assert verbs(make_facts(first, second, wanted=RETRIED)) == {"a": "keep"}


# -- also ---------------------------------------------------------------------------------------------------------


def test_who_waits_under_also_counts_as_called_and_is_never_touched() -> None:
    theirs = batch("x1", members(a=QUEUED), mark=None)
    of = make_facts(theirs, wanted=None, record=ResourceRecord(), also=frozenset({"x1"}))
    assert verbs(of) == {"a": "keep"}
    wanted = make_facts(theirs, wanted=resource("ab"), record=ResourceRecord(), also=frozenset({"x1"}))
    assert verbs(wanted) == {"a": "keep", "b": "create"}
    assert batches_to_cancel(standing.decide_all(of)) == []
