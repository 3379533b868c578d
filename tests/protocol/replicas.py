"""Replicas of `dialctl run` as real processes, each with a checkout of its own, over one state. They are killed, paused
past their lease and started again at random."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

from declarative.cli import main
from tests.protocol.project_fixture import Project
from tests.protocol.run_process import context

INTERVAL = "0.2s"


def serve(directory: Path, log: Path, environment: dict[str, str]) -> None:
    """The body of a replica."""
    with log.open("ab") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    os.environ.update(environment)
    code = main.run_command(
        ["run", str(directory), "--interval", INTERVAL, "--metrics", "127.0.0.1:0", "--log", "json"]
    )
    sys.stdout.flush()
    os._exit(code)


class Replica:
    """One replica at a time, under one name."""

    def __init__(self, project: Project, directory: Path) -> None:
        self.checkout = project.copy(directory)
        self.log = directory.with_suffix(".log")
        self._process: BaseProcess | None = None

    def start(self) -> None:
        arguments = (self.checkout.directory, self.log, self.checkout.variables())
        self._process = context().Process(target=serve, args=arguments)
        self._process.start()

    def send(self, signum: int) -> None:
        assert self._process is not None
        assert self._process.pid is not None
        os.kill(self._process.pid, signum)

    def wait(self) -> int | None:
        """Its exit code, minus the signal that killed it."""
        assert self._process is not None
        self._process.join(60)
        return self._process.exitcode

    def terminate(self) -> None:
        """End it as Kubernetes does. One that does not listen yet is ended by the system, and has done nothing."""
        self.send(signal.SIGTERM)
        code = self.wait()
        assert code in (143, -signal.SIGTERM), f"{code}: {self.said}"

    def kill(self) -> None:
        if self._process is not None and self._process.is_alive():
            self.send(signal.SIGKILL)
            self.wait()

    @property
    def said(self) -> str:
        return self.log.read_text() if self.log.exists() else ""


def until(condition: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    """Wait for what other processes do."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"still not after {seconds:.0f} s: {what}"
        time.sleep(0.05)


def disturb(chance: random.Random, replicas: list[Replica], expire: Callable[[], None]) -> str:
    """Do one thing to one replica, and say what."""
    replica = chance.choice(replicas)
    match chance.choice(["kill", "pause", "restart", "expire"]):
        case "kill":
            replica.send(signal.SIGKILL)
            replica.wait()
            expire()
            replica.start()
        case "pause":
            replica.send(signal.SIGSTOP)
            expire()
            time.sleep(0.3)  # the others take over meanwhile, as they may
            replica.send(signal.SIGCONT)
        case "restart":
            replica.terminate()
            replica.start()
        case "expire":
            expire()
    return replica.checkout.directory.name
