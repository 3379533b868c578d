"""A lock is copied between places, never over one that knows more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from declarative.app import state_admin
from declarative.app.session import Session
from declarative.errors import LeaseHeld, StateError
from declarative.model.lock import Lock, ResourceRecord
from declarative.state.base import Backend, Log, StoredState
from declarative.state.format import parse_lock, render_lock
from declarative.state.history import read_history, write_line
from declarative.state.ledger import Ledger
from declarative.state.local import LocalBackend
from declarative.state.transfer import copy_lock
from tests.state.samples import ADDRESS, PUSH, holder, intent, lock, no_sleep, remote

Place = Callable[[], Backend]
BASE = lock(march=ResourceRecord(generation=2, remotes={"r": remote(mark="m")}, revoked=("b", "a")))


def put(backend: Backend, known: Lock) -> None:
    with backend.lease(holder(), 0, no_sleep):
        backend.load()
        backend.fold(render_lock(known))


@pytest.fixture
def source(tmp_path: Path) -> LocalBackend:
    (tmp_path / "from").mkdir()
    backend = LocalBackend(tmp_path / "from")
    put(backend, BASE)
    return backend


def test_a_lock_arrives_with_its_journal_folded_in(source: LocalBackend, place: Place) -> None:
    with source.lease(holder(), 0, no_sleep) as lease:
        ledger = Ledger.open(source, lease)
        ledger.update(ADDRESS, count=5)
    assert copy_lock(source, place(), holder(), 0, no_sleep, PUSH) == ledger.lock
    assert place().load() == StoredState(render_lock(ledger.lock))
    assert source.holder() is None
    assert place().holder() is None


@pytest.mark.parametrize(
    "there",
    [
        BASE,
        lock(march=ResourceRecord(generation=1)),
        lock(march=ResourceRecord(generation=2, revoked=("a",), intents={"m": intent("m")})),
        lock(march=replace(BASE.resources[ADDRESS], count=7)),
    ],
    ids=["the same", "an older generation", "an intent since resolved", "other settings of the same generation"],
)
def test_a_place_that_knows_no_more_is_replaced(source: LocalBackend, place: Place, there: Lock) -> None:
    put(place(), there)
    copy_lock(source, place(), holder(), 0, no_sleep, PUSH)
    assert parse_lock(place().load()) == BASE


@pytest.mark.parametrize(
    "there",
    [
        lock(april=ResourceRecord()),
        lock(march=ResourceRecord(generation=3)),
        lock(march=ResourceRecord(generation=1, remotes={"other": remote()})),
        lock(march=ResourceRecord(generation=2, remotes={"r": remote(mark="m", settled=True)})),
        lock(march=ResourceRecord(generation=2, intents={"n": intent("n")})),
        lock(march=ResourceRecord(generation=2, revoked=("c",))),
        lock(march=ResourceRecord(generation=2, placed=("p",))),
        lock(march=ResourceRecord(generation=2, unseen=("p",))),
    ],
    ids=["address", "generation", "remote", "later record", "intent", "revoked", "placed", "unseen"],
)
def test_a_place_that_knows_more_is_left_alone(source: LocalBackend, place: Place, there: Lock) -> None:
    put(place(), there)
    with pytest.raises(StateError, match="knows more"):
        copy_lock(source, place(), holder(), 0, no_sleep, PUSH)
    assert parse_lock(place().load()) == there


def test_the_lock_of_another_lineage_is_never_replaced(source: LocalBackend, place: Place) -> None:
    put(place(), replace(BASE, lineage="zzzz"))
    with pytest.raises(StateError, match="has another lock"):
        copy_lock(source, place(), holder(), 0, no_sleep, PUSH)


def test_nothing_cannot_be_moved(tmp_path: Path, place: Place) -> None:
    (tmp_path / "nothing").mkdir()
    with pytest.raises(StateError, match="no lock"):
        copy_lock(LocalBackend(tmp_path / "nothing"), place(), holder(), 0, no_sleep, PUSH)


def test_no_run_may_be_active_at_either_end(source: LocalBackend, place: Place) -> None:
    with place().lease(holder("bob"), 0, no_sleep), pytest.raises(LeaseHeld, match="bob"):
        copy_lock(source, place(), holder(), 0, no_sleep, PUSH)
    with source.lease(holder("bob"), 0, no_sleep), pytest.raises(LeaseHeld, match="bob"):
        copy_lock(source, place(), holder(), 0, no_sleep, PUSH)
    assert place().load() == StoredState(None)


PROJECT = """\
apiVersion: dialctl/v1
kind: Project
metadata: {name: spring}
spec:
  defaults: {provider: cartesia}
---
apiVersion: dialctl/v1
kind: Batch
metadata: {name: march}
spec: {agent_id: agent_A, from_number_id: ap_A, recipients: [{to_number: "+14155550101"}]}
"""


def test_push_and_pull_mean_the_lock_of_this_directory_whatever_the_state_url(s3_url: str, tmp_path: Path) -> None:
    """A user who moves to a store has already named it in the environment or on the Project."""
    (tmp_path / "dial.yaml").write_text(PROJECT)
    put(LocalBackend(tmp_path), BASE)
    with Session(directory=tmp_path, environment={"DIALCTL_STATE": s3_url}, sleep=no_sleep) as session:
        state_admin.push_lock(session, s3_url, 0)
        assert state_admin.list_addresses(session) == [ADDRESS]
        Path(session.local_backend.location).unlink()
        state_admin.pull_lock(session, s3_url, 0)
    assert parse_lock(LocalBackend(tmp_path).load()) == BASE


def test_halts_and_resumes_of_both_places_stand_in_the_target(source: LocalBackend, place: Place) -> None:
    for backend, lines in ((source, (b"1", b"2")), (place(), (b"2", b"3"))):
        for line in lines:
            backend.add_line(Log.HALTS, line)
    for _ in range(2):
        copy_lock(source, place(), holder(), 0, no_sleep, PUSH)
        assert sorted(place().read_lines(Log.HALTS)) == [b"1", b"2", b"3"]
    assert source.read_lines(Log.HALTS) == (b"1", b"2")


def test_the_history_goes_with_the_lock_and_the_copy_has_a_line_of_its_own(source: LocalBackend, place: Place) -> None:
    first = write_line(source, None, replace(PUSH, run="0000000a", command="apply"))
    copy_lock(source, place(), holder(), 0, no_sleep, PUSH)
    lines = read_history(place()).lines
    assert [line.record.command for line in lines] == ["apply", "state push"]
    assert lines[1].follows == (first,)
