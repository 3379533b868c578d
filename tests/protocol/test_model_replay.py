"""Paths of the model (model.py), replayed against the engine: the fate of each request, the longest lag of the list, an
edit, a second lock. Keys are left out: no type built in has one yet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.protocol.embedded_project import EmbeddedProject, resolve_like_a_person
from tests.protocol.model import Model
from tests.protocol.model_world import Scope
from tests.protocol.test_rounds import ADA, ALWAYS, BOB, PROJECT, SILENT, batch, fault

TICK = 60
SEEDS = 500
"""Random walks that are looked at for a path."""
HEAD = PROJECT.replace("spec:\n", "spec:\n  settle: 3m\n", 1)
OTHER = batch("other", BOB)
"""Somebody else of the project, so that there is a lock to copy before anything of the path is sent."""
OPERATIONS = {"create": "createCallBatch", "probe": "createCallBatch", "retry": "retryCallBatch"}
FATES = {"the answer is lost": "lost_answer", "the request is lost": "lost_request"}
TWICE, HELD_LATER = "it is sent twice on its way", "which holds only later"
_REQUEST = re.compile(r"(create|probe|retry) (\d+)(?:: (.*))?$")


def faults_along(path: list[str]) -> list[dict[str, Any]]:
    """What goes wrong along a path, as rules of the sandbox: each request's fate, and the longest lag of the list."""
    rules, tick, created, lag, sent = list[dict[str, Any]](), 0, list[int](), 0, dict.fromkeys(OPERATIONS.values(), 0)
    for place, what in enumerate(path):
        if what.startswith("tick "):
            tick = int(what.removeprefix("tick "))
        elif found := _REQUEST.match(what):
            kind, number, fate = found.groups()
            operation = OPERATIONS[kind]
            created += [tick] if kind != "retry" else []
            if fate:
                rules.append(fault(operation, _effect(fate, path[place:], number, tick), after=sent[operation]))
            sent[operation] += 1
        elif what.endswith(HELD_LATER):
            rules.append(fault("cancelCallBatch", {"effect_after": 2 * TICK}))
        elif what.startswith("the list shows batch "):
            shown = int(what.rsplit(" ", 1)[1])
            lag = max(lag, tick - created[shown] if shown < len(created) else 0)
    return [*rules, fault("listCallBatches", {"lag": lag * TICK}, times=ALWAYS)]


def _effect(fate: str, path: list[str], number: str, sent: int) -> object:
    """The sandbox's effect for the fate of one request; a request that never arrives is lost."""
    if fate in FATES:
        return FATES[fate]
    arrival = f"the copy of request {number} arrives" if fate == TWICE else f"request {number} arrives"
    arrivals = [place for place, what in enumerate(path) if what in (arrival, f"retry {number} arrives")]
    if not arrivals:
        return {"copy": 10_000} if fate == TWICE else "lost_request"
    ticks = [int(what.removeprefix("tick ")) for what in path[: arrivals[0]] if what.startswith("tick ")]
    return {"copy" if fate == TWICE else "late": (max(ticks, default=sent) - sent) * TICK + 1}


def find_paths(scope: Scope, word: str, most: int) -> list[list[str]]:
    """The first random paths in which `word` happens, no two of which are alike for the engine; fewer than `most` where
    the first SEEDS walks have no more."""
    paths: dict[str, list[str]] = {}
    for seed in range(SEEDS):
        path = Model(scope).walk(seed)
        if any(word in what for what in path):
            paths.setdefault(repr(faults_along(path)), path)
        if len(paths) == most:
            break
    assert paths, f"no walk in which {word!r} happens"
    return list(paths.values())


def at(scope: Scope, word: str, most: int) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", find_paths(scope, word, most))


@at(Scope(faults=2, horizon=12), ": ", 14)
def test_whatever_a_create_and_a_list_probe_meet(ground: EmbeddedProject, path: list[str]) -> None:
    ground.write(HEAD + batch("b", ADA))
    ground.faults(*faults_along(path))
    for _ in range(3):
        apply_and_wait(ground, {ADA: 1}, path)
    come_to_rest(ground, {ADA: 1}, path)


