"""One, two and five replicas of `dialctl run` over the same projects, where nothing happens: requests to the provider,
and what a replica costs that only waits for another one to fail."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import Claims, main, spend
from campaign import A_YEAR, PROGRAM, control, environment, sandbox
from idle_run import create

WINDOWS = 3
"""Intervals that are counted."""


@dataclass
class Replica:
    """One process of `dialctl run`."""

    process: subprocess.Popen[str]
    """Its standard error is the log."""
    url: str
    """What it serves."""

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}readyz"):
                return True
        except urllib.error.HTTPError:
            return False

    def read_cpu(self) -> float:
        """Seconds of CPU so far (Linux; elsewhere what `ps` says)."""
        try:
            times = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")
        except FileNotFoundError:
            command = ["ps", "-o", "time=", "-p", str(self.process.pid)]
            minutes, _, seconds = subprocess.check_output(command, text=True).strip().rpartition(":")
            return float(minutes or 0) * 60 + float(seconds)


@contextmanager
def start(paths: list[str], directory: Path, variables: dict[str, str], interval: int) -> Iterator[Replica]:
    """Run a replica whose first rounds are over."""
    command = [*PROGRAM, "run", *paths, "--interval", f"{interval}s", "--metrics", "127.0.0.1:0"]
    with subprocess.Popen(command, cwd=directory, env=variables, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        replica = Replica(process, process.stderr.readline().split()[-1])
        while not replica.is_ready():
            time.sleep(0.2)
        yield replica
        os.kill(process.pid, signal.SIGTERM)
        process.stderr.read()


def measure(claims: Claims, directory: Path) -> None:
    interval = 30 if claims.full else 4
    with sandbox(directory / "served") as url:
        campaigns = create(directory, url, 200 if claims.full else 10)
        paths = [str(campaign.directory) for campaign in campaigns]
        variables = environment(CARTESIA_BASE_URL=url, CARTESIA_API_KEY="sk_all", NO_COLOR="1")
        for _ in range(2):
            spend([*PROGRAM, "run", *paths, "--once"], cwd=directory, env=variables)
            control(url, "POST", "advance", {"seconds": A_YEAR})
        minute = 60 / (interval * WINDOWS)
        requests: dict[int, float] = {}
        cpu: list[float] = []
        with start(paths, directory, variables, interval) as first:
            requests[1], _ = _count(url, [first], interval)
            with start(paths, directory, variables, interval) as second:
                requests[2], cpu = _count(url, [first, second], interval)
                with (
                    start(paths, directory, variables, interval) as third,
                    start(paths, directory, variables, interval) as fourth,
                    start(paths, directory, variables, interval) as fifth,
                ):
                    requests[5], _ = _count(url, [first, second, third, fourth, fifth], interval)
        for replicas, count in requests.items():
            print(f"         {replicas} replicas: {count * minute:.0f} requests a minute", flush=True)
        claims.check_at_most("requests of 2 replicas, of those of one", requests[2] / requests[1], 1.5)
        claims.check_at_most("requests of 5 replicas, of those of one", requests[5] / requests[1], 1.5)
        claims.check_at_most("CPU of a replica that waits, of one that works", min(cpu) / max(cpu), 0.6)


def _count(url: str, replicas: list[Replica], interval: int) -> tuple[float, list[float]]:
    """Requests to the provider within WINDOWS intervals, and seconds of CPU of each replica."""
    before, cpu = len(control(url, "GET", "requests")["requests"]), [replica.read_cpu() for replica in replicas]
    time.sleep(interval * WINDOWS)
    after = len(control(url, "GET", "requests")["requests"])
    return after - before, [replica.read_cpu() - spent for replica, spent in zip(replicas, cpu, strict=True)]


if __name__ == "__main__":
    main("Replicas of dialctl run over idle projects", measure)
