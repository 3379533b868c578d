"""People who may still be called although a cancel should have taken them off, and batches that never end. Pure.

A cancel that was answered is no proof: only a person who reads `cancelled` is known to be off. A word that nobody knows
proves nothing either way.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from declarative import humanize
from declarative.model.remote import Phase, Remote, is_over
from declarative.model.resource import Route
from declarative.planning import standing
from declarative.planning.decide import Reason, Verb
from declarative.planning.facts import Facts

_WHERE_ELSE = "stop it in the provider's own dashboard"


def describe_stuck(facts: Facts, stuck: pl.DataFrame) -> str:
    """Say who may still be called. `stuck` holds the rows of standing.decide_open() with the reason NOT_TAKEN_OFF."""
    who = humanize.plural(len(stuck), "person who must not be called", "people who must not be called")
    details = [_describe_remote(facts, facts.remotes[remote_id]) for remote_id in _stuck_ids(stuck)]
    return f"{who} may still be: {', '.join(details)}"


def hint_stuck(facts: Facts, stuck: pl.DataFrame) -> str:
    """Say what a user can do about them."""
    ways = [f"dialctl resolve {facts.address}#{remote_id} --placed" for remote_id in _stuck_ids(stuck)]
    return f"{_WHERE_ELSE}; once nobody there is called any more: {', '.join(ways)}"


def stuck_people(facts: Facts, block: Reason | None = None) -> pl.DataFrame:
    """Return the rows of standing.decide_open() of people who should be off and are not known to be."""
    if not any(remote.has_phase(Phase.QUEUED, Phase.UNKNOWN) for remote in facts.remotes.values()):
        return pl.DataFrame()
    people, _ = standing.decide_open(facts, block)
    return select_stuck(people)


def select_stuck(people: pl.DataFrame) -> pl.DataFrame:
    """Select the rows of standing.decide_open() of people who should be off and are not known to be; their `verb` and
    `reason` say so.

    A person whose batch took a cancel and shows them as queued all the same is among them, and is cancelled once more.
    """
    is_stuck = (pl.col("reason") == Reason.NOT_TAKEN_OFF) | ((pl.col("verb") == Verb.CANCEL) & pl.col("stuck"))
    words = pl.lit(str(Verb.BLOCK)).alias("verb"), pl.lit(str(Reason.NOT_TAKEN_OFF)).alias("reason")
    return people.filter(is_stuck).with_columns(*words)


def endless_notices(facts: Facts) -> Iterator[str]:
    """Yield a sentence for each batch of ours in which nothing goes on, and which never counts as over all the same."""
    for remote in facts.remotes.values():
        if remote.route is not Route.BATCH or remote.id in facts.also or is_over(remote):
            continue
        going_on = (Phase.IN_FLIGHT,) if remote.cancelled else (Phase.IN_FLIGHT, Phase.QUEUED)
        if remote.members is None or remote.has_phase(*going_on):
            continue
        count = len(remote.members.filter(pl.col("phase").is_in([Phase.UNKNOWN, Phase.QUEUED])))
        if count:
            who = humanize.plural(count, "person of it reads", "people of it read")
            word = "queued" if remote.has_phase(Phase.QUEUED) else "a word that dialctl does not know"
            yield (
                f"{remote.id} never counts as over: {who} {word}; once nobody there is called any more: "
                f"dialctl resolve {facts.address}#{remote.id} --placed"
            )


def _stuck_ids(stuck: pl.DataFrame) -> list[str]:
    return stuck.get_column("stuck_in").explode().drop_nulls().unique().sort().to_list()


def _describe_remote(facts: Facts, remote: Remote) -> str:
    if remote.has_phase(Phase.QUEUED):
        remote_record = facts.resource_record.remotes.get(remote.id)
        is_left_alone = remote_record is not None and remote_record.cancel is None and not remote.cancelled
        asked = "was asked to take them off" if is_left_alone else "was cancelled"
        return f"{remote.id} {asked} and still shows them as queued"
    return f"{remote.id} shows them by a word that dialctl does not know"
