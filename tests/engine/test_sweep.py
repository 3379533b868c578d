"""What a list shows and must not call is cancelled: twins, revoked marks, list probes. Nothing else is touched."""

from __future__ import annotations

from declarative.engine.listing import Listing
from declarative.model import mark
from tests.engine.sandbox_run import ADA, BOB, CLEO, LINEAGE, MARCH, PROJECT, SandboxRun, a_mark, batch_resource

LOST = str(a_mark(generation=9))


def sweep(run: SandboxRun) -> list[str]:
    listing = Listing(run.provider.now, *run.channel.list_pages(()))
    listing.read_all()
    return [finding.message for finding in run.sweeper.sweep(run.provider, listing)]


def test_of_twins_the_younger_is_cancelled(run: SandboxRun) -> None:
    remote_id = run.submit(batch_resource(ADA)).remote_id
    run.advance(1)
    twin_id = run.create_elsewhere(run.read(remote_id).name, ADA)
    assert sweep(run) == [f"a second batch with the same people ({twin_id}) was cancelled"]
    run.advance(600)
    assert run.calls() == {ADA: 1}


def test_of_twins_of_one_moment_the_one_is_cancelled_whose_id_sorts_later(run: SandboxRun) -> None:
    remote_id = run.submit(batch_resource(ADA)).remote_id
    twin_id = run.create_elsewhere(run.read(remote_id).name, ADA)
    kept_id, cancelled_id = sorted([remote_id, twin_id])
    assert sweep(run) == [f"a second batch with the same people ({cancelled_id}) was cancelled"]
    assert not run.read(kept_id).cancelled
    assert sweep(run) == []


def test_a_batch_with_a_revoked_mark_is_cancelled(run: SandboxRun) -> None:
    run.ledger.update(MARCH, provider="cartesia", revoked=(LOST,))
    late_id = run.create_elsewhere(f"March {LOST}", ADA)
    assert sweep(run) == [f"a request that was given up and arrived late ({late_id}) was cancelled"]
    assert run.read(late_id).cancelled


def test_probes_of_this_project_are_cancelled_and_nothing_of_others_is(run: SandboxRun) -> None:
    now = run.provider.now()
    probe_id = run.create_elsewhere(f"probe {mark.probe_mark(PROJECT, LINEAGE, now)}", ADA)
    others = [
        run.create_elsewhere(f"probe {mark.probe_mark('autumn', LINEAGE, now)}", BOB),
        run.create_elsewhere("no mark", CLEO),
    ]
    assert sweep(run) == [f"a list probe of an earlier run ({probe_id}) was cancelled"]
    assert not any(run.read(remote_id).cancelled for remote_id in others)
