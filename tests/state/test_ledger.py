"""What an apply writes through: each step durable, short, and the same after any crash."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_type_hints

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from obstore.store import MemoryStore

from declarative.errors import LeaseLost, StateError
from declarative.model.lock import Lock, RequestKind, ResourceRecord
from declarative.state.base import Lease, StoredState
from declarative.state.format import parse_lock, render_lock
from declarative.state.ledger import Ledger, ResourceRecordFields
from declarative.state.local import LocalBackend
from declarative.state.objectstore import ObjectStoreBackend
from declarative.state.objectstore_client import ObjectClient
from tests.state.samples import ADDRESS, changes, holder, intent, lock, locks, remote


class Recorder(LocalBackend):
    """A folder that also keeps every line it was ever given."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.lines: list[bytes] = []

    def append(self, line: bytes) -> None:
        super().append(line)
        self.lines.append(line)


@pytest.fixture
def backend(tmp_path: Path) -> Recorder:
    return Recorder(tmp_path)


@pytest.fixture
def lease(backend: Recorder) -> Lease:
    return backend.lease(holder(), 0, lambda _: None)


@pytest.fixture
def ledger(backend: Recorder, lease: Lease) -> Ledger:
    ledger = Ledger.open(backend, lease)
    ledger.start(lock())
    return ledger


def kept(backend: LocalBackend) -> Lock | None:
    return parse_lock(LocalBackend(Path(backend.location).parent).load())


def test_before_the_start_there_is_no_lock(backend: Recorder) -> None:
    ledger = Ledger.open(backend, backend.lease(holder(), 0, lambda _: None))
    assert not ledger.is_started
    with pytest.raises(StateError, match="no lock yet"):
        ledger.update(ADDRESS, generation=1)


def test_a_lock_once_begun_is_durable(backend: Recorder, ledger: Ledger) -> None:
    assert ledger.is_started
    assert kept(backend) == lock()


def test_every_step_is_durable_when_it_returns(backend: Recorder, ledger: Ledger) -> None:
    ledger.update(ADDRESS, generation=1, settings={"agent_id": "a"}, intents={"m": intent("m")})
    assert kept(backend) == ledger.lock
    ledger.update(ADDRESS, remotes={"acb_1": remote(mark="m")}, intents={"m": None})
    assert kept(backend) == ledger.lock
    expected = ResourceRecord(generation=1, settings={"agent_id": "a"}, remotes={"acb_1": remote(mark="m")})
    assert ledger.lock == lock(march=expected)


def test_a_value_that_becomes_empty_is_gone_after_a_crash_too(backend: Recorder, ledger: Ledger) -> None:
    ledger.update(ADDRESS, quiet="q", settings={"a": 1, "b": {"c": 2}}, remotes={"r": remote(person="p", settled=True)})
    ledger.update(ADDRESS, quiet=None, settings={"b": {}}, remotes={"r": remote()})
    assert kept(backend) == lock(march=ResourceRecord(settings={"b": {}}, remotes={"r": remote()}))


def test_of_a_forgotten_address_its_generation_and_what_must_never_call_stay(backend: Recorder, ledger: Ledger) -> None:
    lost = {"m": intent("m"), "retry:r:0": intent("retry:r:0", request=RequestKind.RETRY, remote="r")}
    ledger.update(ADDRESS, generation=3, provider="cartesia", settings={"agent_id": "a"}, count=2, numbers="n")
    ledger.update(ADDRESS, remotes={"r": remote()}, intents=lost, placed=("p",), revoked=("k",), quiet="q")
    ledger.forget(ADDRESS)
    kept_of_it = ResourceRecord(generation=3, provider="cartesia", revoked=("k", "m"))
    assert kept(backend) == ledger.lock == lock(march=kept_of_it)
    assert kept_of_it.is_forgotten
    assert len(backend.lines) == 3


def test_a_renamed_address_takes_along_what_was_done(backend: Recorder, ledger: Ledger) -> None:
    ledger.update(ADDRESS, generation=2, remotes={"r": remote()})
    ledger.rename(ADDRESS, "batch/april")
    assert ledger.lock.resources["batch/april"] == ResourceRecord(generation=2, remotes={"r": remote()})
    left = ResourceRecord(generation=2, tombstone=True)
    assert kept(backend) == ledger.lock == lock(march=left, april=ResourceRecord(generation=2, remotes={"r": remote()}))
    assert len(backend.lines) == 2


