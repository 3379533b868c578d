"""What `status`, `results` and `report` look at: the selected addresses as their providers show them now."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from declarative.app.frequency import apply_frequency
from declarative.app.number_search import skip_batches
from declarative.app.session import Session
from declarative.engine.observe import observe
from declarative.errors import UsageError
from declarative.model.selection import Selection
from declarative.planning import released
from declarative.planning.decide import Reason, Standing
from declarative.planning.facts import Observation

NOTHING_KNOWN = (Reason.NOT_READ, Reason.NO_MEMORY, Reason.OTHER_LINEAGE)
"""Blocks under which nothing is known of people, not even that they were not called."""

PARTLY_KNOWN = (Reason.LOST, Reason.MEMBERS_UNREADABLE, Reason.LOCK_IS_OLDER, Reason.PROVIDER_CHANGED)
"""Blocks under which a person who was not found may be in what could not be read."""


def observe_selected(session: Session, selection: Selection, numbers: Collection[str] = ()) -> list[Observation]:
    """Observe the selected addresses. Batches that hold none of these `numbers` for sure are left out, where some are
    given. Raises UsageError for an address that is not known."""
    lock = session.lock()
    if numbers and lock is not None:
        lock = skip_batches(lock, session.desired, session.connections.capabilities, session.key, numbers)
    scope = session.scope(lock, everything=True)
    observations = {
        observation.facts.address: observation
        for observation in apply_frequency(
            scope, released.ListCheck(scope.desired, scope.lock).block_released(observe(scope))
        )
        if not _is_empty(observation)
    }
    known_addresses = ", ".join(observations) or "none"
    for target in selection.find_unmatched(observations):
        raise UsageError(f'nothing is known of "{target}"', hint=f"known: {known_addresses}")
    labels = {
        address: observation.facts.resource.labels if observation.facts.resource else {}
        for address, observation in observations.items()
    }
    chosen = selection.choose(labels)
    if selection and not chosen:
        raise UsageError(f"no resource matches {' and '.join(selection.labels)}", hint=f"known: {known_addresses}")
    return [observations[address] for address in chosen]


def is_unknown(observation: Observation) -> bool:
    """Whether nothing is known of the people of an address."""
    return observation.block is not None and observation.block.reason in NOTHING_KNOWN


def standing_word(observation: Observation) -> pl.Expr:
    """Make the word for each row's standing, as far as it is known: the names of Standing in lower case.

    Two more words: `cancelled` for people who were cancelled without us before they were called, `unknown` for people
    who may be in what could not be read.
    """
    standing_names = {int(value): value.name.lower() for value in Standing}
    word = pl.col("standing").replace_strict(standing_names, return_dtype=pl.String)
    is_cancelled = (pl.col("standing") == int(Standing.DIALED)) & (pl.col("attempts") == 0)
    word = pl.when(is_cancelled).then(pl.lit("cancelled")).otherwise(word)
    if observation.block is None or observation.block.reason not in PARTLY_KNOWN:
        return word
    return pl.when(pl.col("standing") == int(Standing.UNSUBMITTED)).then(pl.lit("unknown")).otherwise(word)


def _is_empty(observation: Observation) -> bool:
    """Whether the address is not wanted, was forgotten, and shows nothing at its provider."""
    facts = observation.facts
    return (
        facts.resource is None
        and facts.resource_record.is_forgotten
        and not facts.remotes
        and observation.block is None
    )
