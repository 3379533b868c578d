"""Runs that the tests start as processes of their own, to kill them, fill their disk, pause them or let them contend.

python -m tests.state.processes SCENARIO ARGUMENT...
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType

from declarative.errors import StateError
from declarative.model.lock import RemoteRecord
from declarative.state.base import Holder
from declarative.state.catalog import open_backend
from declarative.state.ledger import Ledger
from declarative.state.local import LocalBackend
from tests.state.samples import ADDRESS, holder, intent, lock, remote

Step = Callable[[Ledger], object]

STEPS: tuple[Step, ...] = (
    lambda ledger: ledger.start(lock()),
    lambda ledger: ledger.update(ADDRESS, generation=1, intents={"m": intent("m")}),
    lambda ledger: ledger.update(ADDRESS, intents={"m": None}, remotes={"acb_1": remote(mark="m")}),
    lambda ledger: ledger.fold(),
    lambda ledger: ledger.rename(ADDRESS, "batch/april"),
    lambda ledger: ledger.update("batch/april", remotes=dict[str, RemoteRecord | None](acb_1=remote(settled=True))),
    lambda ledger: ledger.fold(),
)
_TOUCHES = {"open", "close", "pwrite", "fsync", "ftruncate", "replace", "unlink", "fchmod", "mkdir", "stat", "flock"}


def crash(folder: str) -> None:
    """Run all steps in one child after another, each killed one system call later than the one before, until one
    survives. Each has its own folder with a file `done`, which holds a byte for every step that returned."""
    for point in range(10_000):
        place = Path(folder) / f"{point:04}"
        place.mkdir()
        child = os.fork()
        if child == 0:
            _run_until(point, place)
            os._exit(0)
        if os.waitpid(child, 0)[1] == 0:
            return


def _run_until(point: int, place: Path) -> None:
    done = os.open(place / "done", os.O_WRONLY | os.O_CREAT)
    _after_calls(point, lambda: os.kill(os.getpid(), signal.SIGKILL))
    backend = LocalBackend(place)
    with backend.lease(holder(), 0, time.sleep) as lease:
        ledger = Ledger.open(backend, lease)
        for step in STEPS:
            step(ledger)
            os.write(done, b".")
    sys.setprofile(None)


def _after_calls(point: int, act: Callable[[], object]) -> None:
    """Call `act` once, before or after a system call that touches a file, when `point` of them have gone by."""
    calls_left = point

    def count(frame: FrameType, event: str, called: object) -> None:
        nonlocal calls_left
        of_the_system = getattr(called, "__module__", "") in ("posix", "fcntl")
        if event in ("c_call", "c_return") and of_the_system and getattr(called, "__name__", "") in _TOUCHES:
            if calls_left == 0:
                act()
            calls_left -= 1

    sys.setprofile(count)


def full(folder: str, action: str, limit: str) -> None:
    """Do one step while no file may grow beyond `limit` bytes, and print what was raised."""
    backend = LocalBackend(Path(folder))
    with backend.lease(holder(), 0, time.sleep) as lease:
        ledger = Ledger.open(backend, lease)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
        _act(ledger, action)


def forbidden(folder: str, action: str) -> None:
    """Do one step as a user who may only read the folder once the lease is taken, and print what was raised."""
    backend = LocalBackend(Path(folder))
    with backend.lease(holder(), 0, time.sleep) as lease:
        ledger = Ledger.open(backend, lease)
        os.chmod(folder, 0o555)
        if os.geteuid() == 0:
            for path in (Path(folder) / ".dialctl", *Path(folder).glob(".dialctl/*")):
                os.chown(path, 65534, -1)
            os.seteuid(65534)
        _act(ledger, action)


def _act(ledger: Ledger, action: str) -> None:
    before = ledger.lock.resources[ADDRESS]
    try:
        if action == "fold":
            ledger.fold()
        else:
            ledger.update(ADDRESS, generation=9)
    except StateError as error:
        unchanged = ledger.lock.resources[ADDRESS] == before
        print(f"{error.message} | {error.hint} | {'unchanged' if unchanged else 'changed'}")


def stall(folder: str, action: str) -> None:
    """Let one child after another write, each stopped one system call later than the one before, until one is not.

    While a child stands still its lease is broken, as `dialctl force-unlock` does, and another run writes if it can.
    Each has its own folder. Prints for each whether the lease could be broken, and what either run was told.
    """
    for point in range(10_000):
        place = Path(folder) / f"{point:04}"
        place.mkdir()
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            _write_with_a_stop(point, place, action, writer)
            os._exit(0)
        os.close(writer)
        if os.WIFEXITED(os.waitpid(child, os.WUNTRACED)[1]):
            return
        overtaken = _overtake(place)
        os.kill(child, signal.SIGCONT)
        os.waitpid(child, 0)
        with os.fdopen(reader) as told:
            print(f"{place.name} {overtaken} {told.read()}")


def _write_with_a_stop(point: int, place: Path, action: str, told: int) -> None:
    backend = LocalBackend(place)
    with backend.lease(holder("sleeper"), 0, time.sleep):
        backend.load()
        backend.fold(b"first")
        backend.append(b'{"step":1}')
        _after_calls(point, lambda: os.kill(os.getpid(), signal.SIGSTOP))
        try:
            backend.append(b'{"step":2}') if action == "append" else backend.fold(b"second")
            result = "done"
        except StateError as error:
            result = error.code
        sys.setprofile(None)
        os.write(told, result.encode())


def _overtake(place: Path) -> str:
    """Break the lease of the sleeper and write what it must not harm. What was refused, or `wrote`."""
    backend = LocalBackend(place)
    try:
        backend.break_lease("id-sleeper")
    except StateError as error:
        return "refused" if "in the middle of a write" in error.message else error.message
    with backend.lease(holder("bob"), 0, time.sleep):
        stored = backend.load()
        backend.append(b'{"step":3}')
        (place / "expected").write_bytes(b"\n".join([stored.lock or b"", *stored.journal, b'{"step":3}']))
    return "wrote"


def contend(url: str) -> None:
    """Wait for the lease, then raise the generation by one."""
    backend = open_backend(Path(url), url if "://" in url else None)
    with backend.lease(Holder.from_environment({}), 100_000, lambda _: time.sleep(0.01)) as lease:
        ledger = Ledger.open(backend, lease)
        if not ledger.is_started:
            ledger.start(lock())
        ledger.update(ADDRESS, generation=ledger.resource_record(ADDRESS).generation + 1)
        ledger.fold()


def hold(url: str) -> None:
    """Hold the lease. For each line of input try to write, and print the result."""
    backend = open_backend(Path(url), url if "://" in url else None)
    with backend.lease(holder("sleeper"), 0, time.sleep) as lease:
        backend.load()
        print("held", flush=True)
        for line in sys.stdin:
            action: dict[str, Callable[[], None]] = {
                "check": lease.check,
                "append": lambda: backend.append(b"1"),
                "fold": lambda: backend.fold(b"1"),
            }
            try:
                action[line.strip()]()
                print("done", flush=True)
            except StateError as error:
                print(error.code, flush=True)


SCENARIOS: Mapping[str, Callable[..., None]] = {
    "crash": crash, "stall": stall, "full": full, "forbidden": forbidden, "contend": contend, "hold": hold,
}  # fmt: skip

if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        SCENARIOS[sys.argv[1]](*sys.argv[2:])
