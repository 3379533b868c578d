"""The truth table, one named test a row, and what must hold for every combination of facts whatever the table says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import product
from typing import Any

import pytest

from declarative.planning import decide as table
from declarative.planning.decide import Decision, PersonFacts, Reason, Standing, Timing, Verb, decide

UNSUBMITTED, REFUSED, WAITING, DIALED, UNSURE = Standing
NOW, TOO_EARLY, CLOSED, TOO_LATE, EXPIRED = Timing
FLAGS = (
    "queued", "changed", "retriable", "before_retry", "try_refused", "twin", "already_called", "revoked", "stuck",
    "halted",
)  # fmt: skip
SHORT = Reason.MEMBERS_UNREADABLE


def person(standing: Standing, *, desired: bool = True, timing: Timing = NOW, **flags: Any) -> PersonFacts:
    return PersonFacts(desired=desired, standing=standing, timing=timing, **flags)


ROWS: dict[str, list[tuple[str, PersonFacts, Verb, Reason]]] = {
    "queued, and to be taken off": [
        ("removed while waiting is taken off", person(WAITING, desired=False, queued=True),
         Verb.CANCEL, Reason.NOT_DESIRED),
        ("removed while queued for a retry is taken off", person(DIALED, desired=False, queued=True),
         Verb.CANCEL, Reason.NOT_DESIRED),
        ("a pause names itself", replace(person(WAITING, desired=False, queued=True), absence=Reason.PAUSED),
         Verb.CANCEL, Reason.PAUSED),
        ("expired while waiting is taken off", person(WAITING, queued=True, timing=EXPIRED),
         Verb.CANCEL, Reason.EXPIRED),
        ("a removed twin is taken off", person(WAITING, desired=False, queued=True, twin=True),
         Verb.CANCEL, Reason.NOT_DESIRED),
        ("removed is taken off though its resource is blocked", person(WAITING, desired=False, queued=True,
         block=SHORT), Verb.CANCEL, Reason.NOT_DESIRED),
        ("removed is taken off though a retry of theirs is unsure", person(UNSURE, desired=False, queued=True),
         Verb.CANCEL, Reason.NOT_DESIRED),
        ("a twin whose sibling called is taken off", person(DIALED, queued=True, already_called=True),
         Verb.CANCEL, Reason.TWINS),
        ("waiting outside the calling hours is taken off", person(WAITING, queued=True, timing=CLOSED),
         Verb.CANCEL, Reason.CALLING_HOURS),
        ("queued for a retry outside the calling hours too", person(DIALED, queued=True, timing=CLOSED),
         Verb.CANCEL, Reason.CALLING_HOURS),
        ("changed while closed is taken off", person(WAITING, queued=True, changed=True, timing=CLOSED),
         Verb.CANCEL, Reason.CALLING_HOURS),
        ("twins wait for the calling hours, too", person(WAITING, queued=True, twin=True, timing=CLOSED),
         Verb.CANCEL, Reason.CALLING_HOURS),
        ("under a revoked mark and blocked is taken off", person(WAITING, queued=True, revoked=True, block=SHORT),
         Verb.CANCEL, Reason.REVOKED),
        ("under a revoked mark and called before is taken off", person(DIALED, queued=True, revoked=True),
         Verb.CANCEL, Reason.REVOKED),
        ("under a revoked mark and unsure is taken off", person(UNSURE, queued=True, revoked=True),
         Verb.CANCEL, Reason.REVOKED),
        ("under a revoked mark and not approved is taken off", person(WAITING, queued=True, revoked=True,
         approved=False), Verb.CANCEL, Reason.REVOKED),
        ("waiting in a halted campaign is taken off", person(WAITING, queued=True, halted=True),
         Verb.CANCEL, Reason.HALTED),
        ("and is taken off though its resource is blocked for another reason",
         person(WAITING, queued=True, halted=True, block=SHORT), Verb.CANCEL, Reason.HALTED),
        ("removed is taken off though nobody approved it", person(WAITING, desired=False, queued=True, approved=False),
         Verb.CANCEL, Reason.NOT_DESIRED),
    ],
    "a reason to block the whole resource": [
        ("nobody new is submitted", person(UNSUBMITTED, block=SHORT), Verb.BLOCK, SHORT),
        ("waiting people stay", person(WAITING, queued=True, changed=True, block=SHORT), Verb.BLOCK, SHORT),
        ("nobody is called again", person(DIALED, retriable=True, block=Reason.LOST), Verb.BLOCK, Reason.LOST),
    ],
    "to be taken off, and shown neither as queued nor as off": [
        ("removed, and queued in a cancelled batch", person(DIALED, desired=False, stuck=True),
         Verb.BLOCK, Reason.NOT_TAKEN_OFF),
        ("expired, and an unknown word", person(DIALED, timing=EXPIRED, stuck=True),
         Verb.BLOCK, Reason.NOT_TAKEN_OFF),
    ],
    "not desired, or expired": [
        ("removed after the call stays as it is", person(DIALED, desired=False), Verb.KEEP, Reason.NOT_DESIRED),
        ("removed and retriable is not called again", person(DIALED, desired=False, retriable=True),
         Verb.KEEP, Reason.NOT_DESIRED),
        ("a new person after the expiry is not called", person(UNSUBMITTED, timing=EXPIRED), Verb.KEEP, Reason.EXPIRED),
        ("nobody is retried after the expiry", person(DIALED, retriable=True, timing=EXPIRED),
         Verb.KEEP, Reason.EXPIRED),
        ("unsure and no longer desired needs nobody", person(UNSURE, desired=False), Verb.KEEP, Reason.NOT_DESIRED),
        ("unsure after the expiry needs nobody", person(UNSURE, timing=EXPIRED), Verb.KEEP, Reason.EXPIRED),
    ],
    "unsure": [
        ("whoever is unsure is blocked", person(UNSURE), Verb.BLOCK, Reason.UNSURE),
        ("unsure and queued is not touched", person(UNSURE, queued=True), Verb.BLOCK, Reason.UNSURE),
    ],
    "halted, and a row below would call them, now or later": [
        ("nobody new is called", person(UNSUBMITTED, halted=True), Verb.BLOCK, Reason.HALTED),
        ("nor later", person(UNSUBMITTED, halted=True, timing=CLOSED), Verb.BLOCK, Reason.HALTED),
        ("nor again", person(DIALED, retriable=True, halted=True), Verb.BLOCK, Reason.HALTED),
    ],
    "waits under a revoked mark, or in two live batches at one attempt": [
        ("under a revoked mark moves", person(WAITING, queued=True, revoked=True), Verb.REPLACE, Reason.REVOKED),
        ("a twin is cancelled and decided again", person(WAITING, queued=True, twin=True), Verb.REPLACE, Reason.TWINS),
        ("a twin of a retry too", person(DIALED, queued=True, twin=True), Verb.REPLACE, Reason.TWINS),
    ],
    "a call is due (the next four rows), but it would begin after expiry": [
        ("new, when it is too late to begin", person(UNSUBMITTED, timing=TOO_LATE), Verb.KEEP, Reason.EXPIRED),
        ("a retry when it is too late", person(DIALED, retriable=True, timing=TOO_LATE), Verb.KEEP, Reason.EXPIRED),
        ("waiting with old settings, and too late to move, is taken off",
         person(WAITING, queued=True, changed=True, timing=TOO_LATE), Verb.CANCEL, Reason.EXPIRED),
    ],
    "a call is due (the next four rows), but not yet, or not approved": [
        ("new, and not approved", person(UNSUBMITTED, approved=False), Verb.WAIT, Reason.NOT_APPROVED),
        ("a retry that is not approved", person(DIALED, retriable=True, approved=False),
         Verb.WAIT, Reason.NOT_APPROVED),
        ("waiting with old settings stays until the change is approved",
         person(WAITING, queued=True, changed=True, approved=False), Verb.WAIT, Reason.NOT_APPROVED),
        ("and stays though the new settings are for another time",
         person(WAITING, queued=True, changed=True, approved=False, timing=TOO_EARLY), Verb.WAIT, Reason.NOT_APPROVED),
        ("new, outside the calling hours", person(UNSUBMITTED, timing=CLOSED), Verb.WAIT, Reason.CALLING_HOURS),
        ("new, too far ahead", person(UNSUBMITTED, timing=TOO_EARLY), Verb.WAIT, Reason.TOO_EARLY),
        ("refused, too far ahead", person(REFUSED, changed=True, timing=TOO_EARLY), Verb.WAIT, Reason.TOO_EARLY),
        ("a retry outside the calling hours", person(DIALED, retriable=True, timing=CLOSED),
         Verb.WAIT, Reason.CALLING_HOURS),
        ("a retry that rests", person(DIALED, retriable=True, before_retry=True), Verb.WAIT, Reason.RETRY_AFTER),
        ("waiting with old settings at the wrong time is taken off",
         person(WAITING, queued=True, changed=True, timing=TOO_EARLY), Verb.CANCEL, Reason.TOO_EARLY),
    ],
    "desired, unsubmitted": [("a new person is submitted", person(UNSUBMITTED), Verb.CREATE, Reason.ADDED)],
    "desired, refused, and changed or the policy names pre_dial": [
        ("refused, then changed, is submitted again", person(REFUSED, changed=True),
         Verb.CREATE, Reason.REFUSED_BEFORE),
        ("refused is submitted again where the policy says so", person(REFUSED, try_refused=True),
         Verb.CREATE, Reason.REFUSED_BEFORE),
    ],
    "desired, waiting, changed": [
        ("waiting with old settings is moved", person(WAITING, queued=True, changed=True),
         Verb.REPLACE, Reason.SETTINGS_CHANGED),
    ],
    "desired, dialed, unreached, over, in retry.on, attempts left": [
        ("the unreached are called again", person(DIALED, retriable=True), Verb.RETRY, Reason.UNREACHED),
    ],
    "anything else": [
        ("waiting unchanged stays", person(WAITING, queued=True), Verb.KEEP, Reason.UNCHANGED),
        ("waiting unchanged stays without approval, too", person(WAITING, queued=True, approved=False),
         Verb.KEEP, Reason.UNCHANGED),
        ("waiting to call before the expiry stays", person(WAITING, queued=True, timing=TOO_LATE),
         Verb.KEEP, Reason.UNCHANGED),
        ("waiting for a far day stays", person(WAITING, queued=True, timing=TOO_EARLY), Verb.KEEP, Reason.UNCHANGED),
        ("dialed stays", person(DIALED), Verb.KEEP, Reason.UNCHANGED),
        ("dialed by a word that nobody knows stays", person(DIALED, stuck=True), Verb.KEEP, Reason.UNCHANGED),
        ("dialed and changed stays", person(DIALED, changed=True), Verb.KEEP, Reason.UNCHANGED),
        ("retriable and queued already stays", person(DIALED, retriable=True, queued=True),
         Verb.KEEP, Reason.UNCHANGED),
        ("refused and unchanged stays", person(REFUSED), Verb.KEEP, Reason.UNCHANGED),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("fact", "verb", "reason"), [pytest.param(*row[1:], id=row[0]) for rows in ROWS.values() for row in rows]
)
def test_row(fact: PersonFacts, verb: Verb, reason: Reason) -> None:
    assert decide(fact) == Decision(verb, reason)


def drawn() -> dict[str, str]:
    """The table of the module's docstring: condition to outcome, in order."""
    rows = re.findall(r"^\| (.*?) +\| (.*?) +\|$", table.__doc__ or "", re.MULTILINE)
    return {condition: outcome for condition, outcome in rows if not set(condition) <= {"-"}}


