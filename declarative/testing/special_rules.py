"""The part of a provider's contract about what only some channels can do: each rule holds where capabilities say so."""

from __future__ import annotations

from collections.abc import Callable

from declarative.model.remote import Phase, Remote
from declarative.providers.base import NumberChannel, Removal, RemovalChannel, SearchChannel
from declarative.testing.contract import require, require_equal
from declarative.testing.stage import NUMBER, Stage

_LIVE = (Phase.QUEUED, Phase.IN_FLIGHT)


def _what_was_submitted_is_found_by_a_search_for_its_mark_where_there_is_one(stage: Stage) -> None:
    if not stage.capabilities.finds_marks:
        return
    channel = stage.channel
    require(isinstance(channel, SearchChannel), "the channel has no find_marked()")
    assert isinstance(channel, SearchChannel)
    remote, other = (stage.place(scheduled_at=stage.later()) for _ in range(2))
    stage.world.advance(stage.world.listed_after)
    found = {one.id: one.mark for one in channel.find_marked(str(remote.mark))}
    require_equal(found, {remote.id: remote.mark}, f"what find_marked() finds beside {other.id}")


def _one_person_is_taken_off_where_that_is_possible_and_the_others_stay(stage: Stage) -> None:
    if not stage.capabilities.most_removals:
        return
    channel, staying, leaving = stage.channel, NUMBER, "+14155550102"
    require(isinstance(channel, RemovalChannel), "the channel has no find_members() and remove_member()")
    assert isinstance(channel, RemovalChannel)
    remote = stage.place(staying, leaving, scheduled_at=stage.later())
    member_ids = channel.find_members(remote.id, frozenset({leaving}))
    require_equal(list(member_ids), [leaving], "the numbers that find_members() returns")
    for member_id in (*member_ids[leaving], *member_ids[leaving]):
        outcome = channel.remove_member(remote.id, member_id)
        require_equal(outcome, Removal(in_flight=False), "the outcome of remove_member() before the start")
    require_equal(_phases(stage.read(remote.id)), {staying: Phase.QUEUED, leaving: Phase.CANCELLED}, "the phases then")
    stage.world.advance(4 * 3600)
    phases = _phases(stage.read(remote.id))
    require_equal(phases[leaving], Phase.CANCELLED, "the phase of the person taken off after the start")
    require(phases[staying] not in _LIVE and phases[staying] != Phase.CANCELLED, "the other one was not called")


def _phases(remote: Remote) -> dict[str, str]:
    return {} if remote.members is None else dict(remote.members.select("number", "phase").iter_rows())


def _a_call_without_a_mark_is_found_by_its_number(stage: Stage) -> None:
    if stage.capabilities.shows_mark:
        return
    channel, remote = stage.channel, stage.place()
    require(isinstance(channel, NumberChannel), "the channel shows no marks, and has no find_calls_to()")
    assert isinstance(channel, NumberChannel)
    found = {call.id: call for call in channel.find_calls_to(NUMBER)}
    require(remote.id in found, f"find_calls_to() does not show {remote.id}")
    require(found[remote.id].created_at is not None, f"find_calls_to() does not tell when {remote.id} was created")


SPECIAL_RULES: tuple[Callable[[Stage], None], ...] = (
    _what_was_submitted_is_found_by_a_search_for_its_mark_where_there_is_one,
    _one_person_is_taken_off_where_that_is_possible_and_the_others_stay,
    _a_call_without_a_mark_is_found_by_its_number,
)
"""The rules, named by their functions."""
