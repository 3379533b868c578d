"""`dialctl status` and `results`: where people stand, and the outcome of their calls. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from declarative.app.session import Session
from declarative.engine.observe import observe
from declarative.errors import UsageError
from declarative.model.lock import Intent
from declarative.model.remote import Phase, Remote
from declarative.model.selection import Selection
from declarative.planning import notices, standing
from declarative.planning.decide import Reason, Standing, Timing
from declarative.planning.facts import Block, Observation
from declarative.planning.plan import count_values
from declarative.planning.stuck import describe_stuck, endless_notices, hint_stuck, stuck_people

NOTHING_KNOWN = (Reason.NOT_READ, Reason.NO_MEMORY, Reason.OTHER_LINEAGE)
"""Blocks under which nothing is known of people, not even that they were not called."""

PARTLY_KNOWN = (Reason.LOST, Reason.MEMBERS_UNREADABLE, Reason.LOCK_IS_OLDER, Reason.PROVIDER_CHANGED)
"""Blocks under which a person who was not found may be in what could not be read."""


@dataclass(frozen=True, kw_only=True)
class AddressStatus:
    """Where the people of one address stand."""

    address: str
    """The resource."""
    people: int
    """How many people it has or had."""
    standing: Mapping[str, int] = field(default_factory=dict)
    """People by the names of Standing in lower case. Two more words: `cancelled` for people who were cancelled without
    us before they were called, `unknown` for people who may be in what could not be read."""
    outcomes: Mapping[str, int] = field(default_factory=dict)
    """People whose call is over, by its outcome in the provider's own word."""
    in_flight: int = 0
    """People who are being called now."""
    remote_ids: tuple[str, ...] = ()
    """Its batches and calls at the provider."""
    unsure: tuple[Intent, ...] = ()
    """Requests that may or may not have arrived."""
    is_wanted: bool = True
    """Whether anybody is to be called here. Whoever is unsure and not wanted any more needs no decision."""
    candidates: tuple[Remote, ...] = ()
    """Calls without a mark that one of those requests may have created. A person has to compare them."""
    unseen: int = 0
    """People that a rebuilt lock did not find, and that no list proves uncalled."""
    unnamed: int = 0
    """People in batches that were declared placed while their manifest was gone: any who are wanted may be among
    them."""
    not_taken_off: int = 0
    """People who must not be called, and who may still be."""
    warnings: tuple[str, ...] = ()
    """Sentences about people who may still be called, and about doubts that an apply in time can still remove."""
    block: Block | None = None
    """Why the whole address is blocked; None if it is not."""


def read_status(session: Session, selection: Selection) -> list[AddressStatus]:
    """The status of the selected addresses. Raises UsageError for an address that is not known."""
    return [_summarize(observation) for observation in _observe_addresses(session, selection)]


def read_results(session: Session, selection: Selection) -> tuple[pl.DataFrame, list[tuple[str, Block]]]:
    """One row for each person, and the addresses of which nothing is known, each with its block.

    Columns: `address`, `number`, `standing` (as in AddressStatus), `outcome`, `attempts` (null if the exact count is
    not known), `attempts_at_most`, `call_id`, `data`, `note`, `error`. The `number` of a Call is the one that was
    called or waits, even if the manifest has another one by now; empty if it is not known. Raises UsageError for an
    address that is not known.
    """
    observations = _observe_addresses(session, selection)
    unknown_addresses = [
        (observation.facts.address, observation.block)
        for observation in observations
        if observation.block is not None and observation.block.reason in NOTHING_KNOWN
    ]
    frames = [
        _result_rows(observation)
        for observation in observations
        if observation.block is None or observation.block.reason not in NOTHING_KNOWN
    ]
    return pl.concat([_empty_results(), *frames]), unknown_addresses