def test_every_row_drawn_is_tested_in_its_order() -> None:
    heading, *conditions = drawn()
    assert heading == "first match wins"
    assert conditions == list(ROWS)


def test_the_code_does_what_the_drawn_row_says() -> None:
    for condition, cases in ROWS.items():
        words = set(re.findall(r"[a-z]+", drawn()[condition]))
        assert {str(verb) for _, _, verb, _ in cases} <= words, condition


@cache
def everybody() -> tuple[PersonFacts, ...]:
    """All combinations of facts, impossible ones included: a decision must not lean on what others promise."""
    flags = product((False, True), repeat=len(FLAGS))
    return tuple(
        person(standing, desired=desired, timing=timing, block=block, **dict(zip(FLAGS, values, strict=True)))
        for values in flags
        for desired, standing, timing, block in product((False, True), Standing, Timing, (None, SHORT))
    )


def who(**facts: object) -> Iterator[tuple[PersonFacts, Decision]]:
    return ((one, decide(one)) for one in everybody() if all(getattr(one, k) == v for k, v in facts.items()))


def having(one: PersonFacts, flag: str) -> PersonFacts:
    facts: dict[str, Any] = {flag: True}
    return replace(one, **facts)


def deciding(*verbs: Verb) -> list[PersonFacts]:
    return [one for one in everybody() if decide(one).verb in verbs]


