"""A batch counts as read only where it shows the people who were sent, in whatever form of their numbers."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from declarative.model import frames
from declarative.model.lock import RemoteRecord, ResourceRecord
from declarative.model.remote import Phase, Remote
from declarative.planning import standing
from declarative.planning.blocks import resource_block
from declarative.planning.decide import Reason, Verb
from declarative.planning.facts import Facts
from declarative.planning.membership import find_unreadable, hold_against_lock
from tests.planning.facts_fixture import KEY, batch, crowd, make_facts, members, number, remembered, resource

SENT = "abc"


def record_of(sent: str = SENT) -> RemoteRecord:
    return remembered(count=len(sent), numbers=frames.numbers_digest(crowd(sent).frame, KEY))


def facts_of(shown: pl.DataFrame, wanted: str = "abcd", **changes: object) -> Facts:
    remote = batch("b1", shown)
    record = ResourceRecord(generation=1, provider="cartesia", remotes={"b1": record_of()})
    return hold_against_lock(make_facts(remote, wanted=resource(wanted), record=record))


def shown_as(**numbers: str) -> pl.DataFrame:
    """Everybody of SENT, some of them under another number."""
    frame = members(**dict.fromkeys(SENT, Phase.QUEUED))
    return frame.with_columns(pl.col("number").replace({number(who): other for who, other in numbers.items()}))


def test_a_batch_that_shows_who_was_sent_is_read() -> None:
    facts = facts_of(shown_as())
    assert find_unreadable(facts) == []
    assert standing.decide_all(facts).filter(verb=Verb.CREATE).get_column("number").to_list() == [number("d")]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.sets(st.sampled_from("abcdef")))
def test_any_other_set_of_people_is_never_read(letters: set[str]) -> None:
    shown = members(**dict.fromkeys(sorted(letters), Phase.REACHED))
    assert (find_unreadable(facts_of(shown)) == []) is (letters == set(SENT))


@pytest.mark.parametrize("form", ["+1 (415) 555-0100", "14155550100", "0014155550100"])
def test_another_form_of_a_number_is_the_same_person(form: str) -> None:
    facts = facts_of(shown_as(a=form))
    assert find_unreadable(facts) == []
    assert standing.decide_all(facts).filter(verb=Verb.CREATE).get_column("number").to_list() == [number("d")]


@pytest.mark.parametrize(
    ("sent", "shown"),
    [("+525512345678", "+5215512345678"), ("+541123456789", "+5491123456789"), ("+551187654321", "+5511987654321")],
)
@pytest.mark.parametrize("is_turned", [False, True])
def test_forms_of_mobile_numbers_are_known(sent: str, shown: str, is_turned: bool) -> None:
    sent, shown = (shown, sent) if is_turned else (sent, shown)
    wanted = crowd({}).frame.vstack(pl.DataFrame({"number": [sent], "payload": ["{}"]}))
    facts = hold_against_lock(_facts_of_one(wanted, batch("b1", _one_member(shown))))
    assert find_unreadable(facts) == []
    held = facts.remotes["b1"].members
    assert held is not None
    assert held.get_column("number").to_list() == [sent]


def _one_member(shown: str) -> pl.DataFrame:
    return members(a=Phase.QUEUED).with_columns(number=pl.lit(shown))


def _facts_of_one(wanted: pl.DataFrame, remote: Remote) -> Facts:
    from declarative.model.people import People
    from declarative.model.recipients import Recipients

    recipients = Recipients(
        1,
        lambda: People.of(wanted),
        lambda: frames.numbers_digest(wanted, KEY),
        lambda: frames.payloads_digest(wanted, KEY),
    )
    record = remembered(count=1, numbers=frames.numbers_digest(wanted, KEY))
    return make_facts(remote, wanted=resource(recipients), record=ResourceRecord(generation=1, remotes={"b1": record}))


@pytest.mark.parametrize("form", [None, "+1•••0100", "+14155550199"])
def test_a_number_that_is_nobodys_makes_the_batch_unreadable(form: str | None) -> None:
    frame = members(**dict.fromkeys(SENT, Phase.QUEUED))
    is_first = pl.col("number") == number("a")
    facts = facts_of(frame.with_columns(pl.when(is_first).then(pl.lit(form)).otherwise("number").alias("number")))
    assert find_unreadable(facts) == ["b1"]
    block = resource_block(facts, frozenset(), routes=("batch", "call"))  # type: ignore[arg-type]
    assert block is not None
    assert block.reason is Reason.MEMBERS_UNREADABLE
    assert "dialctl resolve batch/march#b1 --placed" in block.hint


def test_a_form_that_two_people_share_is_nobodys() -> None:
    facts = facts_of(shown_as(a="415 555 0100"))
    assert find_unreadable(facts) == ["b1"]


def test_of_a_batch_known_by_its_mark_alone_the_count_is_held() -> None:
    remote = batch("b1", members(a=Phase.REACHED))
    for count, unreadable in ((0, []), (1, []), (2, ["b1"])):
        record = ResourceRecord(generation=1, remotes={"b1": remembered(count=count)})
        facts = hold_against_lock(make_facts(remote, wanted=resource("ab"), record=record))
        assert find_unreadable(facts) == unreadable
