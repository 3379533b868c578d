"""A few of the faults again through the real command in a process of its own, over real sockets to a served sandbox:
connections that really break, and time that really passes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.protocol.faults_answers import status
from tests.protocol.faults_requests import PROJECT, REACHED, SILENT, batch
from tests.sandbox.lab import Lab, start_server, stop_server

_PAGE = "<html>Bad gateway</html>"
ROWS = (
    ("answer lost", "lost_answer", "found again by its mark"),
    ("answer cut", {"truncate": 20}, "found again by its mark"),
    ("502 page with effect", status(502, effect=True, body=_PAGE), "found again by its mark"),
    ("302 with effect", status(302, effect=True, Location="/elsewhere"), "found again by its mark"),
    ("request lost", "lost_request", "decided anew"),
    ("503 without", status(503, effect=False), "decided anew"),
)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    started, found = start_server("--seed", "0")
    yield found
    stop_server(started)


@pytest.mark.parametrize(("name", "do", "says"), ROWS, ids=[row[0] for row in ROWS])
def test_the_real_command_rings_once_over_a_broken_connection(
    tmp_path: Path, url: str, name: str, do: str | dict[str, Any], says: str
) -> None:
    # The guard cannot be waited for here, so the settle time is as short as the guard allows.
    quick = PROJECT.replace("spec:\n", "spec:\n  guard: 0s\n  settle: 1s\n", 1)
    (tmp_path / "dial.yaml").write_text(batch(REACHED, SILENT).replace(PROJECT, quick), encoding="utf-8")
    with Lab(url, None) as lab:
        lab.faults({"match": {"operation": "createCallBatch"}, "do": do})

        first = _dialctl(tmp_path, lab, "apply", "-y")

        assert (first.returncode, says in first.stdout) == (0, True), first.stdout + first.stderr
        lab.advance(3600)
        again = _dialctl(tmp_path, lab, "apply", "-y")
        plan = _dialctl(tmp_path, lab, "plan", "--detailed-exitcode")
        assert (again.returncode, plan.returncode) == (0, 0), again.stderr + plan.stdout
        assert Counter({number: lab.rings(number) for number in (REACHED, SILENT)}) == {REACHED: 1, SILENT: 1}


def _dialctl(directory: Path, lab: Lab, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "declarative.cli.main", "-C", str(directory), *arguments],
        env=os.environ | {"CARTESIA_BASE_URL": f"{lab.base_url}/cartesia", "CARTESIA_API_KEY": lab.key},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