def test_there_are_as_many_combinations_as_facts_allow() -> None:
    assert len(everybody()) == len(set(everybody())) == 4 * len(Standing) * len(Timing) * 2 ** len(FLAGS)


def test_decide_is_total_and_says_a_verb_about_people() -> None:
    about_people = {Verb.CREATE, Verb.REPLACE, Verb.RETRY, Verb.CANCEL, Verb.KEEP, Verb.WAIT, Verb.BLOCK}
    assert {decide(one).verb for one in everybody()} == about_people


def to_be_taken_off(one: PersonFacts) -> bool:
    """Written without a look at decide(): who must not be called by what they are queued in."""
    moves = one.standing is WAITING and one.timing is NOW and one.block is None
    gone = not one.desired or one.timing in (EXPIRED, CLOSED)
    return one.queued and (gone or one.halted or one.already_called or (one.revoked and not moves))


def test_who_must_be_taken_off_is_taken_off_whatever_else_holds() -> None:
    assert all(decide(one).verb is Verb.CANCEL for one in everybody() if to_be_taken_off(one))


def test_a_blocked_resource_does_nothing_but_take_off() -> None:
    for one in everybody():
        if one.block is not None and not to_be_taken_off(one):
            assert decide(one) == Decision(Verb.BLOCK, SHORT), one


