"""The promise, searched exhaustively in a small model. test_model_replay.py replays its paths against the engine.

A deep search takes minutes: DIALCTL_MODEL_DEEP=1 pytest tests/protocol/test_model.py
"""

from __future__ import annotations

import os
from dataclasses import asdict

import pytest

from tests.protocol.model import Model
from tests.protocol.model_world import GUARD, Scope

SCOPES = (
    Scope(faults=1, horizon=10),
    Scope(faults=2, horizon=8),
    Scope(faults=1, moves=1, horizon=8),
    Scope(faults=1, retries=1, horizon=8),
    Scope(faults=2, copies=1, prompt=True, lag=1, horizon=12),
    Scope(moves=1, copies=1, prompt=True, lag=1, horizon=12),
    Scope(locks=2, prompt=True, horizon=12),
    Scope(locks=2, copies=1, prompt=True, lag=1, horizon=12),
    Scope(faults=1, key_life=GUARD, horizon=8),
    Scope(faults=1, copies=1, key_life=GUARD, prompt=True, lag=1, horizon=10),
)
DEEP = (
    Scope(faults=1, horizon=13),
    Scope(faults=2, horizon=11),
    Scope(faults=2, moves=1, horizon=8),
    Scope(faults=2, retries=1, horizon=9),
    Scope(faults=2, key_life=GUARD, horizon=9),
    Scope(faults=1, moves=1, retries=1, horizon=9),
)
SEARCHED = SCOPES + (DEEP if os.environ.get("DIALCTL_MODEL_DEEP") else ())


def _name(scope: Scope) -> str:
    defaults = asdict(Scope())
    return ", ".join(f"{name} {value}" for name, value in asdict(scope).items() if value != defaults[name])


@pytest.mark.parametrize("scope", SEARCHED, ids=_name)
def test_nobody_is_called_too_often_and_everybody_is_reached(scope: Scope) -> None:
    states, path = Model(scope).search()
    assert path == []
    assert states > 100


def test_a_time_that_passed_calls_twice() -> None:
    _, path = Model(Scope("time", faults=1)).search()
    assert path[0] == "create 0: the answer is lost"
    assert "create 1" in path


def test_a_lost_retry_that_is_sent_again_calls_once_too_often() -> None:
    model = Model(Scope("time", faults=1, retries=1, horizon=10, faulty=frozenset({"retry"})))
    _, path = model.search()
    lost, again = (what for what in path if what.startswith("retry") and not what.endswith("arrives"))
    assert (lost.partition(":")[0], again) == ("retry 1", "retry 2")


def test_a_cancel_that_is_believed_when_it_is_answered_calls_twice() -> None:
    model = Model(Scope("time", faults=1, moves=1, faulty=frozenset({"cancel"})))
    _, path = model.search()
    assert "batch 0 is cancelled by its id, which holds only later" in path


def test_without_a_list_probe_somebody_is_never_called() -> None:
    _, path = Model(Scope("younger", faults=1)).search()
    assert path[0] == "create 0: the request is lost"


def test_a_key_that_ends_before_the_start_calls_twice() -> None:
    _, path = Model(Scope(faults=1, key_life=GUARD - 1, short_keys=True, prompt=True, lag=1)).search()
    assert path[:2] == ["create 0: still on its way", "repeat 0"]


@pytest.mark.parametrize(
    ("scope", "what"),
    [
        (Scope(copies=1, prompt=True, lag=1, late_copies=True), "the copy of request 0 arrives"),
        (Scope(locks=2, faults=1, prompt=True, lag=1), "request 0 arrives"),
    ],
    ids=["a copy after the last look", "two locks, and a request that lands late"],
)
def test_what_is_known_to_remain(scope: Scope, what: str) -> None:
    """CONTRIBUTING.md names it. A search that finds nothing here says that the list there can be shortened."""
    _, path = Model(scope).search()
    assert what in path
