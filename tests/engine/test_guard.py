"""Before a new batch calls, the list must show it with its mark. If it does not, the batch is taken back in time."""

from __future__ import annotations

import signal
from datetime import timedelta

import pytest

from declarative.engine.guard import GuardWatch
from declarative.errors import ProviderError
from declarative.model.lock import LONGEST_GUARD
from tests.engine.sandbox_run import ADA, BOB, MARCH, SandboxRun, a_mark, batch_resource, fault
from tests.engine.test_signals import keep_handlers

__all__ = ["keep_handlers"]

ALWAYS = 0
UNREADABLE = {"status": {"code": 503, "effect": False}}


def watch(run: SandboxRun, *numbers: str) -> tuple[GuardWatch, str]:
    """A guard watch, and the id of the batch that it watches."""
    guard_watch = GuardWatch(run.context, run.executor, run.sweeper)
    receipt = run.submit(resource := batch_resource(*numbers))
    guard_watch.watch(resource, receipt.remote_id, receipt.starts_at)
    return guard_watch, receipt.remote_id


def lists(run: SandboxRun) -> int:
    return run.operations().count("listCallBatches")


def minutes(run: SandboxRun) -> float:
    return run.context.guard("cartesia").total_seconds() / 60


def test_a_batch_that_the_list_shows_is_left_alone_and_checked_once(run: SandboxRun) -> None:
    guard_watch, remote_id = watch(run, ADA)
    assert guard_watch.check_all() == []
    assert lists(run) == 1
    assert guard_watch.check_all() == []
    assert lists(run) == 1
    assert run.pauses == []
    assert not run.read(remote_id).cancelled


def test_a_younger_batch_with_the_same_mark_is_cancelled(run: SandboxRun) -> None:
    guard_watch, remote_id = watch(run, ADA)
    run.advance(1)
    twin_id = run.create_elsewhere(run.read(remote_id).name, ADA)
    [finding] = guard_watch.check_all()
    assert finding.message == f"a second batch with the same people ({twin_id}) was cancelled"
    run.advance(600)
    assert run.calls() == {ADA: 1}


def test_the_list_is_read_until_it_shows_the_new_batch(run: SandboxRun) -> None:
    guard_watch, remote_id = watch(run, ADA)
    run.faults(fault("listCallBatches", {"lag": 60}, times=ALWAYS))
    assert guard_watch.check_all() == []
    assert 60 <= sum(run.pauses) < 90
    assert not run.read(remote_id).cancelled


def test_a_batch_that_the_list_does_not_show_in_time_is_taken_back_and_the_guard_doubles(run: SandboxRun) -> None:
    guard_watch, remote_id = watch(run, ADA)
    run.faults(fault("listCallBatches", {"lag": 36_000}, times=ALWAYS))
    [finding] = guard_watch.check_all()
    assert finding.message.startswith(f"the list of cartesia did not show {remote_id} within 9")
    assert "nobody of it was called; its people are sent again with a guard of 4 minutes" in finding.message
    assert (finding.withdrawn_id, finding.people_are_free, finding.unsure) == (remote_id, True, False)
    assert minutes(run) == 4
    run.advance(600)
    assert not run.calls()


@pytest.mark.parametrize("name", [None, "March", ""], ids=["no name", "a cut name", "an empty name"])
def test_a_list_that_shows_the_batch_without_its_mark_does_not_show_it(run: SandboxRun, name: str | None) -> None:
    guard_watch, remote_id = watch(run, ADA)
    run.faults(fault("listCallBatches", {"edit_items": {"name": name}}, times=ALWAYS))
    [finding] = guard_watch.check_all()
    assert finding.withdrawn_id == remote_id


def test_a_list_that_cannot_be_read_costs_the_batch_and_no_longer_guard(run: SandboxRun) -> None:
    guard_watch, remote_id = watch(run, ADA)
    run.faults(fault("listCallBatches", UNREADABLE, times=ALWAYS))
    *unread, withdrawn = guard_watch.check_all()
    assert all("could not be read once more for twins" in finding.message for finding in unread)
    assert withdrawn.withdrawn_id == remote_id
    assert minutes(run) == 2


@pytest.mark.parametrize("retry_after", [30, 59])
def test_the_looking_ends_before_the_guard_whatever_the_list_asks(run: SandboxRun, retry_after: int) -> None:
    guard_watch, remote_id = watch(run, ADA)
    starts_at = run.read(remote_id).scheduled_at
    busy = {"status": {"code": 429, "effect": False, "headers": {"Retry-After": str(retry_after)}}}
    run.faults(fault("listCallBatches", busy, times=ALWAYS))
    *_, withdrawn = guard_watch.check_all()
    assert withdrawn.withdrawn_id == remote_id
    assert starts_at is not None
    assert run.provider.now() < starts_at
    run.advance(600)
    assert not run.calls()