def test_a_block_takes_off_nobody_who_would_stay_without_it_but_those_who_would_move() -> None:
    for one, decision in who(block=SHORT):
        if decision.verb is Verb.CANCEL:
            assert decide(replace(one, block=None)).verb in (Verb.CANCEL, Verb.REPLACE), one


def test_a_block_never_adds_a_call() -> None:
    assert not [one for one, decision in who(block=SHORT) if decision.verb.dials]


def test_the_unsure_are_never_called() -> None:
    verbs = {decision.verb for _, decision in who(standing=UNSURE)}
    assert verbs == {Verb.BLOCK, Verb.CANCEL, Verb.KEEP}


def test_the_unsure_who_are_wanted_are_blocked_unless_they_are_taken_off() -> None:
    for one, decision in who(standing=UNSURE, desired=True, block=None):
        if one.timing is not EXPIRED and decision.verb is not Verb.CANCEL:
            assert decision.verb is Verb.BLOCK, one


def test_nobody_else_is_blocked() -> None:
    unblocked = [one for one in deciding(Verb.BLOCK) if one.block is None]
    assert all(one.standing is UNSURE or one.stuck or one.halted for one in unblocked)


def test_a_halted_campaign_calls_nobody_now_or_later_and_takes_off_whoever_waits() -> None:
    for one, decision in who(halted=True):
        assert not decision.verb.dials, one
        assert decision.verb is not Verb.WAIT, one
        assert decision.verb is Verb.CANCEL or not one.queued or one.block or one.standing is UNSURE, one


def test_a_halt_blocks_nobody_who_would_not_be_called() -> None:
    for one, decision in who(halted=True, queued=False):
        otherwise = decide(replace(one, halted=False))
        would_call = otherwise.verb.dials or otherwise.verb is Verb.WAIT
        assert decision == otherwise or would_call or one.stuck, one


def test_only_the_desired_are_called() -> None:
    assert all(one.desired for one in deciding(Verb.CREATE, Verb.REPLACE, Verb.RETRY))


def test_a_further_call_is_asked_for_only_at_a_time_for_it() -> None:
    assert {one.timing for one in deciding(Verb.CREATE, Verb.RETRY)} == {NOW}


def test_a_move_at_another_time_than_now_is_a_twin_and_never_after_the_expiry() -> None:
    early = [one for one in deciding(Verb.REPLACE) if one.timing is not NOW]
    assert all(one.twin for one in early)
    assert not {EXPIRED, CLOSED} & {one.timing for one in early if one.queued}


def test_only_the_unsubmitted_and_the_refused_are_created() -> None:
    assert {one.standing for one in deciding(Verb.CREATE)} == {UNSUBMITTED, REFUSED}


def test_the_refused_are_created_only_when_changed_or_asked_for() -> None:
    assert all(one.changed or one.try_refused for one in deciding(Verb.CREATE) if one.standing is REFUSED)


def test_only_the_waiting_and_twins_are_replaced() -> None:
    assert all(one.standing is WAITING or one.twin for one in deciding(Verb.REPLACE))


def test_only_changed_people_twins_and_those_under_a_revoked_mark_are_replaced() -> None:
    assert all(one.changed or one.twin or one.revoked for one in deciding(Verb.REPLACE))


def test_only_the_dialed_retriable_and_rested_are_retried() -> None:
    retried = deciding(Verb.RETRY)
    assert {one.standing for one in retried} == {DIALED}
    assert all(one.retriable and not one.queued and not one.before_retry and not one.twin for one in retried)


def test_whoever_is_dialed_is_never_created() -> None:
    assert DIALED not in {one.standing for one in deciding(Verb.CREATE)}


