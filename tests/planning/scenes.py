"""Scenes drawn by hypothesis, and the case that a scene is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import polars as pl
from hypothesis import strategies as st

from declarative.memory import Cancel, Record, RemoteRecord, Request
from declarative.model import Retry
from declarative.planning.case import Case
from declarative.planning.decide import Timing
from declarative.remote import Phase, Remote
from tests.planning import cases
from tests.planning.plain import Drawn, Scene

WORDS = ("dial_no_answer", "dial_failed")
_phases = st.dictionaries(st.sampled_from("abc"), st.sampled_from(Phase), min_size=1, max_size=3)
_draws = st.builds(
    Drawn,
    id=st.just(""),
    phases=_phases,
    word=st.sampled_from(WORDS),
    attempt=st.integers(1, 3),
    retries=st.sampled_from((0, 0, 1, 2)),
    cancelled=st.booleans(),
    by_us=st.booleans(),
    also=st.sampled_from((False, False, True)),
    old_settings=st.booleans(),
    doubtful_retry=st.sampled_from((False, False, False, True)),
    counted_out=st.booleans(),
    hours=st.integers(0, 5),
)
_UNMARKED: dict[str, Any] = {"attempt": 1, "by_us": False, "old_settings": False, "doubtful_retry": False}


def _named(drawn: list[Drawn]) -> tuple[Drawn, ...]:
    """With ids of their own; and what is under `also` has neither mark nor record."""
    return tuple(replace(one, id=f"b{place}", **(_UNMARKED if one.also else {})) for place, one in enumerate(drawn))


_batches = st.lists(_draws, max_size=3).map(_named)
_retries = st.builds(
    Retry,
    max_retries=st.integers(0, 3),
    on=st.sets(st.sampled_from((*WORDS, "pre_dial"))).map(frozenset),
    after=st.sampled_from((timedelta(), timedelta(hours=3))),
)
scenes = st.builds(
    Scene,
    batches=_batches,
    wanted=st.none() | st.sets(st.sampled_from("abcd")).map(frozenset),
    paused=st.sampled_from((False, False, True)),
    retry=st.none() | _retries,
    timing=st.sampled_from((Timing.NOW, Timing.NOW, *Timing)),
    lost_batch=st.sampled_from((False, False, True)),
)


def case_of(scene: Scene) -> Case:
    """The same facts as frames, records and intents. Nobody's data differ."""
    remotes = [_remote(drawn) for drawn in scene.batches]
    ours = {one.id: _record(one) for one in scene.batches if not one.also}
    doubted = [
        cases.intent(mark=f"retry {one.id}", request=Request.RETRY, remote=one.id)
        for one in scene.batches
        if one.doubtful_retry
    ]
    lost = [cases.intent(mark="lost")] if scene.lost_batch else []
    wanted = None
    if scene.wanted is not None:
        wanted = cases.resource("".join(sorted(scene.wanted)), paused=scene.paused, retry=scene.retry)
    return cases.case(
        *remotes,
        wanted=wanted,
        record=Record(generation=3, remotes=ours, intents=cases.open_intents(*doubted, *lost)),
        also=frozenset(one.id for one in scene.batches if one.also),
        timing=scene.timing,
    )


def _remote(drawn: Drawn) -> Remote:
    frame = cases.members(**drawn.phases)
    unreached = pl.col("phase") == Phase.UNREACHED
    live = sum(phase in (Phase.QUEUED, Phase.IN_FLIGHT, Phase.UNKNOWN) for phase in drawn.phases.values())
    return cases.batch(
        drawn.id,
        frame.with_columns(pl.when(unreached).then(pl.lit(drawn.word)).otherwise("outcome").alias("outcome")),
        mark=None if drawn.also else cases.a_mark(attempt=drawn.attempt),
        cancelled=drawn.cancelled,
        finished=len(frame) if drawn.counted_out else min(len(frame) - 1, len(frame) - live),
        retry_count=drawn.retries,
        last_updated_at=(cases.NOON - timedelta(hours=drawn.hours)).isoformat(),
    )


def _record(drawn: Drawn) -> RemoteRecord:
    return cases.remembered(
        attempt=drawn.attempt,
        cancel=Cancel.DONE if drawn.by_us else None,
        settings="old" if drawn.old_settings else cases.digest(),
        mark=str(cases.a_mark(attempt=drawn.attempt)),
    )