def test_a_batch_that_called_before_it_was_taken_back_is_never_said_to_have_called_no_one(run: SandboxRun) -> None:
    guard_watch, _ = watch(run, ADA)
    run.advance(180)
    run.faults(fault("listCallBatches", UNREADABLE, times=ALWAYS))
    withdrawn = guard_watch.check_all()[-1]
    assert "1 person of it may have been called" in withdrawn.message
    assert (withdrawn.unsure, withdrawn.withdrawn_id, withdrawn.people_are_free) == (True, "", False)
    assert run.calls() == {ADA: 1}


def test_a_cancel_that_is_not_confirmed_is_said(run: SandboxRun) -> None:
    guard_watch, _ = watch(run, ADA)
    run.faults(fault("listCallBatches", UNREADABLE, times=ALWAYS), fault("cancelCallBatch", UNREADABLE, times=ALWAYS))
    withdrawn = guard_watch.check_all()[-1]
    assert "the cancel was not confirmed" in withdrawn.message
    assert (withdrawn.unsure, withdrawn.withdrawn_id) == (True, "")


def test_a_stopped_run_takes_back_at_once_what_one_reading_does_not_show(run: SandboxRun, keep_handlers: None) -> None:
    guard_watch, remote_id = watch(run, ADA)
    run.faults(fault("listCallBatches", {"lag": 36_000}, times=ALWAYS))
    run.stop.listen()
    signal.raise_signal(signal.SIGINT)
    [finding] = guard_watch.check_all()
    assert (finding.withdrawn_id, sum(run.pauses)) == (remote_id, 0)
    assert minutes(run) == 2, "one reading is no proof that the list lags"


def test_at_an_hour_nobody_is_called_until_the_list_catches_up(run: SandboxRun) -> None:
    run.ledger.set_guard("cartesia", int(LONGEST_GUARD.total_seconds()))
    guard_watch, _ = watch(run, ADA)
    run.faults(fault("listCallBatches", {"lag": 36_000}, times=ALWAYS))
    [finding] = guard_watch.check_all()
    assert finding.unsure
    assert finding.message.endswith("nobody is called there until it does")
    assert "did not show" in finding.message
    assert run.ledger.lock.guards == {"cartesia": 7200}
    assert minutes(run) == 60


def test_a_list_that_is_quick_again_halves_the_guard(run: SandboxRun) -> None:
    for seconds, expected in ((7_200, 1_800), (480, 240), (240, 0)):
        run.ledger.set_guard("cartesia", seconds)
        guard_watch, _ = watch(run, ADA)
        guard_watch.check_all()
        assert run.ledger.lock.guards.get("cartesia", 0) == expected


def test_of_two_runs_with_the_same_people_the_younger_batch_gives_way(run: SandboxRun) -> None:
    other_id = run.create_elsewhere(f"March {a_mark(lineage='zzzzzz', generation=3)}", ADA)
    run.advance(1)
    guard_watch, remote_id = watch(run, ADA, BOB)
    [finding] = guard_watch.check_all()
    assert finding.message == f"a batch that shares people with {other_id} of another run ({remote_id}) was cancelled"
    assert (finding.withdrawn_id, finding.people_are_free) == (remote_id, False)
    assert not run.read(other_id).cancelled


def equal_batches(run: SandboxRun, *, own_first: bool) -> tuple[GuardWatch, str, str]:
    """A guard watch, the id of its batch, and that of a rival with the same stamp. Ids are drawn, so they may take some
    tries to be in this order."""
    for shard in range(1, 100):
        other_id = run.create_elsewhere(f"March {a_mark(lineage='zzzzzz', generation=3, shard=shard)}", ADA)
        guard_watch, remote_id = watch(run, ADA)
        if (remote_id < other_id) is own_first:
            return guard_watch, remote_id, other_id
        run.cancel_elsewhere(other_id)
        run.cancel_elsewhere(remote_id)
    raise AssertionError("no two ids in this order")


def test_between_equal_stamps_the_later_id_gives_way(run: SandboxRun) -> None:
    guard_watch, remote_id, _ = equal_batches(run, own_first=False)
    assert [finding.withdrawn_id for finding in guard_watch.check_all()] == [remote_id]
    assert lists(run) == 1


def test_between_equal_stamps_the_earlier_id_stays_once_the_other_gave_way(run: SandboxRun) -> None:
    guard_watch, remote_id, other_id = equal_batches(run, own_first=True)
    run.on_wait = lambda: run.cancel_elsewhere(other_id)
    assert guard_watch.check_all() == []
    assert not run.read(remote_id).cancelled


def test_between_equal_stamps_the_earlier_id_gives_way_to_one_that_nobody_watches(run: SandboxRun) -> None:
    guard_watch, remote_id, other_id = equal_batches(run, own_first=True)
    assert [finding.withdrawn_id for finding in guard_watch.check_all()] == [remote_id]
    assert not run.read(other_id).cancelled