@pytest.mark.parametrize("facts", [{"desired": False}, {"timing": EXPIRED}], ids=["not desired", "expired"])
def test_whoever_must_not_call_is_taken_off_while_queued_and_else_kept(facts: dict[str, object]) -> None:
    for one, decision in who(**facts, block=None):
        otherwise = Verb.BLOCK if one.stuck else Verb.KEEP
        assert decision.verb is (Verb.CANCEL if one.queued else otherwise), one


def test_only_the_queued_are_cancelled() -> None:
    assert all(one.queued for one in deciding(Verb.CANCEL))


def test_nobody_desired_and_unsubmitted_is_left_out_when_it_is_time() -> None:
    for one, decision in who(desired=True, standing=UNSUBMITTED, timing=NOW, queued=False, halted=False, block=None):
        if not one.already_called and not one.revoked:  # of the queued alone
            assert decision.verb is (Verb.REPLACE if one.twin else Verb.CREATE), one


def test_nobody_queued_merely_waits_for_a_better_time() -> None:
    assert not [one for one in deciding(Verb.WAIT) if one.queued]


def test_nobody_stays_queued_for_an_attempt_that_was_made() -> None:
    for one, decision in who(desired=True, queued=True, already_called=True):
        assert decision.verb is not Verb.KEEP, one


def test_outside_calling_hours_nobody_stays_queued() -> None:
    for one, decision in who(desired=True, timing=CLOSED, queued=True):
        assert decision.verb is not Verb.KEEP, one


def unapproved() -> Iterator[tuple[PersonFacts, Decision, Decision]]:
    """Everybody, with the decision where they are approved, and where they are not."""
    return ((one, decide(one), decide(replace(one, approved=False))) for one in everybody())


def test_what_is_not_approved_never_calls() -> None:
    assert not [one for one, _, held in unapproved() if held.verb.dials]


def test_taking_off_needs_no_approval_but_for_the_sake_of_changed_settings() -> None:
    for one, approved, held in unapproved():
        if approved.verb is Verb.CANCEL and held.verb is not Verb.CANCEL:
            assert (one.timing, held.reason) == (TOO_EARLY, Reason.NOT_APPROVED), one


def test_without_approval_nobody_is_taken_off_but_twins_and_those_under_a_revoked_mark() -> None:
    for one, approved, held in unapproved():
        if held.verb is Verb.CANCEL and approved.verb is not Verb.CANCEL:
            assert one.twin or one.revoked, one


def test_approval_changes_nothing_for_whom_no_call_is_due() -> None:
    for one, approved, held in unapproved():
        if held != approved and not one.halted and (one.queued or not one.revoked):  # of the queued alone
            assert approved.verb in (Verb.CREATE, Verb.REPLACE, Verb.RETRY, Verb.WAIT, Verb.CANCEL), one


def test_to_be_desired_no_longer_never_adds_a_call() -> None:
    assert not any(decide(replace(one, desired=False)).verb.dials for one in everybody())


def test_to_be_unsure_never_adds_a_request() -> None:
    assert not any(decide(replace(one, standing=UNSURE)).verb.dials for one in everybody())


@pytest.mark.parametrize("flag", ["queued", "before_retry", "already_called"])
def test_a_fact_that_holds_back_never_adds_a_further_call(flag: str) -> None:
    further = (Verb.CREATE, Verb.RETRY)
    for one, decision in who(**{flag: False}):
        if decision.verb not in further:
            assert decide(having(one, flag)).verb not in further, one


def test_a_worse_time_never_adds_a_call() -> None:
    for one, decision in who(timing=NOW):
        if not decision.verb.dials:
            assert not any(decide(replace(one, timing=timing)).verb.dials for timing in Timing), one


def test_the_absence_is_a_word_only() -> None:
    for one in everybody():
        assert decide(replace(one, absence=Reason.PAUSED)).verb is decide(one).verb


def test_what_sends_and_what_dials() -> None:
    assert [verb for verb in Verb if verb.dials] == [Verb.CREATE, Verb.REPLACE, Verb.RETRY]
    assert [verb for verb in Verb if verb.sends] == [Verb.CREATE, Verb.REPLACE, Verb.RETRY, Verb.CANCEL]


def test_reasons_that_block_a_resource_are_named_once_and_never_said_of_a_person() -> None:
    assert len(set(table.BLOCKS_RESOURCE)) == len(table.BLOCKS_RESOURCE)
    unblocked = {decide(one).reason for one in everybody() if one.block is None and not one.halted}
    assert not unblocked & set(table.BLOCKS_RESOURCE)
    assert set(table.KEEPS_EVERYTHING) < set(table.BLOCKS_RESOURCE)
