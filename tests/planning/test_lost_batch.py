"""Who was in a lost batch: told by the digest of its people, or by a manifest that has not changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from declarative.model import frames as people
from declarative.model.lock import Intent
from declarative.model.remote import Phase
from declarative.planning import lost_batch as lost
from declarative.planning.facts import Facts
from tests.planning.facts_fixture import (
    ABLE_TO_RETRY,
    KEY,
    batch,
    crowd,
    intent,
    knowing,
    letter,
    make_facts,
    members,
    open_intents,
    remembered,
    resource,
)

SIZE = 3


def _lost(who: str, wanted: str, **changes: Any) -> Intent:
    numbers = people.numbers_digest(crowd(who).frame, KEY)
    return intent(count=len(who), numbers=numbers, wanted=crowd(wanted).numbers, **changes)


def _told(of: Facts, lost_one: Intent) -> str | None:
    found = lost.find_lost_members(of, lost_one, SIZE)
    return None if found is None else "".join(letter(number) for number in found)


def _case(lost_one: Intent, wanted: str, **phases: Phase) -> Facts:
    known = [batch("b1", members(**phases))] if phases else []
    return make_facts(*known, wanted=resource(wanted), record=replace(knowing(*known), intents=open_intents(lost_one)))


def test_everybody_who_is_in_no_other_batch() -> None:
    gone = _lost("cd", "abcd")
    assert _told(_case(gone, "abcd", a=Phase.QUEUED, b=Phase.REACHED), gone) == "cd"


def test_one_batch_of_several_is_told_from_people_who_were_never_sent() -> None:
    for shard in ("abc", "def", "gh"):
        gone = _lost(shard, "abcdefgh")
        assert _told(_case(gone, "abcdefgh"), gone) == shard


def test_of_another_list_they_are_told_only_as_a_whole() -> None:
    gone = _lost("bc", "abc")
    assert _told(_case(gone, "bcx"), gone) == "bc"
    assert _told(_case(gone, "ab"), gone) is None
    assert _told(_case(gone, "abx"), gone) is None, "as many, but others"


def test_of_the_same_list_whoever_may_have_been_in_it_counts() -> None:
    """Some were outside their calling hours, say: they cannot be told from those who were sent."""
    gone = _lost("ac", "abcd")
    assert _told(_case(gone, "abcd", d=Phase.QUEUED), gone) == "abc"


def test_without_a_manifest_nobody_is_known() -> None:
    gone = _lost("ab", "ab")
    assert _told(make_facts(wanted=None, record=replace(knowing(), intents=open_intents(gone))), gone) is None


def test_a_second_attempt_is_told_from_first_ones() -> None:
    gone = _lost("a", "ab", attempt=2)
    again = resource("ab", retry=ABLE_TO_RETRY)
    called = batch("b1", members(a=Phase.UNREACHED))
    record = replace(knowing(called), intents=open_intents(gone))
    assert _told(make_facts(called, wanted=again, record=record), gone) == "a"


def _recorded(wanted: str, *sent: str, readable: str = "") -> dict[str, str]:
    """Of batches that were sent to these people and are not read any more: who was in them, as far as it is known."""
    known = [batch("seen", members(**dict.fromkeys(readable, Phase.REACHED)))] if readable else []
    records = {
        f"b{place}": remembered(count=len(who), numbers=people.numbers_digest(crowd(who).frame, KEY))
        for place, who in enumerate(sent)
    }
    record = replace(knowing(*known), remotes={**knowing(*known).remotes, **records})
    found = lost.find_recorded_members(make_facts(*known, wanted=resource(wanted), record=record), records, SIZE)
    return {key: "".join(sorted(letter(number) for number in numbers)) for key, numbers in found.items()}


def test_a_batch_that_is_not_read_any_more_is_told_by_its_digest() -> None:
    assert _recorded("abcdef", "ab") == {"b0": "ab"}
    assert _recorded("abcdef", "cd") == {"b0": "cd"}, "rows were added before it"
    assert _recorded("abcdef", "bd", readable="ac") == {"b0": "bd"}
    assert _recorded("abcdef", "ac", "bd") == {}, "nothing tells the two apart"
    assert _recorded("bcdef", "ab") == {}, "one of them has left the manifest"
    assert _recorded("abcdef", "abc", "def") == {"b0": "abc", "b1": "def"}


def test_in_a_retry_are_only_people_who_were_called_before() -> None:
    seen = batch("seen", members(a=Phase.UNREACHED, b=Phase.UNREACHED, c=Phase.REACHED))
    retried = remembered(count=1, attempt=2)
    record = replace(knowing(seen), remotes={**knowing(seen).remotes, "b0": retried})
    found = lost.find_recorded_members(make_facts(seen, wanted=resource("ad"), record=record), ["b0"], SIZE)
    assert sorted(letter(number) for number in found["b0"]) == ["a", "b", "c"]


def test_a_retry_is_not_told_before_the_batch_that_it_followed() -> None:
    records = {"b0": remembered(count=3, numbers="unknown"), "b1": remembered(count=1, attempt=2)}
    facts = make_facts(wanted=resource("abc"), record=replace(knowing(), remotes=records))
    assert lost.find_recorded_members(facts, records, SIZE) == {}
    assert lost.find_recorded_members(facts, ["b1"], SIZE) == {}


def test_a_batch_that_is_known_by_its_mark_alone_may_hold_whoever_is_in_no_other() -> None:
    seen = batch("seen", members(a=Phase.REACHED))

    def find(wanted: str, *counts: int) -> dict[str, str]:
        unknown = {f"b{place}": remembered(count=count, mark=None) for place, count in enumerate(counts)}
        record = replace(knowing(seen), remotes={**knowing(seen).remotes, **unknown})
        found = lost.find_recorded_members(make_facts(seen, wanted=resource(wanted), record=record), unknown, SIZE)
        return {key: "".join(sorted(letter(number) for number in numbers)) for key, numbers in found.items()}

    assert find("abc", 2) == {"b0": "bc"}
    assert find("abcd", 2) == {"b0": "bcd"}
    assert find("abcd", 1, 2) == {"b0": "bcd", "b1": "bcd"}
    assert find("ab", 2) == {}, "one of them has left the manifest"
    assert find("abc", 1, 2) == {}, "one of them has left the manifest"


def test_a_pause_takes_nobody_out_of_a_lost_batch() -> None:
    gone = _lost("ab", "ab")
    record = replace(knowing(), intents=open_intents(gone))
    assert _told(make_facts(wanted=resource("ab", paused=True), record=record), gone) == "ab"
