"""Before a new batch calls, the list shows twins, revoked marks, late arrivals and doubts."""

from __future__ import annotations

from declarative.engine.guard import GuardWatch
from tests.engine.sandbox_run import ADA, BOB, MARCH, SandboxRun, a_mark, an_intent, batch_resource, fault

LOST = str(a_mark(generation=9))


def watch(run: SandboxRun, *numbers: str) -> tuple[GuardWatch, str]:
    """A guard watch, and the id of the batch that it watches."""
    guard_watch = GuardWatch(run.context, run.executor)
    remote_id = run.submit(batch_resource(*numbers)).remote_id
    guard_watch.watch("cartesia", remote_id)
    return guard_watch, remote_id


def doubt(run: SandboxRun) -> None:
    run.ledger.update(MARCH, intents={LOST: an_intent(mark=LOST, absent=True, sent_at=run.provider.now())})


def test_a_batch_alone_is_left_alone_and_checked_once(run: SandboxRun) -> None:
    guard_watch, _ = watch(run, ADA)
    assert guard_watch.check_all() == []
    lists = run.operations().count("listCallBatches")
    assert guard_watch.check_all() == []
    assert run.operations().count("listCallBatches") == lists


def test_a_younger_batch_with_the_same_mark_is_cancelled(run: SandboxRun) -> None:
    guard_watch, remote_id = watch(run, ADA)
    run.advance(1)
    twin_id = run.create_elsewhere(run.read(remote_id).name, ADA)
    [finding] = guard_watch.check_all()
    assert finding.message == f"a second batch with the same people ({twin_id}) was cancelled"
    assert (run.read(twin_id).cancelled, run.read(remote_id).cancelled) == (True, False)
    run.advance(600)
    assert run.calls() == {ADA: 1}


def test_of_twins_of_one_moment_ours_is_cancelled(run: SandboxRun) -> None:
    guard_watch, remote_id = watch(run, ADA)
    run.create_elsewhere(run.read(remote_id).name, ADA)
    [finding] = guard_watch.check_all()
    assert finding.withdrawn_id == remote_id


def test_a_batch_with_a_revoked_mark_is_cancelled(run: SandboxRun) -> None:
    guard_watch, _ = watch(run, BOB)
    run.ledger.update(MARCH, revoked=(LOST,))
    late_id = run.create_elsewhere(f"March {LOST}", ADA)
    findings = guard_watch.check_all()
    assert f"a request that was given up and arrived late ({late_id}) was cancelled" in [f.message for f in findings]
    assert run.read(late_id).cancelled


def test_a_late_arrival_is_adopted_and_the_batch_in_its_place_is_cancelled(run: SandboxRun) -> None:
    doubt(run)
    guard_watch, remote_id = watch(run, ADA)
    late_id = run.create_elsewhere(f"March {LOST}", ADA)
    [finding] = guard_watch.check_all()
    record = run.ledger.resource_record(MARCH)
    assert finding.message == f"a batch with the people of {late_id} ({remote_id}) was cancelled"
    assert (set(record.remotes), dict(record.intents), record.revoked) == ({late_id, remote_id}, {}, ())


def test_a_doubted_batch_that_the_list_shows_is_confirmed(run: SandboxRun) -> None:
    doubt(run)
    guard_watch, remote_id = watch(run, ADA)
    [finding] = guard_watch.check_all()
    assert finding.message.startswith("proven: ")
    assert not run.read(remote_id).cancelled


def test_a_doubted_batch_that_the_list_does_not_show_is_withdrawn_before_it_calls(run: SandboxRun) -> None:
    doubt(run)
    guard_watch, remote_id = watch(run, ADA)
    run.faults(fault("listCallBatches", {"lag": 36_000}, times=0))
    [finding] = guard_watch.check_all()
    assert finding.message == f"the list did not show {remote_id} in time; it was taken back before it called"
    run.advance(600)
    assert not run.calls()


def test_a_doubted_batch_is_withdrawn_where_nothing_can_be_read(run: SandboxRun) -> None:
    doubt(run)
    guard_watch, remote_id = watch(run, ADA)
    run.faults(fault("listCallBatches", {"status": {"code": 503, "effect": False}}, times=0))
    unread, withdrawn = guard_watch.check_all()
    assert "could not be read once more for twins" in unread.message
    assert withdrawn.withdrawn_id == remote_id


def test_of_two_runs_with_the_same_people_ours_gives_way(run: SandboxRun) -> None:
    other_mark = a_mark(lineage="zzzzzz", generation=3)
    other_id = run.create_elsewhere(f"March {other_mark}", ADA)
    guard_watch, remote_id = watch(run, ADA, BOB)
    [finding] = guard_watch.check_all()
    assert finding.message == (f"a batch that shares people with {other_id} of another run ({remote_id}) was cancelled")
    assert not run.read(other_id).cancelled


def test_a_run_that_is_certainly_younger_or_has_other_people_is_left_to_itself(run: SandboxRun) -> None:
    run.create_elsewhere(f"March {a_mark(lineage='zzzzzz', generation=3)}", BOB)
    guard_watch, _ = watch(run, ADA)
    run.advance(11)
    run.create_elsewhere(f"March {a_mark(lineage='zzzzzz', generation=4)}", ADA)
    assert guard_watch.check_all() == []


def test_a_batch_is_due_after_a_quarter_of_its_guard(run: SandboxRun) -> None:
    guard_watch, _ = watch(run, ADA)
    run.advance(29)
    guard_watch.check_due()
    assert "listCallBatches" not in run.operations()
    run.advance(2)
    guard_watch.check_due()
    assert "listCallBatches" in run.operations()
