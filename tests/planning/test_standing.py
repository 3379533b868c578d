"""From what was seen to what happens, by hand: a person, the batches that hold them, and the verb."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from declarative.model.lock import CancelProgress, ResourceRecord
from declarative.model.policy import Retry
from declarative.model.remote import Phase, Remote
from declarative.model.resource import Route
from declarative.planning import standing
from declarative.planning.decide import Standing
from tests.planning.facts_fixture import (
    ABLE_TO_RETRY,
    NOON,
    a_mark,
    batch,
    call_resource,
    crowd,
    decisions,
    knowing,
    make_facts,
    members,
    remembered,
    resource,
    row,
    verbs,
)

QUEUED, IN_FLIGHT, REACHED, UNREACHED, REFUSED, UNFUNDED, CANCELLED, UNKNOWN = Phase
RETRIED = resource("a", retry=ABLE_TO_RETRY)


def cancelled(
    remote_id: str, phase: Phase = CANCELLED, *, by_us: bool, **changes: object
) -> tuple[Remote, ResourceRecord]:
    """A batch of `a` alone whose cancel was ours or somebody else's, and its record."""
    remote = batch(remote_id, members(a=phase), cancelled=True, **changes)
    record = knowing(remote)
    if by_us:
        record = replace(record, remotes={remote_id: remembered(cancel=CancelProgress.DONE)})
    return remote, record


# -- one batch ----------------------------------------------------------------------------------------------------


def test_who_is_in_no_batch_is_submitted() -> None:
    assert decisions(make_facts(wanted=resource("ab"))) == dict.fromkeys("ab", ("create", "added"))


def test_only_the_added_are_submitted() -> None:
    assert verbs(make_facts(batch("b1", members(a=REACHED)), wanted=resource("ab"))) == {"a": "keep", "b": "create"}


@pytest.mark.parametrize("phase", [IN_FLIGHT, REACHED, UNREACHED, UNKNOWN, CANCELLED])
def test_who_was_dialed_or_may_have_been_is_not_called_again(phase: Phase) -> None:
    found = row(make_facts(batch("b1", members(a=phase)), wanted=resource("a")))
    assert (found["standing"], found["attempts"], found["verb"]) == (Standing.DIALED, 1, "keep")


def test_who_waits_and_is_not_wanted_is_taken_off_for_the_reason_that_holds_for_them() -> None:
    people = crowd("d", kept_out={"a": "suppressed", "b": "other_country"})
    waiting = batch("b1", members(a=QUEUED, b=QUEUED, c=QUEUED, d=QUEUED))
    assert decisions(make_facts(waiting, wanted=resource(people))) == {
        "a": ("cancel", "suppressed"),
        "b": ("cancel", "other_country"),
        "c": ("cancel", "not_desired"),
        "d": ("replace", "batch_mates"),
    }
    paused = decisions(make_facts(waiting, wanted=resource(people, paused=True)))
    assert set(paused.values()) == {("cancel", "paused")}


@pytest.mark.parametrize("waits_as", ["a", "b"])
def test_a_call_to_a_suppressed_number_is_taken_off_for_that_whatever_number_it_waits_under(waits_as: str) -> None:
    wanted = call_resource(crowd("", kept_out={"a": "suppressed"}), route=Route.BATCH)
    found = standing.decide_all(make_facts(batch("b1", members(**{waits_as: QUEUED})), wanted=wanted))
    assert found.select("verb", "reason").rows() == [("cancel", "suppressed")]


def test_who_waits_unchanged_stays() -> None:
    found = row(make_facts(batch("b1", members(a=QUEUED)), wanted=resource("a")))
    assert (found["standing"], found["attempts"], found["verb"]) == (Standing.WAITING, 0, "keep")


def test_who_waits_with_old_settings_moves() -> None:
    waiting = batch("b1", members(a=QUEUED, b=REACHED))
    record = replace(knowing(waiting), remotes={"b1": remembered(settings="old")})
    said = decisions(make_facts(waiting, wanted=resource("ab"), record=record))
    assert said == {"a": ("replace", "settings_changed"), "b": ("keep", "unchanged")}


def test_the_order_of_the_rows_moves_nobody() -> None:
    waiting = batch("b1", members(a=QUEUED, b=QUEUED))
    record = replace(knowing(waiting), remotes={"b1": remembered(count=2, payloads=resource("ab").recipients.payloads)})
    assert verbs(make_facts(waiting, wanted=resource("ba"), record=record)) == {"a": "keep", "b": "keep"}


