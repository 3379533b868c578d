"""`dialctl run` as a command: its flags, its exit codes, and how it ends."""

from __future__ import annotations

import ctypes
import os
import platform
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import orjson
import pytest

from tests.app.running import PROJECT
from tests.command import PROGRAM, clean_environment
from tests.project_fixture import ADA, BATCH, BEN, ProjectFixture

TGKILL = 131 if platform.machine() == "aarch64" else 234
"""The number of the system call that signals one thread."""


@pytest.fixture
def limited(project: ProjectFixture) -> ProjectFixture:
    project.write(project_yaml=PROJECT)
    return project


def test_once_exits_as_the_worst_of_its_applies(limited: ProjectFixture) -> None:
    first = limited.dialctl("run", "--once")
    assert first.exit == 0, first
    assert first.out == ""
    assert "spring: batch/outreach: create 2 people" in first.err
    limited.write(batch_yaml=BATCH.replace("outreach", "renamed"))
    blocked = limited.dialctl("run", "--once", "--log", "json")
    assert blocked.exit == 3
    assert "looks_renamed" in blocked.err
    limited.write(batch_yaml="nonsense")
    assert limited.dialctl("run", "--once").exit == 1


def test_without_a_limit_a_project_is_not_run(project: ProjectFixture) -> None:
    refused = project.dialctl("run", "--metrics", "127.0.0.1:0")
    assert refused.exit == 1
    assert "policy.max_dials" in refused.err
    assert project.dials() == []


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:", "127.0.0.1:99999"])
def test_an_address_that_is_none_is_refused(limited: ProjectFixture, address: str) -> None:
    refused = limited.dialctl("run", "--metrics", address)
    assert refused.exit == 64
    assert "HOST:PORT" in refused.err


def test_a_path_that_is_not_there_is_reported_and_stops_no_other(limited: ProjectFixture) -> None:
    result = limited.dialctl("run", ".", "nowhere", "--once")
    assert result.exit == 1
    assert 'there is no "' in result.err
    assert "create 2 people" in result.err


def test_it_serves_until_sigterm_and_exits_143(limited: ProjectFixture) -> None:
    arguments = [*PROGRAM, "-v", "--sandbox", "run", "--metrics", "127.0.0.1:0", "--interval", "1h", "--log", "json"]
    process = subprocess.Popen(arguments, cwd=limited.root, env=clean_environment(), stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        port = int(re.search(r":(\d+)/", process.stderr.readline())[1])  # type: ignore[index]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            end = time.monotonic() + 60
            while client.get("/readyz").status_code != 200:
                assert time.monotonic() < end
                time.sleep(0.05)
            assert client.get("/healthz").status_code == 200
            assert 'dialctl_dials_total{project="spring"} 2.0' in client.get("/metrics").text
            assert "spring" in client.get("/").text
        os.kill(process.pid, signal.SIGTERM)
        said = process.communicate(timeout=60)[1]
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 143, said
    entries = [orjson.loads(line) for line in said.splitlines()]
    assert {"step", "requests", "good", "stop"} == {entry["event"] for entry in entries}
    assert ADA not in said
    assert BEN not in said


def _list_threads(process: int) -> list[int]:
    return [int(thread.name) for thread in Path(f"/proc/{process}/task").iterdir()]


def _blocks(process: int, thread: int, signum: int) -> bool:
    """Whether a thread blocks a signal, as some of a library's own do: the system hands it none then."""
    status = Path(f"/proc/{process}/task/{thread}/status").read_text()
    mask = int(status.partition("SigBlk:")[2].split()[0], 16)
    return bool(mask >> (signum - 1) & 1)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux sends a signal to a thread by its number")
def test_a_signal_that_another_thread_gets_is_heard(limited: ProjectFixture) -> None:
    arguments = [*PROGRAM, "--sandbox", "run", "--metrics", "127.0.0.1:0", "--interval", "1h"]
    process = subprocess.Popen(arguments, cwd=limited.root, env=clean_environment(), stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        process.stderr.readline()
        assert "create 2 people" in process.stderr.readline(), "the round is over: the main thread only waits"
        other = max(thread for thread in _list_threads(process.pid) if not _blocks(process.pid, thread, signal.SIGTERM))
        ctypes.CDLL(None).syscall(TGKILL, process.pid, other, signal.SIGTERM)
        assert process.wait(60) == 143
    finally:
        process.kill()
        process.communicate()