@at(Scope(faults=1, copies=1, prompt=True, lag=1, horizon=12), "the copy of request 0", 2)
def test_a_create_that_is_delivered_twice(ground: EmbeddedProject, path: list[str]) -> None:
    ground.write(HEAD + batch("b", ADA))
    ground.faults(*faults_along(path))
    for _ in range(2):
        apply_and_wait(ground, {ADA: 1}, path, "--wait")
    come_to_rest(ground, {ADA: 1}, path)


@at(Scope(faults=1, moves=1, horizon=9, faulty=frozenset({"create", "cancel"})), "the settings change", 5)
def test_settings_that_change_while_the_person_waits(ground: EmbeddedProject, path: list[str]) -> None:
    ground.write(HEAD + batch("b", ADA))
    ground.faults(*faults_along(path))
    apply_and_wait(ground, {ADA: 1}, path, seconds=30)
    ground.write(HEAD + batch("b", ADA, spec="  agent_id: agent_B\n"))
    for _ in range(2):
        apply_and_wait(ground, {ADA: 1}, path)
    come_to_rest(ground, {ADA: 1}, path)


@at(Scope(faults=1, retries=1, horizon=9, faulty=frozenset({"retry"})), "retry 1: ", 4)
def test_a_lost_retry(ground: EmbeddedProject, path: list[str]) -> None:
    ground.write(HEAD + batch("b", SILENT, spec="  retry: {max_retries: 1, on: [dial_no_answer]}\n"))
    apply_and_wait(ground, {SILENT: 1}, path)
    ground.faults(*faults_along(path))
    for _ in range(2):
        apply_and_wait(ground, {SILENT: 2}, path)
    resolve_like_a_person(ground)
    come_to_rest(ground, {SILENT: 2}, path)


@at(Scope(locks=2, prompt=True, horizon=12), "run 1 begins", 5)
def test_a_second_lock(ground: EmbeddedProject, path: list[str]) -> None:
    ground.write(HEAD + OTHER)
    apply_and_wait(ground, {}, path)
    other_lock = dict(ground.lock_files())
    ground.write(HEAD + OTHER + batch("b", ADA))
    ground.faults(*faults_along(path))
    for _ in range(2):
        apply_and_wait(ground, {ADA: 1}, path, seconds=30)
        with lock_replaced(ground, other_lock):
            apply_and_wait(ground, {ADA: 1}, path)
    assert ground.calls()[ADA] <= 1, path


def apply_and_wait(
    ground: EmbeddedProject, most: Mapping[str, int], path: list[str], *arguments: str, seconds: int = 900
) -> None:
    ran = ground.apply(*arguments)
    assert ran.exit in (0, 1, 3), ran.text
    ground.advance(seconds)
    assert all(ground.calls()[number] <= times for number, times in most.items()), path


def come_to_rest(ground: EmbeddedProject, called: Mapping[str, int], path: list[str]) -> None:
    ground.faults()
    for _ in range(2):
        ran = ground.apply()
        ground.advance(7_200)
    assert ran.exit == 0, (ran.text, path)
    assert ground.calls() == called, path


@contextmanager
def lock_replaced(ground: EmbeddedProject, other_lock: dict[str, bytes]) -> Iterator[None]:
    """A run with another copy of the lock, which it keeps."""
    home, own_lock = ground.directory / ".dialctl" / "sandbox", dict(ground.lock_files())
    _put(home, own_lock, other_lock)
    yield
    kept = dict(ground.lock_files())
    _put(home, kept, own_lock)
    other_lock.clear()
    other_lock.update(kept)


def _put(home: Path, old: Mapping[str, bytes], new: Mapping[str, bytes]) -> None:
    for name in old:
        (home / name).unlink()
    for name, content in new.items():
        (home / name).write_bytes(content)