def _observe_addresses(session: Session, selection: Selection) -> list[Observation]:
    observations = {
        observation.facts.address: observation
        for observation in observe(session.scope(session.lock(), everything=True))
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


def _is_empty(observation: Observation) -> bool:
    """Whether the address is not wanted, was forgotten, and shows nothing at its provider."""
    facts = observation.facts
    return (
        facts.resource is None
        and facts.resource_record.is_forgotten
        and not facts.remotes
        and observation.block is None
    )


def _summarize(observation: Observation) -> AddressStatus:
    if observation.block is not None and observation.block.reason in NOTHING_KNOWN:
        resource = observation.facts.resource
        count = resource.recipients.count if resource else observation.facts.resource_record.count
        return AddressStatus(address=observation.facts.address, people=count, block=observation.block)
    people = standing.decide_all(observation.facts).with_columns(_standing_word(observation).alias("word"))
    dialed = people.filter(word="dialed")
    facts = observation.facts
    stuck = stuck_people(facts)
    stuck_warnings = [f"{describe_stuck(facts, stuck)}; {hint_stuck(facts, stuck)}"] if len(stuck) else []
    return AddressStatus(
        address=observation.facts.address,
        people=len(people) or observation.facts.resource_record.count,  # a tombstone whose provider is gone has no rows
        standing=count_values(people.get_column("word")),
        outcomes=count_values(dialed.filter(pl.col("phase") != Phase.IN_FLIGHT).get_column("outcome")),
        in_flight=len(people.filter(phase=Phase.IN_FLIGHT)),
        remote_ids=tuple(observation.facts.remotes),
        unsure=tuple(observation.facts.open_intents()),
        is_wanted=facts.is_desired and facts.timing is not Timing.EXPIRED,
        candidates=observation.candidates,
        unseen=len(observation.facts.resource_record.unseen),
        unnamed=sum(remote_record.count for remote_record in facts.unnamed_batches().values()),
        not_taken_off=len(stuck),
        warnings=(*stuck_warnings, *notices.doubt_notices(facts), *endless_notices(facts)),
        block=observation.block,
    )


def _standing_word(observation: Observation) -> pl.Expr:
    """The word for each row's standing, as far as it is known."""
    standing_names = {int(value): value.name.lower() for value in Standing}
    standing_word = pl.col("standing").replace_strict(standing_names, return_dtype=pl.String)
    is_cancelled = (pl.col("standing") == int(Standing.DIALED)) & (pl.col("attempts") == 0)
    standing_word = pl.when(is_cancelled).then(pl.lit("cancelled")).otherwise(standing_word)
    if observation.block is None or observation.block.reason not in PARTLY_KNOWN:
        return standing_word
    return pl.when(pl.col("standing") == int(Standing.UNSUBMITTED)).then(pl.lit("unknown")).otherwise(standing_word)


_INTEGER_COLUMNS = ("attempts", "attempts_at_most")


def _empty_results() -> pl.DataFrame:
    columns = ("address", "number", "standing", "outcome", *_INTEGER_COLUMNS, "call_id", "data", "note", "error")
    return pl.DataFrame(schema={name: pl.Int64 if name in _INTEGER_COLUMNS else pl.String for name in columns})


def _result_rows(observation: Observation) -> pl.DataFrame:
    may_be_more = pl.col("standing") == int(Standing.UNSURE)
    at_most = pl.when(~may_be_more).then("attempts").cast(pl.Int64)
    return standing.results_frame(observation.facts).select(
        pl.lit(observation.facts.address).alias("address"),
        pl.coalesce("called_as", "number").alias("number"),
        _standing_word(observation).alias("standing"),
        pl.coalesce("outcome", pl.when(pl.col("phase") == Phase.IN_FLIGHT).then(pl.lit("in_flight"))).alias("outcome"),
        pl.when(~pl.col("fewer").fill_null(False)).then(at_most).alias("attempts"),
        at_most.alias("attempts_at_most"),
        "call_id",
        "data",
        "note",
        "error",
    )
