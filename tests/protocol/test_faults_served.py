"""A few of the faults again over real sockets to a served sandbox, met by the real command in a process of its own:
connections that really break, and time that really passes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.command import clean_environment, served_sandbox
from tests.e2e.cli_project import open_served
from tests.protocol.faults_answers import status
from tests.protocol.faults_requests import PROJECT, REACHED, SILENT, batch

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
    # A lost request can be disproved once its start has passed, two minutes after it was sent: six seconds here.
    with served_sandbox("--seed", "0", "--speed", "20") as found:
        yield found


@pytest.mark.parametrize(("name", "do", "says"), ROWS, ids=[row[0] for row in ROWS])
def test_the_real_command_calls_once_over_a_broken_connection(
    tmp_path: Path, url: str, name: str, do: str | dict[str, Any], says: str
) -> None:
    quick = PROJECT.replace("spec:\n", "spec:\n  settle: 1s\n", 1)
    key = f"sk_{tmp_path.name}"
    project = open_served(tmp_path, url, key)
    project.environment = clean_environment(CARTESIA_BASE_URL=f"{url}/cartesia", CARTESIA_API_KEY=key)
    project.write("dial.yaml", batch(REACHED, SILENT).replace(PROJECT, quick))
    project.faults({"match": {"operation": "createCallBatch"}, "do": do})

    first = replace(project, apart=True).apply()

    assert says in first.out, first.text
    project.advance(3600)
    project.apply()
    project.plan("--detailed-exitcode")
    assert project.calls() == {REACHED: 1, SILENT: 1}
    project.sandbox.close()
