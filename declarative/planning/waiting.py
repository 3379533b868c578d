"""Until when people wait, and for what. Pure."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from declarative.planning.decide import Reason
from declarative.planning.facts import Facts
from declarative.planning.frequency import find_free_time
from declarative.planning.rollout import RolloutStep, find_step


def find_next_call(facts: Facts, group: pl.DataFrame, people: pl.DataFrame, finished_count: int) -> datetime | None:
    """Return when the first of a group who wait may be called, as far as that is known. `people` are those of the
    address who are not finished."""
    reasons, moments = set(group.get_column("reason")), []
    if Reason.RETRY_AFTER in reasons:
        moments.append(group.filter(reason=Reason.RETRY_AFTER).get_column("free_at").min())
    if Reason.ROLLOUT in reasons:
        moments.append(_rollout_step(facts, people, finished_count).opens_at)
    if Reason.FREQUENCY in reasons:
        moments.append(find_free_time(facts, group))
    if facts.approved and reasons - {Reason.RETRY_AFTER, Reason.ROLLOUT, Reason.FREQUENCY}:
        moments.append(facts.opens_at)
    return min((moment for moment in moments if isinstance(moment, datetime)), default=None)


def describe_wait(facts: Facts, group: pl.DataFrame, people: pl.DataFrame, finished_count: int) -> str:
    """Say what people wait for, where their reasons alone do not tell."""
    waits_for_step = (group.get_column("reason") == Reason.ROLLOUT).any()
    return _rollout_step(facts, people, finished_count).waits_for if waits_for_step else ""


def _rollout_step(facts: Facts, people: pl.DataFrame, finished_count: int) -> RolloutStep:
    assert facts.resource is not None  # only a wanted person waits for a step
    assert facts.resource.rollout is not None
    return find_step(facts, facts.resource.rollout, people, finished_count, facts.resource.recipients.count)
