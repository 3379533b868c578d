"""Replicas of `dialctl run` as real processes, each with a checkout of its own, over one state. They are killed, paused
past their lease and started again at random."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from declarative.cli import main
from declarative.state import catalog
from declarative.state.timed_lease import LeaseTerms
from tests.protocol.project_fixture import Project
from tests.protocol.run_process import context

INTERVAL = "0.2s"
TERMS = LeaseTerms(duration=9, renew_interval=2.25, margin=3)
"""The terms of a lease, each at 15 in 100 of its length."""


@dataclass
class SharedState:
    """A project whose state is elsewhere."""

    project: Project
    """The project, as everybody sees it."""
    expire: Callable[[], None]
    """Makes the lease look as old as if nobody had renewed it."""
    read_holder: Callable[[], dict[str, Any] | None]
    """Reads who holds the lease. None: it is free, or over."""
    read_taking: Callable[[], str]
    """Reads a text that every taking of the lease changes, and nothing else."""


def serve(directory: Path, log: Path, environment: dict[str, str], terms: LeaseTerms) -> None:
    """The body of a replica."""
    with log.open("ab") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    os.environ.update(environment)
    _set_terms(terms)
    code = main.run_command(
        ["run", str(directory), "--interval", INTERVAL, "--metrics", "127.0.0.1:0", "--log", "json"]
    )
    sys.stdout.flush()
    os._exit(code)


def _set_terms(terms: LeaseTerms) -> None:
    """Give all leases of this process other terms."""
    from declarative.state.objectstore import ObjectStoreBackend
    from declarative.state.objectstore_client import open_object_client
    from declarative.state.postgres import PostgresBackend

    catalog.SCHEMES = {
        "s3": lambda url: ObjectStoreBackend(open_object_client(url, os.environ), terms),
        "postgresql": lambda url: PostgresBackend(url, terms),
    }


class Replica:
    """One replica at a time, under one name."""

    def __init__(self, project: Project, directory: Path, terms: LeaseTerms) -> None:
        self._terms = terms
        self.checkout = project.copy(directory)
        self.log = directory.with_suffix(".log")
        self._process: BaseProcess | None = None

    def start(self) -> None:
        arguments = (self.checkout.directory, self.log, self.checkout.variables(), self._terms)
        self._process = context().Process(target=serve, args=arguments)
        self._process.start()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

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


class Disturbance:
    """Does one thing after the other to one of the replicas, and measures how long a project is without a live one."""

    def __init__(self, chance: random.Random, replicas: Sequence[Replica], shared: SharedState) -> None:
        self._chance = chance
        self._replicas = replicas
        self._shared = shared
        self.waits: list[float] = []
        """Seconds from the loss of the replica that held the lease until another one had it."""

    def disturb(self) -> None:
        """Do one thing to one replica."""
        replica = self._chance.choice(self._replicas)
        match self._chance.choices(["kill", "pause", "restart", "expire", "lose", "stall"], [4, 4, 4, 4, 2, 2])[0]:
            case "kill":
                replica.kill()
                self._shared.expire()
                replica.start()
            case "pause":
                replica.send(signal.SIGSTOP)
                self._shared.expire()
                time.sleep(0.3)  # the others take over meanwhile, as they may
                replica.send(signal.SIGCONT)
            case "restart":
                replica.terminate()
                replica.start()
            case "expire":
                self._shared.expire()
            case "lose":
                holder = self._stop_holder()
                holder.kill()
                self._await_successor()
                holder.start()
            case "stall":
                holder = self._stop_holder()
                self._await_successor()
                holder.send(signal.SIGCONT)

    def _stop_holder(self) -> Replica:
        """Stop the replica that holds the lease, wherever it is in its round."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            holder = self._shared.read_holder()
            for replica in self._replicas:
                if holder is not None and replica.pid == holder["pid"]:
                    replica.send(signal.SIGSTOP)
                    if self._shared.read_holder() == holder:
                        return replica
                    replica.send(signal.SIGCONT)
        raise AssertionError("no replica took the lease within a minute")

    def _await_successor(self) -> None:
        """Wait until another replica takes the lease, whose holder cannot give it back. Nothing but time ends it."""
        began, taking = time.monotonic(), self._shared.read_taking()
        while self._shared.read_taking() == taking:
            waited = time.monotonic() - began
            assert waited < 2 * TERMS.duration, f"nobody works on the project after {waited:.0f} s"
            time.sleep(0.05)
        self.waits.append(time.monotonic() - began)
