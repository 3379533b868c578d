"""Real processes: killed at every system call that touches a file, without disk space, without permission, contending
and paused."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING

import pytest

from declarative.errors import LeaseHeld
from declarative.model.lock import Lock
from declarative.state.base import Backend, StoredState
from declarative.state.catalog import open_backend
from declarative.state.format import parse_lock
from declarative.state.ledger import Ledger
from declarative.state.local import LocalBackend
from tests.state.processes import STEPS
from tests.state.samples import ADDRESS, holder, lock, no_sleep

if TYPE_CHECKING:
    from tests.s3server import S3Server

ROOT = Path(__file__).parent.parent.parent
LIMIT = 60  # seconds a process may take at worst


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tests.state.processes", *arguments]


def run(*arguments: str) -> str:
    done = subprocess.run(command(*arguments), cwd=ROOT, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def begun(folder: Path, *, unfolded: bool) -> Lock:
    """A folder with a lock, and a journal if it is to be `unfolded`."""
    backend = LocalBackend(folder)
    with backend.lease(holder(), 0, no_sleep) as lease:
        ledger = Ledger.open(backend, lease)
        ledger.start(lock())
        ledger.update(ADDRESS, generation=1, settings={"agent_id": "agent_1" * 30})
        if not unfolded:
            ledger.fold()
        return ledger.lock


def states(folder: Path) -> list[Lock | None]:
    """The lock before the first step and after each."""
    backend = LocalBackend(folder)
    known: list[Lock | None] = [None]
    with backend.lease(holder(), 0, no_sleep) as lease:
        ledger = Ledger.open(backend, lease)
        for step in STEPS:
            step(ledger)
            known.append(parse_lock(backend.load()))
    return known


def test_a_run_killed_anywhere_has_lost_no_step_that_returned(tmp_path: Path) -> None:
    (tmp_path / "reference").mkdir()
    expected = states(tmp_path / "reference")
    (tmp_path / "crashes").mkdir()
    run("crash", str(tmp_path / "crashes"))
    crashes = sorted((tmp_path / "crashes").iterdir())
    assert len(crashes) > 80
    for place in crashes:
        done = (place / "done").stat().st_size
        found = parse_lock(LocalBackend(place).load())
        assert found in expected[done : done + 2], place
        backend = LocalBackend(place)
        with backend.lease(holder("next"), 0, no_sleep) as lease:
            ledger = Ledger.open(backend, lease)
            ledger.start(lock()) if found is None else None
            ledger.update("call/next", generation=1)
            ledger.fold()
            assert parse_lock(backend.load()) == ledger.lock
            assert backend.load().journal == ()


@pytest.mark.parametrize("action", ["append", "fold"])
def test_a_run_that_stands_still_anywhere_in_a_write_harms_no_line_of_another(tmp_path: Path, action: str) -> None:
    reports = [line.split() for line in run("stall", str(tmp_path), action).splitlines()]
    assert {overtaken for _, overtaken, _ in reports} == {"wrote", "refused"}
    for name, overtaken, told in reports:
        stored = LocalBackend(tmp_path / name).load()
        if overtaken == "wrote":  # after it was the other's turn, the sleeper wrote nothing
            assert b"\n".join([stored.lock or b"", *stored.journal]) == (tmp_path / name / "expected").read_bytes()
            assert told in ("lease_lost", "done")
        else:
            assert told == "done"
            lines = (b'{"step":1}', b'{"step":2}')
            assert stored == (StoredState(b"first", lines) if action == "append" else StoredState(b"second"))


@pytest.mark.parametrize("room", [0, 1, 40, 200])
def test_a_full_disk_loses_no_line_and_says_which_file(tmp_path: Path, room: int) -> None:
    lock = begun(tmp_path, unfolded=True)
    journal = tmp_path / "dialctl.lock.journal"
    if room == 200:
        room = journal.stat().st_size + 20  # half a line fits
    before = LocalBackend(tmp_path).load()
    said = run("full", str(tmp_path), "update", str(room))
    assert str(journal) in said
    assert "nothing more is sent" in said
    assert "make room" in said
    assert "unchanged" in said
    assert LocalBackend(tmp_path).load() == before
    assert parse_lock(before) == lock


@pytest.mark.parametrize("room", [0, 100])
def test_a_full_disk_leaves_the_old_lock_whole(tmp_path: Path, room: int) -> None:
    begun(tmp_path, unfolded=True)
    before = LocalBackend(tmp_path).load()
    said = run("full", str(tmp_path), "fold", str(room))
    assert f"cannot write {tmp_path}/dialctl.lock:" in said
    assert "make room" in said
    assert LocalBackend(tmp_path).load() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [".dialctl", "dialctl.lock", "dialctl.lock.journal"]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that another user can reach."""
    with TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)
        os.chmod(folder, 0o755)