def test_a_batch_cancelled_by_us_frees_who_was_never_dialed() -> None:
    remote, record = cancelled("b1", by_us=True)
    assert decisions(make_facts(remote, wanted=resource("a"), record=record)) == {"a": ("create", "added")}


def test_a_batch_cancelled_elsewhere_frees_nobody() -> None:
    remote, record = cancelled("b1", by_us=False)
    assert row(make_facts(remote, wanted=resource("a"), record=record))["standing"] == Standing.DIALED


def test_who_still_reads_queued_in_a_cancelled_batch_is_not_free_yet() -> None:
    remote, record = cancelled("b1", QUEUED, by_us=True)
    found = row(make_facts(remote, wanted=resource("a"), record=record))
    assert (found["verb"], found["queued"]) == ("keep", False)


def test_a_cancel_that_was_asked_and_took_effect_frees() -> None:
    remote, record = cancelled("b1", by_us=False)
    record = replace(record, remotes={"b1": remembered(cancel=CancelProgress.ASKED)})
    assert verbs(make_facts(remote, wanted=resource("a"), record=record)) == {"a": "create"}


@pytest.mark.parametrize("phase", [CANCELLED, UNFUNDED, REFUSED])
def test_after_a_retry_request_everybody_of_the_batch_counts_as_dialed(phase: Phase) -> None:
    remote, record = cancelled("b1", phase, by_us=True, retry_count=1)
    found = row(make_facts(remote, wanted=resource("a"), record=record))
    assert (found["standing"], found["attempts"], found["verb"]) == (Standing.DIALED, 2, "keep")


def test_a_retry_that_somebody_declared_counts_though_it_is_not_shown() -> None:
    remote = batch("b1", members(a=UNREACHED), retry_count=0)
    record = replace(knowing(remote), remotes={"b1": remembered(retry_count=1)})
    found = row(make_facts(remote, wanted=RETRIED, record=record))
    assert (found["attempts"], found["verb"]) == (2, "keep")


# -- refused, unfunded --------------------------------------------------------------------------------------------


def test_the_refused_stay_as_they_are() -> None:
    found = row(make_facts(batch("b1", members(a=REFUSED)), wanted=resource("a")))
    assert (found["standing"], found["attempts"], found["verb"]) == (Standing.REFUSED, 0, "keep")


def test_the_refused_come_again_with_other_settings() -> None:
    remote = batch("b1", members(a=REFUSED))
    record = replace(knowing(remote), remotes={"b1": remembered(settings="old")})
    assert decisions(make_facts(remote, wanted=resource("a"), record=record)) == {"a": ("create", "refused_before")}


def test_the_refused_come_again_as_often_as_the_policy_says() -> None:
    again = resource("a", retry=Retry(1, frozenset({"pre_dial"})))
    once, twice = (batch(f"b{place}", members(a=REFUSED)) for place in (1, 2))
    assert verbs(make_facts(once, wanted=again)) == {"a": "create"}
    assert verbs(make_facts(once, twice, wanted=again)) == {"a": "keep"}


def test_the_unfunded_are_submitted_as_if_never_tried() -> None:
    found = row(make_facts(batch("b1", members(a=UNFUNDED)), wanted=resource("a")))
    assert (found["standing"], found["attempts"], found["verb"]) == (Standing.UNSUBMITTED, 0, "create")


def test_an_old_refusal_with_other_settings_does_not_move_who_waits_with_those_of_now() -> None:
    refused, waiting = batch("b1", members(a=REFUSED)), batch("b2", members(a=QUEUED))
    record = replace(knowing(), remotes={"b1": remembered(settings="old"), "b2": remembered()})
    assert decisions(make_facts(refused, waiting, wanted=resource("a"), record=record)) == {"a": ("keep", "unchanged")}


def test_an_old_refusal_with_other_settings_does_not_submit_for_ever() -> None:
    old, new = batch("b1", members(a=REFUSED)), batch("b2", members(a=REFUSED))
    record = replace(knowing(), remotes={"b1": remembered(settings="old"), "b2": remembered()})
    assert verbs(make_facts(old, new, wanted=resource("a"), record=record)) == {"a": "keep"}


def test_a_refusal_counts_no_attempt() -> None:
    refused, unreached = batch("b1", members(a=REFUSED)), batch("b2", members(a=UNREACHED))
    assert verbs(make_facts(refused, unreached, wanted=RETRIED)) == {"a": "retry"}