def test_renaming_onto_a_known_address_forgets_nothing(backend: Recorder, ledger: Ledger) -> None:
    ledger.update(ADDRESS, generation=2, settings={"a": 1}, remotes={"r1": remote()}, placed=("x",))
    ledger.update("batch/april", generation=1, settings={"b": 1}, remotes={"r2": remote()}, placed=("y",))
    ledger.rename(ADDRESS, "batch/april")
    joined = ResourceRecord(
        generation=2, settings={"a": 1}, remotes={"r1": remote(), "r2": remote()}, placed=("x", "y")
    )
    assert kept(backend) == ledger.lock == lock(march=ResourceRecord(generation=2, tombstone=True), april=joined)


def test_what_was_approved_is_one_line_and_is_of_an_address_alone(
    backend: Recorder, ledger: Ledger, tmp_path: Path
) -> None:
    ledger.update_each(
        {ADDRESS: ("cartesia", {"approved": "as it is"}), "batch/new": ("cartesia", {"approved": "as well"})}
    )
    ledger.update_each({ADDRESS: ("cartesia", {"approved": "as it is"})})
    assert len(backend.load().journal) == 1
    kept_lock = kept(backend)
    assert kept_lock is not None
    assert kept_lock.resources["batch/new"] == ResourceRecord(provider="cartesia", approved="as well")
    ledger.rename(ADDRESS, "batch/new")
    assert ledger.resource_record("batch/new").approved == "as well"
    ledger.rename("batch/new", "batch/newest")
    ledger.update_each({"batch/new": ("cartesia", {"approved": ""})})
    assert kept(backend) == ledger.lock
    assert {record.approved for record in ledger.lock.resources.values()} == {""}


def test_a_host_is_remembered(backend: Recorder, ledger: Ledger) -> None:
    ledger.set_host("d", "api.example.org")
    ledger.set_host("d", "api.example.org")
    assert kept(backend) == ledger.lock
    assert ledger.lock.hosts == {"c": "api.example.com", "d": "api.example.org"}
    assert len(backend.lines) == 1


def test_folding_leaves_one_whole_file(backend: Recorder, ledger: Ledger, tmp_path: Path) -> None:
    ledger.update(ADDRESS, generation=1)
    ledger.fold()
    assert backend.load() == StoredState(render_lock(ledger.lock))
    assert sorted(path.name for path in tmp_path.iterdir()) == [".dialctl", "dialctl.lock"]


def test_one_step_is_one_line_that_says_what_several_say(backend: Recorder, ledger: Ledger) -> None:
    with ledger.one_step():
        ledger.update(ADDRESS, generation=1, provider="cartesia", intents={"m": intent("m")})
        ledger.update(ADDRESS, generation=1, tombstone=False, intents={"n": intent("n")})
        ledger.update("batch/other", generation=2, intents={"m": intent("m")})
        assert backend.lines == [], "nothing is written before its end"
    assert len(backend.lines) == 1
    assert parse_lock(backend.load()) == ledger.lock
    assert set(ledger.resource_record(ADDRESS).intents) == {"m", "n"}
    with ledger.one_step():
        pass
    assert len(backend.lines) == 1


def test_of_a_step_that_breaks_off_nothing_is_left(backend: Recorder, ledger: Ledger) -> None:
    ledger.update(ADDRESS, generation=1, intents={"k": intent("k")})
    before = parse_lock(backend.load())

    def break_off() -> None:
        with ledger.one_step():
            ledger.update(ADDRESS, generation=2, intents={"k": None, "m": intent("m")})
            ledger.update("batch/other", generation=1, intents={"m": intent("m")})
            raise KeyError

    with pytest.raises(KeyError):
        break_off()
    assert parse_lock(backend.load()) == ledger.lock == before
    ledger.update(ADDRESS, generation=2)
    assert len(backend.lines) == 2


def test_of_a_step_that_cannot_be_written_nothing_is_left(backend: Recorder, ledger: Ledger) -> None:
    ledger.update(ADDRESS, generation=1, intents={"k": intent("k")})
    before = parse_lock(backend.load())

    def fail() -> None:
        with ledger.one_step():
            ledger.update(ADDRESS, generation=2, intents={"m": intent("m")})
            (Path(backend.location).parent / "dialctl.lock.journal").unlink()

    with pytest.raises(StateError):
        fail()
    assert ledger.lock == before


def test_nothing_is_written_where_nothing_changed(
    backend: Recorder, lease: Lease, ledger: Ledger, tmp_path: Path
) -> None:
    ledger.update(ADDRESS, generation=1, remotes={"r": remote()}, intents={"m": intent("m")})
    ledger.fold()
    before = (tmp_path / "dialctl.lock").stat()
    again = Ledger.open(backend, lease)
    again.update(ADDRESS, generation=1, remotes={"r": remote(), "x": None}, intents={"m": intent("m")})
    again.fold()
    after = (tmp_path / "dialctl.lock").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert len(backend.lines) == 1