@pytest.mark.parametrize(("action", "unfolded"), [("update", False), ("fold", True)])
def test_a_folder_that_may_only_be_read_is_named(open_folder: Path, action: str, unfolded: bool) -> None:
    lock = begun(open_folder, unfolded=unfolded)
    said = run("forbidden", str(open_folder), action)
    assert f"cannot write {open_folder}/dialctl.lock" in said
    assert "writable" in said
    assert "unchanged" in said
    assert parse_lock(LocalBackend(open_folder).load()) == lock


def backend_at(url: str) -> Backend:
    return open_backend(Path(url), url if "://" in url else None)


@pytest.fixture(params=["directory", "s3", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    found = str(tmp_path) if request.param == "directory" else str(request.getfixturevalue(f"{request.param}_url"))
    return found


@pytest.mark.parametrize("runs", [2, 10])
def test_runs_that_contend_take_turns(url: str, runs: int) -> None:
    started = [subprocess.Popen(command("contend", url), cwd=ROOT, stderr=subprocess.PIPE) for _ in range(runs)]
    for process in started:
        assert process.communicate(timeout=LIMIT)[1] == b""
        assert process.returncode == 0
    lock = parse_lock(backend_at(url).load())
    assert lock is not None
    assert lock.resources[ADDRESS].generation == runs


class Sleeper:
    """A process that holds the lease and writes when told to."""

    def __init__(self, url: str) -> None:
        self._process = subprocess.Popen(
            command("hold", url), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._input, self._output = _pipe(self._process.stdin), _pipe(self._process.stdout)
        assert self._output.readline() == "held\n"

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def ask(self, action: str) -> str:
        self._input.write(f"{action}\n")
        self._input.flush()
        return self._output.readline().strip()

    def end(self) -> None:
        self._process.kill()
        self._process.wait(LIMIT)
        self._input.close()
        self._output.close()


def _pipe(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


@pytest.fixture
def sleeper(url: str) -> Iterator[Sleeper]:
    process = Sleeper(url)
    yield process
    process.end()


def test_a_killed_run_in_a_folder_frees_its_lease_at_once(tmp_path: Path) -> None:
    process = Sleeper(str(tmp_path))
    backend = LocalBackend(tmp_path)
    with pytest.raises(LeaseHeld, match="sleeper"):
        backend.lease(holder(), 0, no_sleep)
    process.end()
    assert backend.holder() is None
    with backend.lease(holder(), 0, no_sleep) as lease:
        lease.check()


def test_a_killed_run_at_a_store_frees_its_lease_when_it_expires(s3: S3Server, s3_url: str) -> None:
    process = Sleeper(s3_url)
    process.end()
    backend = backend_at(s3_url)
    with pytest.raises(LeaseHeld, match="sleeper") as refusal:
        backend.lease(holder(), 0, no_sleep)
    assert "dialctl force-unlock id-sleeper" in refusal.value.hint
    s3.age(f"{s3_url.removeprefix(f's3://{s3.bucket}/')}/lease.json", 62)
    with backend.lease(holder(), 0, no_sleep) as lease:
        lease.check()


def test_a_paused_holder_that_wakes_without_its_lease_writes_nothing(
    url: str, sleeper: Sleeper, request: pytest.FixtureRequest
) -> None:
    assert sleeper.ask("check") == "done"
    sleeper.signal(signal.SIGSTOP)
    backend = backend_at(url)
    if url.startswith("s3://"):
        server: S3Server = request.getfixturevalue("s3")
        server.age(f"{url.removeprefix(f's3://{server.bucket}/')}/lease.json", 62)
    else:
        backend.break_lease("id-sleeper")
    with backend.lease(holder("bob"), 0, no_sleep):
        sleeper.signal(signal.SIGCONT)
        assert [sleeper.ask(action) for action in ("check", "append", "fold")] == ["lease_lost"] * 3
        backend.append(b"2")
        assert backend.load() == StoredState(None, (b"2",))
