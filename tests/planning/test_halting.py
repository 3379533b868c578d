"""A campaign that stops by itself: which shares count, of whom, and until when."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from declarative.model.halts import EVERYTHING, EmergencyHalt, environment_halt
from declarative.model.lock import CancelProgress, Ended
from declarative.model.policy import HaltWhen
from declarative.model.remote import Phase
from declarative.model.resource import Route
from declarative.planning.actions import compose_actions
from declarative.planning.blocks import resource_block
from declarative.planning.decide import Reason
from declarative.planning.facts import Block, Facts, Observation
from declarative.planning.halting import find_ended, find_halt, halt_block
from declarative.planning.standing import decide_all
from tests.planning.capabilities_fixture import BATCHES
from tests.planning.facts_fixture import batch, knowing, make_facts, members, number, remembered, resource, verbs

QUEUED, IN_FLIGHT, REACHED, UNREACHED, REFUSED, UNFUNDED, CANCELLED, UNKNOWN = Phase
FAILED = frozenset({"dial_failed"})
ABLE = replace(BATCHES, failures=FAILED)
HALF_FAILED = HaltWhen(failed_above=40, of_at_least=4)


def campaign(rule: HaltWhen, outcomes: str, waiting: str = "z", resumed: Ended | None = None) -> Facts:
    """People by letter in one batch: `r`eached, `n`ot answered, `f`ailed, turned away (`p`); and people who wait."""
    letters = "abcdefghijklmnop"[: len(outcomes)]
    phases = {"r": REACHED, "n": UNREACHED, "f": UNREACHED, "p": REFUSED}
    frame = members(**{who: phases[word] for who, word in zip(letters, outcomes, strict=True)})
    words = {"r": "completed", "n": "dial_no_answer", "f": "dial_failed", "p": None}
    frame = frame.with_columns(outcome=pl.Series([words[word] for word in outcomes], dtype=pl.String))
    remotes = [batch("b1", frame)]
    if waiting:
        remotes.append(batch("b2", members(**dict.fromkeys(waiting, QUEUED))))
    record = replace(knowing(*remotes), resumed=resumed)
    return make_facts(*remotes, wanted=resource(letters + waiting, halt_when=rule), record=record, capabilities=ABLE)


@pytest.mark.parametrize(
    ("rule", "outcomes", "figures"),
    [
        (HALF_FAILED, "ffnr", "2 of 4 people failed (50 %), and halt_when says more than 40 %"),
        (HALF_FAILED, "fpnr", "2 of 4 people failed (50 %), and halt_when says more than 40 %"),
        (HALF_FAILED, "fnnr", ""),  # unanswered is not failed
        (HALF_FAILED, "fff", ""),  # too few
        (HaltWhen(failed_above=50, of_at_least=4), "ffnr", ""),  # not more than
        (HaltWhen(reached_below=30, of_at_least=4), "nnnr", "1 of 4 people were reached (25 %), and halt_when says"),
        (HaltWhen(reached_below=25, of_at_least=4), "nnnr", ""),
    ],
)
def test_shares_are_of_the_people_whose_calls_are_over(rule: HaltWhen, outcomes: str, figures: str) -> None:
    halt = find_halt(campaign(rule, outcomes))
    assert (halt.figures if halt else "").startswith(figures)
    assert bool(halt) == bool(figures)


def test_who_waits_is_taken_off_and_the_rest_is_held() -> None:
    facts = campaign(HALF_FAILED, "ffff")
    block = resource_block(facts, frozenset(), routes=[Route.BATCH])
    assert block is not None
    assert block.reason is Reason.HALTED
    decided = decide_all(facts, Reason.HALTED)
    assert decided.filter(number=number("z")).select("verb", "reason").row(0) == ("cancel", "halted")


def test_a_campaign_that_calls_nobody_any_more_is_not_blocked() -> None:
    assert find_halt(campaign(HALF_FAILED, "ffff", waiting="")) is None


def test_a_halt_stays_though_the_last_calls_went_well() -> None:
    halt = find_halt(campaign(HALF_FAILED, "fff" + "r" * 4))
    assert halt is not None
    well = campaign(HALF_FAILED, "fff" + "r" * 10)
    assert find_halt(well) is None
    remembered = replace(well, resource_record=replace(well.resource_record, halted=halt))
    assert find_halt(remembered) == halt
    other_rule = campaign(HaltWhen(failed_above=50), "fff" + "r" * 10)
    assert find_halt(replace(other_rule, resource_record=remembered.resource_record)) is None


def test_after_a_resume_only_what_came_since_counts() -> None:
    ended = find_ended(campaign(HALF_FAILED, "ffff"))
    assert ended == Ended(people=4, reached=0, failed=4)
    assert find_halt(campaign(HALF_FAILED, "ffffrrr", resumed=ended)) is None
    assert find_halt(campaign(HALF_FAILED, "ffffrrrfff", resumed=ended)) is not None


STOPPED = EmergencyHalt(id="a", address=EVERYTHING, reason="wrong price")
SICK = environment_halt("sick")


def block_of(facts: Facts) -> Block | None:
    return resource_block(facts, frozenset(), routes=[Route.BATCH])


def composed(facts: Facts) -> dict[str, str]:
    """Verb to reason of the actions of an address."""
    [(actions, _)] = compose_actions([Observation(facts=facts, block=block_of(facts))], lambda _: None)
    return {action.verb: action.reason for action in actions}


def waiting_and_new(emergency: EmergencyHalt) -> Facts:
    return make_facts(batch("b1", members(a=QUEUED)), wanted=resource("ab"), emergency=emergency)


def test_a_persons_halt_blocks_and_takes_off_whoever_waits() -> None:
    facts = waiting_and_new(STOPPED)
    block = block_of(facts)
    assert block is not None
    assert (block.reason, block.detail) == (Reason.HALTED, "the project was halted: wrong price")
    assert "dialctl resolve --all --resume" in block.hint
    assert composed(facts) == {"cancel": "halted", "block": "halted"}


def test_the_halt_of_one_machine_blocks_and_takes_off_nobody_who_is_wanted() -> None:
    facts = waiting_and_new(SICK)
    block = block_of(facts)
    assert block is not None
    assert "whoever waits at the provider stays there" in block.detail
    assert composed(facts) == {"block": "halted"}
    removed = make_facts(batch("b1", members(a=QUEUED, b=QUEUED)), wanted=resource("b"), emergency=SICK)
    assert composed(removed)["cancel"] == "not_desired"


def test_where_nobody_would_be_called_a_halt_blocks_nothing() -> None:
    over = make_facts(batch("b1", members(a=REACHED)), wanted=resource("a"), emergency=STOPPED)
    assert (block_of(over), composed(over)) == (None, {"keep": "unchanged"})
    paused = make_facts(batch("b1", members(a=QUEUED)), wanted=resource("a", paused=True), emergency=STOPPED)
    assert composed(paused) == {"cancel": "paused"}


def test_who_waits_is_taken_off_though_another_block_is_named() -> None:
    lost = replace(knowing(batch("b1", members(a=QUEUED))), remotes={"b1": remembered(), "b2": remembered()})
    facts = make_facts(batch("b1", members(a=QUEUED)), wanted=resource("a"), record=lost, emergency=STOPPED)
    block = resource_block(facts, frozenset({"b2"}), routes=[Route.BATCH])
    assert block is not None
    assert block.reason is Reason.LOST
    assert verbs(facts) == {"a": "cancel"}


def test_what_the_stop_cancelled_and_could_not_record_is_halted_and_not_cancelled_elsewhere() -> None:
    stopped = batch("b1", members(a=CANCELLED), cancelled=True)
    facts = make_facts(stopped, wanted=resource("a"), emergency=STOPPED)
    block = block_of(facts)
    assert block is not None
    assert block.reason is Reason.HALTED
    assert block_of(replace(facts, emergency=SICK)).reason is Reason.CANCELLED_ELSEWHERE  # type: ignore[union-attr]
    recorded = replace(knowing(stopped), remotes={"b1": remembered(cancel=CancelProgress.DONE)})
    assert composed(replace(facts, resource_record=recorded)) == {"block": "halted"}


def test_a_campaign_that_halted_by_itself_takes_off_whatever_one_machine_must_not_do() -> None:
    facts = replace(campaign(HALF_FAILED, "ffff"), emergency=SICK)
    block = halt_block(facts)
    assert block is not None
    assert block.halt is not None
    assert composed(facts) == {"cancel": "halted", "block": "halted"}