def test_a_journal_left_by_a_crash_is_folded_by_the_next_run(backend: Recorder, lease: Lease, ledger: Ledger) -> None:
    ledger.update(ADDRESS, generation=1)
    Ledger.open(backend, lease).fold()
    assert backend.load() == StoredState(render_lock(ledger.lock))


def test_a_step_costs_the_same_however_much_is_remembered(backend: Recorder, ledger: Ledger) -> None:
    many = {f"call_{number}": remote(person=f"{number:016x}") for number in range(2000)}
    ledger.update(ADDRESS, settings={"agent_id": "a" * 500})
    ledger.update(ADDRESS, remotes={"call_x": remote()}, generation=1)
    few = len(backend.lines[-1])
    ledger.update(ADDRESS, remotes=many)
    ledger.update(ADDRESS, remotes={"call_y": remote()}, generation=2)
    assert len(backend.lines[-1]) == few


def test_a_step_that_was_not_written_changes_nothing(ledger: Ledger, backend: Recorder) -> None:
    ledger.update(ADDRESS, generation=1, remotes={"r": remote()})
    backend.break_lease("id-ada")
    with pytest.raises(LeaseLost):
        ledger.update(ADDRESS, generation=2, remotes={"r": None})
    with pytest.raises(LeaseLost):
        ledger.rename(ADDRESS, "batch/april")
    assert ledger.lock == kept(backend) == lock(march=ResourceRecord(generation=1, remotes={"r": remote()}))


def test_the_fields_of_an_update_are_those_of_a_record() -> None:
    assert {*get_type_hints(ResourceRecordFields)} == {*ResourceRecord.__dataclass_fields__} - {"remotes", "intents"}


_STEPS = st.lists(
    st.tuples(st.just("update"), st.sampled_from(["batch/a", "batch/b"]), changes)
    | st.tuples(st.just("forget"), st.sampled_from(["batch/a", "batch/b"]), st.none())
    | st.tuples(st.just("rename"), st.permutations(["batch/a", "batch/b"]), st.none())
    | st.tuples(st.just("set_host"), st.sampled_from(["c", "d"]), st.none()),
    max_size=8,
)


def _take(ledger: Ledger, step: tuple[str, Any, Any]) -> None:
    match step:
        case "update", address, values:
            ledger.update(address, **values)
        case "forget", address, _ if address in ledger.lock.resources:
            ledger.forget(address)
        case "rename", (old, new), _ if old in ledger.lock.resources:
            ledger.rename(old, new)
        case "set_host", provider, _:
            ledger.set_host(provider, "api.example.net")


def _begun(first: Lock) -> tuple[ObjectStoreBackend, Lease]:
    backend = ObjectStoreBackend(ObjectClient(MemoryStore(), "memory://here"))
    lease = backend.lease(holder(), 0, lambda _: None)
    backend.fold(render_lock(first))
    return backend, lease


@given(locks, _STEPS)
def test_any_history_gives_the_same_lock_from_wherever_it_was_folded(first: Lock, steps: list[Any]) -> None:
    backend, lease = _begun(first)
    with lease:
        ledger = Ledger.open(backend, lease)
        states = [render_lock(ledger.lock)]
        for step in steps:
            _take(ledger, step)
            states.append(render_lock(ledger.lock))
        journal = backend.load().journal
        for folded in states:
            assert parse_lock(StoredState(folded, journal)) == ledger.lock
        for line in journal:
            assert orjson.loads(line)["lineage"] == "l"


def test_how_many_numbers_lists_hold_is_one_line(backend: Recorder, ledger: Ledger) -> None:
    ledger.update_each({ADDRESS: ("cartesia", {"lists": {"own.csv": 3}})}, lists={"dnc.csv": 40})
    ledger.update_each({ADDRESS: ("cartesia", {"lists": {"own.csv": 3}})}, lists={"dnc.csv": 40})
    assert len(backend.lines) == 1
    ledger.update_each({ADDRESS: ("cartesia", {"lists": {}})}, lists={"legal.csv": 1})
    assert kept(backend) == ledger.lock
    assert (ledger.lock.lists, ledger.resource_record(ADDRESS).lists) == ({"legal.csv": 1}, {})
    ledger.fold()
    assert kept(backend) == ledger.lock


def test_what_is_forgotten_still_knows_its_lists(backend: Recorder, ledger: Ledger) -> None:
    ledger.update_each({ADDRESS: ("cartesia", {"lists": {"own.csv": 3}})}, lists={})
    ledger.forget(ADDRESS)
    ledger.rename(ADDRESS, "batch/new")
    known = kept(backend)
    assert known is not None
    assert known.resources["batch/new"].lists == {"own.csv": 3}
