"""A first plan and its apply to the served sandbox, beside reading the file and beside sending the bodies by hand."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

from bench import Claims, Cost, main, python, run_in_turn, spend
from campaign import READ_AND_HASH, Campaign, environment, sandbox


def measure(claims: Claims, directory: Path) -> None:
    with sandbox(directory / "served") as url:
        campaign = Campaign.create(directory / "campaign", url, 1_000_000 if claims.full else 100_000)
        _plan(claims, campaign)
        _apply(claims, campaign)
    _steps(claims, directory / "steps")


def _plan(claims: Claims, campaign: Campaign) -> None:
    def first() -> Cost:
        campaign.forget_reads()
        return campaign.run("plan")

    def read() -> Cost:
        return spend(python(READ_AND_HASH, campaign.file), cwd=campaign.directory, env=environment())

    costs = run_in_turn({"polars.read_csv + SHA-256": read, "first plan": first}, claims.repeats(5))
    claims.check_at_most("first plan", costs["first plan"].cpu / costs["polars.read_csv + SHA-256"].cpu, 7.5)
    claims.check_megabytes("first plan, peak", costs["first plan"], 600)


def _apply(claims: Claims, campaign: Campaign) -> None:
    costs = run_in_turn(
        {"bodies by hand": campaign.submit_by_hand, "apply": lambda: campaign.run("apply", "--auto-approve")}, 1
    )
    claims.check_at_most("apply", costs["apply"].cpu / costs["bodies by hand"].cpu, 3)
    claims.check_megabytes("apply, peak", costs["apply"], 1_000)


def _steps(claims: Claims, directory: Path) -> None:
    """Compare recording an intent and its answer for the first shards with the last of 200.

    One step is short, so each counts as the least that it took in several recordings.
    """
    recordings = [_time_steps(directory / str(turn)) for turn in range(7)]
    steps = [min(moments) for moments in zip(*recordings, strict=True)]
    claims.check_at_most("recording shards 181 to 200 beside 1 to 20", sum(steps[-20:]) / sum(steps[:20]), 1.5)


def _time_steps(directory: Path) -> list[float]:
    """Measure the seconds of CPU for each of 200 shards."""
    from datetime import UTC, datetime

    from declarative.model.lock import Intent, Lock, RemoteRecord, RequestKind
    from declarative.model.resource import Route
    from declarative.state.base import Holder
    from declarative.state.catalog import open_backend
    from declarative.state.ledger import Ledger

    directory.mkdir(parents=True)
    backend, now = open_backend(directory, None), datetime.now(UTC)
    moments = []
    with backend.lease(Holder.from_environment({}), 0, time.sleep) as lease:
        ledger = Ledger.open(backend, lease)
        ledger.start(Lock(project="benchmark", lineage="lineage", born=now))
        moments.append(time.process_time())
        for shard in range(1, 201):
            signed = f"mark{shard}"
            intent = Intent(
                request=RequestKind.SUBMIT, route=Route.BATCH, mark=signed, generation=1, shard=shard, attempt=1,
                sent_at=now, count=5_000, numbers="n" * 64, payloads="p" * 64, settings="s" * 64,
            )  # fmt: skip
            ledger.update("batch/benchmark", intents={signed: intent})
            answered = RemoteRecord(route=Route.BATCH, mark=signed, shard=shard, count=5_000)
            ledger.update("batch/benchmark", intents={signed: None}, remotes={f"acb_{shard}": answered})
            moments.append(time.process_time())
    return [after - before for before, after in pairwise(moments)]


if __name__ == "__main__":
    main("First plan and apply", measure)
