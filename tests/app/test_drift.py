"""`drift`: what changed at the provider without us, by exit code; and it changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from declarative.sandbox.embedded import EmbeddedSandbox
from tests.project_fixture import BATCH, CAY, ProjectFixture

LATER = "  scheduled_at: 2090-01-01T00:00:00Z\n"


@contextmanager
def provider(project: ProjectFixture) -> Iterator[httpx.Client]:
    """The provider, as another user of the same account reaches it."""
    with project.world() as world:
        headers = {"Authorization": "Bearer sk_sandbox", "Cartesia-Version": "2026-03-01"}
        transport = EmbeddedSandbox(world).transport()
        with httpx.Client(base_url="http://127.0.0.1/cartesia", headers=headers, transport=transport) as client:
            yield client


def the_batch(client: httpx.Client) -> str:
    found: str = client.get("/agents/calls/batches").json()["data"][0]["id"]
    return found


def cancel_elsewhere(project: ProjectFixture) -> None:
    with provider(project) as client:
        assert client.post(f"/agents/calls/batches/{the_batch(client)}/cancel").status_code < 300


def test_nothing_changed_exits_0(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    said = project.dialctl("drift")
    assert (said.exit, said.out) == (0, "Nothing was changed at the provider by anybody else.\n")


def test_what_time_alone_brings_is_no_drift(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    with project.world() as world:
        world.advance(3600)
    assert project.dialctl("drift").exit == 0


def test_what_we_want_and_have_not_done_is_no_drift(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    project.people("+14155550101", "+14155550102", CAY)
    assert project.dialctl("drift").exit == 0


def test_a_batch_cancelled_elsewhere_exits_2_and_is_named(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    cancel_elsewhere(project)
    said = project.dialctl("drift", "--json")
    assert said.exit == 2
    assert [(d["address"], d["what"]) for d in said.json["drift"]] == [("batch/outreach", "cancelled_elsewhere")]


def test_a_batch_with_our_mark_that_the_lock_does_not_know_is_foreign(project: ProjectFixture) -> None:
    lock = project.root / ".dialctl" / "sandbox" / "dialctl.lock"
    assert project.apply().exit == 0
    older = lock.read_bytes()
    project.people("+14155550101", "+14155550102", CAY)
    assert project.apply().exit == 0
    lock.write_bytes(older)
    said = project.dialctl("drift", "--json")
    assert said.exit == 2
    assert [d["what"] for d in said.json["drift"]] in (["foreign_mark"], ["lock_is_older"])


def test_a_lost_lock_is_drift(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    (project.root / ".dialctl" / "sandbox" / "dialctl.lock").unlink()
    said = project.dialctl("drift")
    assert (said.exit, "no_memory" in said.out) == (2, True)


def test_a_retry_made_elsewhere_is_drift(project: ProjectFixture) -> None:
    project.people("+14155550191")
    assert project.apply().exit == 0
    with project.world() as world:
        world.advance(3600)
    assert project.apply().exit == 0
    with provider(project) as client:
        assert client.post(f"/agents/calls/batches/{the_batch(client)}/retry").status_code < 300
    said = project.dialctl("drift", "--json")
    assert said.exit == 2
    assert [d["what"] for d in said.json["drift"]] == ["retried_elsewhere"]


def test_it_changes_nothing_not_even_after_drift(project: ProjectFixture) -> None:
    project.write(batch_yaml=BATCH)
    assert project.apply().exit == 0
    cancel_elsewhere(project)
    before, requests = lock_and_manifests(project), writes(project)
    assert project.dialctl("drift").exit == 2
    assert lock_and_manifests(project) == before
    assert writes(project) == requests


def lock_and_manifests(project: ProjectFixture) -> dict[str, str]:
    """Everything but what was read (the cache) and the simulator's own database, whose clock every question moves."""
    return {name: digest for name, digest in project.snapshot().items() if "sqlite" not in name and "cache" not in name}


def writes(project: ProjectFixture) -> list[str]:
    with provider(project) as client:
        asked = client.get("http://127.0.0.1/_sandbox/requests").json()["requests"]
    return [one["path"] for one in asked if one["method"] != "GET"]


def test_without_a_key_it_fails_rather_than_finding_nothing(project: ProjectFixture) -> None:
    assert project.run("drift").exit == 1
