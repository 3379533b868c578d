"""The part of a provider's contract about what changes a submission: its time, cancels, people taken off, retries."""

from __future__ import annotations

from collections.abc import Callable

from declarative.model.capabilities import Cancellable, CancelProof
from declarative.model.remote import Phase, Remote
from declarative.providers.base import Done, Rejected, Removal, RemovalChannel
from declarative.testing.contract import NotSupported, require, require_equal
from declarative.testing.stage import NUMBER, Stage, done_remote, only_member

_LIVE = (Phase.QUEUED, Phase.IN_FLIGHT)


def _a_schedule_is_kept_where_there_can_be_one(stage: Stage) -> None:
    start = stage.later()
    remote = stage.place(scheduled_at=start)
    if not stage.capabilities.schedulable:
        require_equal(stage.history()[remote.id].scheduled_at, None, "scheduled_at")
        require(only_member(stage.wait(remote.id))["phase"] not in _LIVE, "the call has not ended after an hour")
        return
    stage.world.advance(3600)
    require_equal(stage.history()[remote.id].scheduled_at, start, "scheduled_at")
    require_equal(only_member(stage.read(remote.id))["phase"], Phase.QUEUED, "the phase before the start")
    stage.world.advance(7200)
    require(only_member(stage.read(remote.id))["phase"] not in _LIVE, "the call has not ended an hour after its start")


def _cancelling_twice_is_harmless(stage: Stage) -> None:
    remote = stage.place(scheduled_at=stage.later())
    if stage.capabilities.cancel_proof is CancelProof.ABSENCE:
        done_remote(stage.channel.cancel(remote.id))
        require_equal(stage.channel.read(remote.id), None, "read() of what was cancelled")
        second = stage.channel.cancel(remote.id)
        require(isinstance(second, Done | Rejected), f"expected Done or Rejected, got {second!r}")
        return
    outcomes = [stage.channel.cancel(remote.id) for _ in range(2)]
    can_cancel = stage.capabilities.cancellable is not Cancellable.NEVER
    expected = Done if can_cancel else Rejected
    for outcome in outcomes:
        require(isinstance(outcome, expected), f"expected {expected.__name__}, got {outcome!r}")
    if can_cancel:
        stage.world.advance(4 * 3600)
        require_equal(only_member(stage.read(remote.id))["phase"], Phase.CANCELLED, "the phase after the start")
    require_equal(stage.read(remote.id).cancelled, can_cancel, "cancelled")


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


def _a_retry_counts_where_there_is_one(stage: Stage) -> None:
    if not stage.capabilities.retryable:
        outcome = stage.channel.retry(stage.place().id)
        require(isinstance(outcome, Rejected), f"expected Rejected, got {outcome!r}")
        return
    if not stage.world.unreached_numbers:
        raise NotSupported("the world has no unreached_numbers")
    remote = stage.place_and_wait(stage.world.unreached_numbers[0])
    retried = done_remote(stage.channel.retry(remote.id))
    require_equal((remote.retry_count, retried.retry_count), (0, 1), "retry_count before and after")
    require(only_member(stage.read(remote.id))["phase"] in _LIVE, "the person is not called again")


CHANGE_RULES: tuple[Callable[[Stage], None], ...] = (
    _a_schedule_is_kept_where_there_can_be_one,
    _cancelling_twice_is_harmless,
    _one_person_is_taken_off_where_that_is_possible_and_the_others_stay,
    _a_retry_counts_where_there_is_one,
)
"""The rules about changes, named by their functions."""