def test_an_older_batch_and_one_with_other_people_are_left_alone(run: SandboxRun) -> None:
    run.create_elsewhere(f"March {a_mark(lineage='zzzzzz', generation=3)}", BOB)
    guard_watch, _ = watch(run, ADA)
    run.advance(1)
    run.create_elsewhere(f"March {a_mark(lineage='zzzzzz', generation=4)}", ADA)
    assert guard_watch.check_all() == []


def test_a_batch_is_due_after_a_quarter_of_its_guard(run: SandboxRun) -> None:
    guard_watch, _ = watch(run, ADA)
    run.advance(29)
    guard_watch.check_due()
    assert lists(run) == 0
    run.advance(2)
    guard_watch.check_due()
    assert lists(run) == 1


def test_a_run_that_goes_on_looks_once_more_in_the_last_quarter(run: SandboxRun) -> None:
    guard_watch, remote_id = watch(run, ADA)
    guard_watch.check_all()
    run.advance(60)
    guard_watch.check_due()
    assert lists(run) == 1
    run.advance(31)
    twin_id = run.create_elsewhere(run.read(remote_id).name, ADA)
    [finding] = guard_watch.check_due()
    assert finding.withdrawn_id == twin_id
    guard_watch.check_due()
    assert lists(run) == 2


def test_a_run_that_stays_waits_for_the_last_quarter(run: SandboxRun) -> None:
    guard_watch, _ = watch(run, ADA)
    guard_watch.check_all()
    assert guard_watch.check_again() == []
    assert (round(sum(run.pauses)), lists(run)) == (90, 2)
    assert guard_watch.check_again() == []
    assert lists(run) == 2


def test_no_guard_ends_while_the_list_of_another_provider_is_waited_for(run: SandboxRun) -> None:
    """The first provider's list lags, and its guard is a quarter of an hour. The other one's ends in two minutes."""
    run.context.providers["slow"] = run.provider  # type: ignore[index]
    run.ledger.set_guard("slow", 900)
    guard_watch = GuardWatch(run.context, run.executor, run.sweeper)
    for name, number in (("slow", ADA), ("cartesia", BOB)):
        receipt = run.submit(resource := batch_resource(number, address=f"batch/{name}", provider=name))
        guard_watch.watch(resource, receipt.remote_id, receipt.starts_at)
    run.faults(fault("listCallBatches", {"lag": 36_000}, times=ALWAYS))
    findings = guard_watch.check_all()
    assert {finding.address: finding.people_are_free for finding in findings} == {
        "batch/cartesia": True,
        "batch/slow": True,
    }
    assert 600 < sum(run.pauses) < 900
    run.advance(3_600)
    assert not run.calls()


def test_every_late_batch_is_cancelled_before_one_of_them_is_read(run: SandboxRun) -> None:
    guard_watch = GuardWatch(run.context, run.executor, run.sweeper)
    for number in (ADA, BOB):
        receipt = run.submit(resource := batch_resource(number, address=f"batch/{number}"))
        guard_watch.watch(resource, receipt.remote_id, receipt.starts_at)
    run.faults(fault("listCallBatches", {"lag": 36_000}, times=ALWAYS))
    assert len(guard_watch.check_all()) == 2
    asked = [name for name in run.operations() if name in ("cancelCallBatch", "getCallBatch")]
    assert asked[:2] == ["cancelCallBatch"] * 2
    assert set(asked[2:]) == {"getCallBatch"}


def test_where_the_time_cannot_be_asked_for_a_batch_is_taken_back_at_once(
    run: SandboxRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard_watch, _ = watch(run, ADA)

    def fail() -> None:
        raise ProviderError("no answer")

    monkeypatch.setattr(run.provider, "latest_now", fail)
    *_, withdrawn = guard_watch.check_all()
    assert withdrawn.people_are_free
    assert sum(run.pauses) < 60
    run.advance(600)
    assert not run.calls()


def test_for_a_later_start_the_look_waits_an_hour_at_most(run: SandboxRun) -> None:
    guard_watch = GuardWatch(run.context, run.executor, run.sweeper)
    receipt = run.submit(resource := batch_resource(ADA, scheduled_at=run.provider.now() + timedelta(hours=5)))
    guard_watch.watch(resource, receipt.remote_id, receipt.starts_at)
    run.faults(fault("listCallBatches", {"lag": 36_000}, times=ALWAYS))
    [finding] = guard_watch.check_all()
    assert 3_500 < sum(run.pauses) < 3_600
    assert finding.withdrawn_id == receipt.remote_id
    assert lists(run) < 100


def test_without_a_guard_nothing_is_looked_at(run: SandboxRun) -> None:
    guard_watch = GuardWatch(run.context, run.executor, run.sweeper)
    receipt = run.submit(resource := batch_resource(ADA))
    guard_watch.watch(resource, receipt.remote_id, None)
    assert guard_watch.check_all() == []
    assert lists(run) == 0
    assert run.ledger.resource_record(MARCH).remotes
