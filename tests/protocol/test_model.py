"""The promise, searched exhaustively in a small model; a sample of the paths is replayed against the engine."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.protocol.embedded_project import EmbeddedProject
from tests.protocol.model import Model
from tests.protocol.test_rounds import ADA, ALWAYS, PROJECT, batch, fault

TICK = 60
FATES = {"the answer is lost": "lost_answer", "the request is lost": "lost_request"}
_REQUEST = re.compile(r"(?:create|probe) (\d+)(?:: (.*))?$")


@pytest.mark.parametrize(("max_faults", "horizon"), [(1, 11), (2, 9)])
def test_something_younger_calls_nobody_twice_and_leads_to_everybody(max_faults: int, horizon: int) -> None:
    states, path = Model("probe", max_faults, horizon).search()
    assert path == []
    assert states > 20_000


def test_a_time_that_passed_calls_twice() -> None:
    _, path = Model("time", 1, 8).search()
    assert path[0] == "create 0: the answer is lost"
    assert "create 1" in path


def test_without_a_list_probe_somebody_is_never_called() -> None:
    _, path = Model("younger", 1, 8).search()
    assert path[0] == "create 0: the request is lost"


@pytest.mark.parametrize("seed", range(24))
def test_the_engine_calls_once_along_a_path_of_the_model(ground: EmbeddedProject, seed: int) -> None:
    path = Model("probe", 2, 12).walk(seed)
    ground.write(PROJECT.replace("spec:\n", "spec:\n  settle: 3m\n", 1) + batch("b", ADA))
    ground.faults(*_faults_along(path))
    for _ in range(3):
        ran = ground.apply()
        assert ran.exit in (0, 1, 3), ran.text
        ground.advance(900)
        assert ground.calls()[ADA] <= 1, path
    ground.faults()
    for _ in range(2):
        assert ground.apply().exit == 0
        ground.advance(7_200)
    assert ground.calls() == {ADA: 1}, path


def _faults_along(path: list[str]) -> list[dict[str, Any]]:
    """What goes wrong along a path, as rules of the sandbox: each request's fate, and the longest lag of the list."""
    rules, tick, created, lag = [], 0, dict[str, int](), 0
    for place, what in enumerate(path):
        if what.startswith("tick "):
            tick = int(what.removeprefix("tick "))
        elif found := _REQUEST.match(what):
            number, fate = found.groups()
            created[number] = tick
            if fate:
                do = FATES.get(fate) or _arrival(path[place:], number, tick)
                rules.append(fault("createCallBatch", do, after=int(number)))
        elif what.startswith("the list shows batch "):
            lag = max(lag, tick - created.get(what.rsplit(" ", 1)[1], tick))
    return [*rules, fault("listCallBatches", {"lag": lag * TICK}, times=ALWAYS)]


def _arrival(path: list[str], number: str, sent: int) -> object:
    """The fate of a request that is still on its way: late, or lost where the path does not show it arrive."""
    if f"request {number} arrives" not in path:
        return "lost_request"
    before = path[: path.index(f"request {number} arrives")]
    ticks = [int(what.removeprefix("tick ")) for what in before if what.startswith("tick ")]
    return {"late": (max(ticks, default=sent) - sent) * TICK + 1}
