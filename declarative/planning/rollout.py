"""Progressive rollout: a campaign begins with a few people, and goes on once their calls are over. Pure.

A step bounds how many people were ever submitted. Nothing is remembered between runs but what the provider shows: how
many people were submitted, and whether all of their calls are over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from declarative import humanize
from declarative.model.lock import Ended
from declarative.model.policy import Rollout
from declarative.model.remote import parse_timestamp
from declarative.planning.columns import PERSON, FactColumns, stack
from declarative.planning.decide import Reason, Standing, Verb
from declarative.planning.facts import Facts


@dataclass(frozen=True)
class RolloutStep:
    """Where a rollout stands."""

    number: int
    """The step that people are submitted for, or wait for; from 1."""
    count: int
    """How many steps there are."""
    room: int | None
    """How many people more it admits now. None: everyone."""
    submitted: int
    """People who were ever submitted: called, waiting, turned away or unsure."""
    over: int
    """Those of them whose calls are over."""
    opens_at: datetime | None = None
    """When the step opens, where only its pause is left. None: it is open, or calls are not over."""

    @property
    def waits_for(self) -> str:
        """What the people of later steps wait for, in words."""
        if self.room:
            first = humanize.plural(self.submitted + self.room, "person comes", "people come")
            return f"step {self.number + 1} of {self.count}: {first} first"
        return f"step {self.number} of {self.count}: {self.over:,} of {self.submitted:,} are over"


def find_step(facts: Facts, rollout: Rollout, people: pl.DataFrame, finished_count: int, total: int) -> RolloutStep:
    """Return the step that a rollout is in. `people` are rows with `standing`, `queued` and `going_on`, without the
    finished people; `total` is how many people are wanted."""
    submitted = people.filter(pl.col("standing") != int(Standing.UNSUBMITTED))
    going_on = len(submitted.filter(pl.col("queued") | pl.col("going_on")))
    submitted_count = len(submitted) + finished_count
    over = submitted_count - going_on
    limits = rollout.limits(total)
    admitted = sum(limit <= submitted_count for limit in limits)
    number, count = admitted + 1, len(limits) + 1
    room = limits[admitted] - submitted_count if admitted < len(limits) else None
    if admitted == 0 or not submitted_count:
        return RolloutStep(number, count, room, submitted_count, over)
    opens_at = _find_opening(facts, rollout)
    if going_on or opens_at > facts.now:
        return RolloutStep(number, count, 0, submitted_count, over, None if going_on else opens_at)
    return RolloutStep(number, count, room, submitted_count, over)


def hold_for_rollout(
    columns: FactColumns, people: pl.DataFrame, finished: Sequence[Ended], moving: pl.Series | None = None
) -> pl.DataFrame:
    """Let people wait who belong to a later step. `finished` counts, by address, the people who are not among `people`.

    `moving` are numbers of people whose batch was cancelled a moment ago, and who are submitted again: a step admitted
    them already. People who were submitted before are never held: those who move, or are called again.
    """
    rolled_out = columns.select(lambda facts: facts.is_desired and facts.resource and facts.resource.rollout)
    held = [
        (place, _find_held(facts, people.filter(address=place), finished[place].people, moving))
        for place, facts in rolled_out
    ]
    held_people = stack(held, {"number": pl.String}).select(*PERSON, pl.lit(True).alias("held"))
    if held_people.is_empty():
        return people
    is_held = pl.col("held") & (pl.col("verb") == Verb.CREATE)
    return (
        people.join(held_people, on=PERSON, how="left", maintain_order="left")
        .with_columns(
            pl.when(is_held).then(pl.lit(str(Verb.WAIT))).otherwise("verb").alias("verb"),
            pl.when(is_held).then(pl.lit(str(Reason.ROLLOUT))).otherwise("reason").alias("reason"),
        )
        .drop("held")
    )


def _find_held(facts: Facts, people: pl.DataFrame, finished_count: int, moving: pl.Series | None) -> pl.DataFrame:
    """Return the `number`s of the people of one address who are new and belong to a later step. A step takes people in
    the order of the manifest, passing over those who may not be called now."""
    assert facts.resource is not None  # only a wanted resource has steps
    assert facts.resource.rollout is not None
    step = find_step(facts, facts.resource.rollout, people, finished_count, facts.resource.recipients.count)
    is_new = (pl.col("verb") == Verb.CREATE) & (pl.col("standing") == int(Standing.UNSUBMITTED))
    if moving is not None:
        is_new &= ~pl.col("number").is_in(moving.implode())
    if step.room is None:
        return people.clear()
    order = facts.resource.recipients.rows.select("number").with_row_index("order")
    return people.filter(is_new).select("number").join(order, on="number").sort("order").slice(step.room)


def _find_opening(facts: Facts, rollout: Rollout) -> datetime:
    """When the next step may open, once all calls of the step before it are over: its pause after the last ending."""
    # The provider gives no time of an ending by person. The last change of a batch is never earlier, and where that is
    # not known, now is the latest that it can have been.
    endings = [
        parse_timestamp(remote.last_updated_at) or facts.now
        for remote in facts.remotes.values()
        if remote.id not in facts.also
    ]
    return max(endings, default=facts.now) + rollout.pause
