"""One run of the real command in a process of its own that counts its steps and, at one of them, is killed, gets a
signal, or waits to be let go. Knows no scenario."""

from __future__ import annotations

import ctypes
import logging
import os
import resource
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from declarative.cli import main

DAC = 0b111  # Linux: to change owners, to write and to read in spite of modes


@dataclass(frozen=True, kw_only=True)
class Order:
    """What to run and where. `words` and `steps` take what it says and does. `at`: the step (from 1, or the first that
    begins so) at which `signum` is sent to itself, or at which it waits on `gate` where there is no signal; 0 is never.
    `largest_file` in bytes; `obedient`: what a file's mode forbids is forbidden to root as well."""

    arguments: tuple[str, ...]
    directory: Path
    words: Connection
    steps: Connection
    environment: Mapping[str, str] = field(default_factory=dict)
    at: int | str = 0
    signum: int = 0
    gate: Connection | None = None
    largest_file: int | None = None
    obedient: bool = False


@dataclass(frozen=True)
class Run:
    """What came of it: the exit code (minus the signal that killed it), its words, its steps."""

    code: int
    said: str
    steps: tuple[str, ...]


class Watcher(logging.Handler):
    """Writes every step down and acts at one of them. Steps of several threads come one after the other."""

    def __init__(self, order: Order) -> None:
        super().__init__(logging.DEBUG)
        self._order = order
        self._count = 0
        self._acted = False
        self._turn = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        step = record.getMessage()
        with self._turn:
            self._count += 1
            os.write(self._order.steps.fileno(), f"{step}\n".encode())
            if self._acted or not self._is_it(step):
                return
            self._acted = True
        if self._order.signum:
            os.kill(os.getpid(), self._order.signum)
        elif self._order.gate is not None:
            self._order.gate.send(step)
            self._order.gate.recv()

    def _is_it(self, step: str) -> bool:
        at = self._order.at
        return step.startswith(at) if isinstance(at, str) else self._count == at


def obey(order: Order) -> None:
    """The body of the process."""
    os.dup2(order.words.fileno(), 1)
    os.dup2(order.words.fileno(), 2)
    os.chdir(order.directory)
    os.environ.update(order.environment)
    logger = logging.getLogger("dialctl.steps")
    logger.addHandler(Watcher(order))
    logger.setLevel(logging.DEBUG)
    if order.largest_file is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order.largest_file, order.largest_file))
    if order.obedient and os.geteuid() == 0:
        _obey_modes()
    code = main.run_command(list(order.arguments))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _obey_modes() -> None:
    """Gives up, in this thread and those to come, what lets root pass over modes (capset(2))."""
    libc = ctypes.CDLL(None, use_errno=True)
    head = (ctypes.c_uint32 * 2)(0x20080522, 0)
    held = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; then the same for the higher numbers
    for call in (libc.capget, libc.capset):
        if call(head, held):
            raise OSError(ctypes.get_errno(), "capabilities")
        held[0] &= ~DAC


def context() -> ForkServerContext:
    """Processes that come from one that has everything imported and nothing begun."""
    made = get_context("forkserver")
    made.set_forkserver_preload([__name__, *_ENGINE])
    return made


_ENGINE = (
    "polars", "httpx", "jsonschema", "phonenumbers", "tenacity", "deepdiff", "yaml", "rich.live",
    "declarative.app.apply", "declarative.app.plan", "declarative.app.resolve", "declarative.app.status",
    "declarative.app.saved_plan", "declarative.providers.cartesia.connect", "declarative.providers.callingbox.connect",
    "declarative.providers.elevenlabs.connect", "declarative.providers.telnyx.connect",
    "declarative.providers.retell.connect", "declarative.providers.vapi.connect", "declarative.sandbox.embedded",
    "declarative.report.text", "declarative.report.json_output", "declarative.cli.sandbox", "declarative.cli.status",
)  # fmt: skip


class Child:
    """A started run. What it says stays in pipes until its end, so it had better be brief."""

    def __init__(self, arguments: tuple[str, ...], directory: Path, **watched: Any) -> None:
        self._words, words = Pipe(duplex=False)
        self._steps, steps = Pipe(duplex=False)
        order = Order(arguments=arguments, directory=directory, words=words, steps=steps, **watched)
        self._process: BaseProcess = context().Process(target=obey, args=(order,))
        self._process.start()
        words.close()
        steps.close()

    def send(self, signum: int) -> None:
        assert self._process.pid is not None
        os.kill(self._process.pid, signum)

    def insist(self, signum: int) -> None:
        """Sends it until the process is gone: two that come at once count as one."""
        while self._process.exitcode is None:
            self.send(signum)
            self._process.join(0.02)

    def until_it_hears(self, signum: int) -> None:
        """Returns once the process has its own way with this signal (Linux)."""
        while not int(self._caught(), 16) >> (signum - 1) & 1:
            self._process.join(0.005)

    def _caught(self) -> str:
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))

    def wait(self, seconds: float = 60.0) -> Run:
        """Raises AssertionError for a run that does not end."""
        self._process.join(seconds)
        ended = self._process.exitcode is not None
        if not ended:
            self._process.kill()
            self._process.join()
        said, steps = _drained(self._words), _drained(self._steps)
        assert ended, f"still running after {seconds} s: {said}"
        code = self._process.exitcode
        assert code is not None
        self._process.close()
        return Run(code, said, tuple(steps.splitlines()))


def _drained(pipe: Connection) -> str:
    with pipe:
        parts = iter(lambda: os.read(pipe.fileno(), 65_536), b"")
        return b"".join(parts).decode()


KILL = int(signal.SIGKILL)