# -- retry --------------------------------------------------------------------------------------------------------


def test_the_unreached_are_called_again() -> None:
    assert decisions(make_facts(batch("b1", members(a=UNREACHED)), wanted=RETRIED)) == {"a": ("retry", "unreached")}


def test_a_reason_that_the_policy_does_not_name_is_not_retried() -> None:
    failed = members(a=UNREACHED).with_columns(outcome=pl.lit("dial_failed"))
    assert verbs(make_facts(batch("b1", failed), wanted=RETRIED)) == {"a": "keep"}


def test_an_outcome_without_a_word_is_not_retried() -> None:
    unsaid = members(a=UNREACHED).with_columns(outcome=pl.lit(None, dtype=pl.String))
    assert verbs(make_facts(batch("b1", unsaid), wanted=RETRIED)) == {"a": "keep"}


def test_nobody_is_retried_before_their_batch_is_over() -> None:
    running = batch("b1", members(a=UNREACHED, b=IN_FLIGHT))
    wanted = resource("ab", retry=ABLE_TO_RETRY)
    assert verbs(make_facts(running, wanted=wanted)) == {"a": "keep", "b": "keep"}


def test_attempts_are_counted_over_batches() -> None:
    first, second = (batch(f"b{n}", members(a=UNREACHED), mark=a_mark(attempt=n)) for n in (1, 2))
    assert row(make_facts(first, second, wanted=RETRIED))["attempts"] == 2
    assert verbs(make_facts(first, second, wanted=RETRIED)) == {"a": "keep"}
    assert verbs(make_facts(first, second, wanted=resource("a", retry=replace(ABLE_TO_RETRY, max_retries=2)))) == {
        "a": "retry"
    }


def test_retry_requests_count_for_everybody_of_the_batch_as_an_upper_bound() -> None:
    remote = batch("b1", members(a=UNREACHED, b=REACHED), retry_count=3)
    wanted = resource("ab", retry=replace(ABLE_TO_RETRY, max_retries=3))
    assert verbs(make_facts(remote, wanted=wanted)) == {"a": "keep", "b": "keep"}


def test_who_was_reached_once_is_never_retried() -> None:
    first = batch("b1", members(a=REACHED))
    second = batch("b2", members(a=UNREACHED), mark=a_mark(attempt=2))
    assert verbs(make_facts(first, second, wanted=resource("a", retry=replace(ABLE_TO_RETRY, max_retries=9)))) == {
        "a": "keep"
    }


@pytest.mark.parametrize(("hours", "verb"), [(2, "retry"), (1, "retry"), (0.99, "wait")])
def test_the_rest_counts_from_the_end_of_the_batch(hours: float, verb: str) -> None:
    ended = batch("b1", members(a=UNREACHED), last_updated_at=(NOON - timedelta(hours=hours)).isoformat())
    wanted = resource("a", retry=replace(ABLE_TO_RETRY, after=timedelta(hours=1)))
    found = row(make_facts(ended, wanted=wanted))
    assert (found["verb"], found["free_at"]) == (verb, NOON + timedelta(hours=1 - hours))


def test_who_was_over_at_an_unknown_time_rests() -> None:
    ended = batch("b1", members(a=UNREACHED), last_updated_at="", created_at=None)
    wanted = resource("a", retry=replace(ABLE_TO_RETRY, after=timedelta(hours=1)))
    assert verbs(make_facts(ended, wanted=wanted)) == {"a": "wait"}


def test_the_longest_rest_of_several_batches_counts() -> None:
    early = batch("b1", members(a=UNREACHED), last_updated_at=(NOON - timedelta(hours=9)).isoformat())
    late = batch("b2", members(a=UNREACHED), last_updated_at=NOON.isoformat(), mark=a_mark(attempt=2))
    wanted = resource("a", retry=Retry(5, ABLE_TO_RETRY.on, timedelta(hours=1)))
    assert verbs(make_facts(late, early, wanted=wanted)) == {"a": "wait"}


def test_who_waits_for_their_retry_is_not_moved_by_other_settings() -> None:
    first = batch("b1", members(a=UNREACHED))
    second = batch("b2", members(a=QUEUED), mark=a_mark(attempt=2))
    record = replace(knowing(), remotes={"b1": remembered(), "b2": remembered(attempt=2, settings="old")})
    assert verbs(make_facts(first, second, wanted=RETRIED, record=record)) == {"a": "keep"}
