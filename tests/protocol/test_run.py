"""`dialctl run` by real processes: replicas over one state that are killed, paused and restarted at random. Nobody is
called twice, and nobody is left out.

DIALCTL_RUN_ROUNDS=1000 DIALCTL_RUN_REPLICAS=5 DIALCTL_RUN_SEED=8 pytest -rP -n0 tests/protocol/test_run.py -k random
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from declarative.app.run_round import SOON, RoundOutcome, RunProject, RunSettings
from declarative.state.timed_lease import LeaseTerms
from tests.app.running import run_round
from tests.postgres_server import PostgresServer
from tests.protocol.project_fixture import HEAD, InProcessProject, Project, once, people
from tests.protocol.replicas import TERMS, Disturbance, Replica, SharedState, until
from tests.s3server import S3Server

ROUNDS = int(os.environ.get("DIALCTL_RUN_ROUNDS", "4"))
REPLICAS = int(os.environ.get("DIALCTL_RUN_REPLICAS", "2"))
SEED = int(os.environ.get("DIALCTL_RUN_SEED", "7"))
PROJECT = (
    HEAD.format(kind="Project", name="spring")
    + """\
  defaults: {provider: cartesia}
  settle: 1s
  policy: {max_dials: 100000}
"""
)


MakeReplicas = Callable[[LeaseTerms], list[Replica]]


def _share_in_s3(project: Project, server: S3Server) -> SharedState:
    key = f"{project.key}/lease.json"
    project.environment["DIALCTL_STATE"] = f"s3://{server.bucket}/{project.key}"

    def read_lease() -> dict[str, Any]:
        lease: dict[str, Any] = orjson.loads(server.read(key) or b"{}")
        return lease

    return SharedState(
        project, lambda: server.age(key, 62), lambda: read_lease().get("holder"), lambda: str(read_lease().get("epoch"))
    )


def _share_in_postgres(project: Project, server: PostgresServer) -> SharedState:
    place = f"FROM dialctl.places WHERE prefix = '{project.key}'"
    project.environment["DIALCTL_STATE"] = f"postgresql:///postgres?prefix={project.key}"

    def read_holder() -> dict[str, Any] | None:
        held = f"{place} AND token IS NOT NULL AND ends_at > now()"
        rows = server.query(f"SELECT convert_from(holder, 'UTF8') {held}")
        return orjson.loads(rows[0]) if rows else None

    def read_taking() -> str:
        return server.query(f"SELECT lease_id {place}")[0]

    return SharedState(project, lambda: server.expire(project.key), read_holder, read_taking)


@pytest.fixture(params=["s3", "postgres"])
def shared(project: Project, request: pytest.FixtureRequest) -> SharedState:
    server: S3Server | PostgresServer = request.getfixturevalue(f"{request.param}_server")
    project.environment |= server.environment
    project.file("project.yaml", PROJECT)
    return _share_in_s3(project, server) if isinstance(server, S3Server) else _share_in_postgres(project, server)


@pytest.fixture
def make_replicas(shared: SharedState, tmp_path: Path) -> Iterator[MakeReplicas]:
    made: list[Replica] = []

    def make(terms: LeaseTerms) -> list[Replica]:
        made.extend(Replica(shared.project, tmp_path / f"replica-{number}", terms) for number in range(REPLICAS))
        return made

    yield make
    for replica in made:
        replica.kill()


def test_replicas_that_are_disturbed_at_random_call_everybody_once(
    shared: SharedState, make_replicas: MakeReplicas
) -> None:
    replicas = make_replicas(TERMS)
    chance = random.Random(SEED)
    disturbance = Disturbance(chance, replicas, shared)
    wanted = people(3)
    _commit(replicas, wanted)
    for replica in replicas:
        replica.start()
    until(lambda: bool(shared.project.batches()), "the first people are called")
    for _ in range(ROUNDS):
        disturbance.disturb()
        if chance.random() < 0.7:
            wanted = people(len(wanted) + chance.randint(1, 3))
            _commit(replicas, wanted)
        shared.project.advance(chance.choice([1, 30, 150, 900]))
    for _ in range(60):
        if set(shared.project.calls()) == set(wanted):
            break
        shared.expire()
        seen = len(shared.project.requests())
        until(lambda seen=seen: len(shared.project.requests()) > seen + 4, "some replica works on the project")
        # A clock that leaps ten minutes each time could do so in the middle of every round.
        shared.project.advance(chance.choice([1, 130, 600]))
    for replica in replicas:
        replica.terminate()
        assert "bug in dialctl" not in replica.said
    shared.project.check_calls(once(wanted))
    waits = ", ".join(f"{wait:.1f}" for wait in sorted(disturbance.waits))
    print(f"{len(wanted)} people; another replica took the lease of {TERMS.duration} s after: {waits} s")


def _commit(replicas: list[Replica], numbers: list[str]) -> None:
    """A new commit arrives at every replica, at one after the other."""
    for replica in replicas:
        new = replica.checkout.directory / "march.csv.new"
        replica.checkout.batch("march", numbers) if not (replica.checkout.directory / "march.yaml").exists() else None
        new.write_text("\n".join(["to_number", *numbers]) + "\n")
        new.rename(replica.checkout.directory / "march.csv")


def test_a_replica_takes_over_when_the_lease_of_a_killed_one_ends(
    shared: SharedState, make_replicas: MakeReplicas
) -> None:
    replicas = make_replicas(LeaseTerms())
    first, second = replicas[:2]
    _commit(replicas, people(4))
    shared.project.faults({"match": {"operation": "listCallBatches", "times": 0}, "do": {"delay": 30}})
    seen = len(shared.project.requests())
    first.start()
    until(lambda: len(shared.project.requests()) > seen, "the first replica is in the middle of a round")
    first.send(signal.SIGKILL)
    first.wait()
    shared.project.faults()
    second.start()
    until(lambda: "is in use by" in second.said, "the second replica finds the lease held")
    assert shared.project.batches() == []
    shared.expire()
    until(lambda: bool(shared.project.batches()), "the second replica took over")
    second.send(signal.SIGTERM)
    assert second.wait() == 143
    shared.project.check_calls(once(people(4)))


def test_a_round_waits_for_no_doubt(quick: InProcessProject) -> None:
    quick.file("project.yaml", PROJECT)
    quick.batch("march", people(2))
    quick.lose_requests("lost_request")
    running = RunProject(quick.directory, RunSettings(interval=600, sandbox=True, directory=quick.directory))

    before = quick.now()
    result = run_round(running)
    assert (result.outcome, result.wait) == (RoundOutcome.NEEDS_PERSON, SOON)
    assert (quick.now() - before).total_seconds() < 60, "its fence is two minutes ahead, and nothing waited for it"
    quick.faults()
    for _ in range(4):
        quick.advance(600)
        run_round(running)
    quick.check_calls(once(people(2)))
