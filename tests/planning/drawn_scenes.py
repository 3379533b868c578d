"""Scenes drawn by hypothesis, and the facts that a scene stands for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import polars as pl
from hypothesis import strategies as st

from declarative.model.lock import CancelProgress, RemoteRecord, RequestKind, ResourceRecord
from declarative.model.policy import Retry
from declarative.model.remote import Phase, Remote
from declarative.planning.decide import Timing
from declarative.planning.facts import Facts
from tests.planning import facts_fixture
from tests.planning.people_oracle import Drawn, Scene

WORDS = ("dial_no_answer", "dial_failed")
_often = st.sampled_from((Phase.UNREACHED, Phase.UNREACHED, Phase.QUEUED, *Phase))
_phases = st.dictionaries(st.sampled_from("abc"), _often, min_size=1, max_size=3)
_seldom = st.sampled_from((False, False, False, True))
_wild = st.builds(
    Drawn,
    id=st.just(""),
    phases=_phases,
    word=st.sampled_from(WORDS),
    attempt=st.sampled_from((1, 1, 2, 3)),
    retries=st.sampled_from((0, 0, 0, 1, 2)),
    cancelled=_seldom,
    by_us=st.booleans(),
    also=_seldom,
    old_settings=st.booleans(),
    doubtful_retry=_seldom,
    counted_out=st.sampled_from((True, True, False)),
    hours=st.integers(0, 5),
)
_UNMARKED: dict[str, Any] = {"attempt": 1, "by_us": False, "old_settings": False, "doubtful_retry": False}
_calm = st.builds(
    Drawn,
    id=st.just(""),
    phases=_phases,
    word=st.sampled_from(WORDS),
    old_settings=st.booleans(),
    counted_out=st.booleans(),
    hours=st.integers(0, 5),
)


def _named(drawn: list[Drawn]) -> tuple[Drawn, ...]:
    """With ids of their own; and what is under `also` has neither mark nor record."""
    return tuple(replace(one, id=f"b{place}", **(_UNMARKED if one.also else {})) for place, one in enumerate(drawn))


_retries = st.builds(
    Retry,
    max_retries=st.sampled_from((1, 2, 3, 0)),
    on=st.sampled_from((*(frozenset({word}) for word in WORDS), frozenset(WORDS), frozenset({*WORDS, "pre_dial"}))),
    after=st.sampled_from((timedelta(), timedelta(), timedelta(hours=3))),
)
_anything = st.builds(
    Scene,
    batches=st.lists(_wild, max_size=3).map(_named),
    wanted=st.sampled_from((frozenset("abcd"), frozenset("abc"), frozenset("ad"), frozenset(), None)),
    paused=_seldom,
    retry=st.none() | _retries | _retries,
    timing=st.sampled_from((Timing.NOW, Timing.NOW, Timing.NOW, *Timing)),
    lost_batch=_seldom,
)
_every_day = st.builds(
    Scene,
    batches=st.lists(_calm, min_size=1, max_size=2).map(_named),
    wanted=st.sampled_from((frozenset("abcd"), frozenset("ab"))),
    retry=_retries,
)
scenes = _anything | _every_day
"""Much at once, and what is met every day: drawn from the first alone, hardly anybody would be due for anything."""


def facts_of(scene: Scene) -> Facts:
    """The same facts as frames, records and intents. Nobody's data differ."""
    remotes = [_remote(drawn) for drawn in scene.batches]
    ours = {one.id: _record(one) for one in scene.batches if not one.also}
    doubted = [
        facts_fixture.intent(mark=f"retry {one.id}", request=RequestKind.RETRY, remote=one.id)
        for one in scene.batches
        if one.doubtful_retry
    ]
    lost = [facts_fixture.intent(mark="lost")] if scene.lost_batch else []
    wanted = None
    if scene.wanted is not None:
        wanted = facts_fixture.resource("".join(sorted(scene.wanted)), paused=scene.paused, retry=scene.retry)
    return facts_fixture.make_facts(
        *remotes,
        wanted=wanted,
        record=ResourceRecord(generation=3, remotes=ours, intents=facts_fixture.open_intents(*doubted, *lost)),
        also=frozenset(one.id for one in scene.batches if one.also),
        timing=scene.timing,
    )


def _remote(drawn: Drawn) -> Remote:
    frame = facts_fixture.members(**drawn.phases)
    unreached = pl.col("phase") == Phase.UNREACHED
    live = sum(phase in (Phase.QUEUED, Phase.IN_FLIGHT, Phase.UNKNOWN) for phase in drawn.phases.values())
    return facts_fixture.batch(
        drawn.id,
        frame.with_columns(pl.when(unreached).then(pl.lit(drawn.word)).otherwise("outcome").alias("outcome")),
        mark=None if drawn.also else facts_fixture.a_mark(attempt=drawn.attempt),
        cancelled=drawn.cancelled,
        finished=len(frame) if drawn.counted_out else min(len(frame) - 1, len(frame) - live),
        retry_count=drawn.retries,
        last_updated_at=(facts_fixture.NOON - timedelta(hours=drawn.hours)).isoformat(),
    )


def _record(drawn: Drawn) -> RemoteRecord:
    return facts_fixture.remembered(
        attempt=drawn.attempt,
        cancel=CancelProgress.DONE if drawn.by_us else None,
        settings="old" if drawn.old_settings else facts_fixture.digest(),
        mark=str(facts_fixture.a_mark(attempt=drawn.attempt)),
    )
