"""`dialctl results`: one row for each person, with what came of their calls. Changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from declarative.app.call_details import CallDetails
from declarative.app.call_evidence import EVIDENCE_SCHEMA, add_evidence
from declarative.app.costs import SpentCost, add_costs, measure_cost
from declarative.app.people_counts import call_state
from declarative.app.selected_observations import is_unknown, observe_selected, standing_word
from declarative.app.session import Session
from declarative.errors import ProviderError, UsageError
from declarative.model.numbers import normalize_numbers
from declarative.model.price import Price
from declarative.model.remote import Phase
from declarative.model.selection import Selection
from declarative.planning.decide import Reason, Standing, Verb
from declarative.planning.facts import Block, Observation
from declarative.planning.person_details import results_frame

_NOT_REACHED = ("not_reached", "called_again")
"""Of `call_state`: people whose last call is over and who took none."""
_TIME = pl.Datetime("us", "UTC")
RESULT_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "address": pl.String,
    "number": pl.String,
    "standing": pl.String,
    "outcome": pl.String,
    "reached": pl.Boolean,
    "attempts": pl.Int64,
    "attempts_at_most": pl.Int64,
    "called_at": _TIME,
    "duration_seconds": pl.Int64,
    "call_id": pl.String,
    "error": pl.String,
    **EVIDENCE_SCHEMA,
    "data": pl.String,
    "note": pl.String,
    "is_due": pl.Boolean,
}
"""Columns of the results, one row for each person.

- `number`: of a Call the one that was called or waits, even if the manifest has another one by now; empty where it is
  not known.
- `standing`: a word of `standing_word`.
- `outcome`: the provider's word for their last call, or `in_flight`.
- `reached`: null for people who were not called, whose call goes on, or of whom no outcome is known.
- `attempts`: null where the exact count is not known.
- `called_at`, `duration_seconds`: of their last call; null where the provider tells them with the call alone, and it
  was not asked. A call that nobody took has no duration.
- EVIDENCE_SCHEMA: under what they were submitted last.
- `data`: their own data in the manifest, a JSON object of the provider's personal fields.
- `note`: what the provider told of their last call, a JSON object.
- `is_due`: they wait to be called again, or will be called again by their own resource. It is not shown.
"""


@dataclass(frozen=True)
class Results:
    """The people of the selected addresses, and what could not be read."""

    frame: pl.DataFrame
    """Columns as RESULT_SCHEMA."""
    unknown_addresses: Sequence[tuple[str, Block]] = ()
    """Addresses of which nothing is known, each with its block."""
    unread_count: int = 0
    """Calls whose details were asked for and could not be read."""
    costs: Sequence[SpentCost] = ()
    """What the calls of all of them cost, one for each currency; empty without a price."""


def read_results(
    session: Session, selection: Selection, *, details: bool = False, numbers: Sequence[str] = ()
) -> Results:
    """Read one row for each person. `details` asks for each ended call that does not tell its time yet. Where `numbers`
    are given, batches that hold none of them for sure are not read, and these people alone are asked for.

    Raises UsageError for an address that is not known.
    """
    known: list[Observation] = []
    unknown_addresses: list[tuple[str, Block]] = []
    for observation in observe_selected(session, selection, numbers=normalize_all(numbers)):
        block = observation.block if is_unknown(observation) else _find_unread(session, observation)
        if block is not None:
            unknown_addresses.append((observation.facts.address, block))
        else:
            known.append(observation)
    frames, unread_count = [pl.DataFrame(schema=RESULT_SCHEMA)], 0
    costs: list[SpentCost] = []
    for provider in dict.fromkeys(observation.provider for observation in known):
        of_provider = [observation for observation in known if observation.provider == provider]
        rows = pl.concat([_result_rows(observation) for observation in of_provider])
        call_details = CallDetails(session, provider)
        if details:
            asked = keep_numbers(rows, numbers) if numbers else rows
            call_details.fetch(ended_calls(asked), of_provider[0].facts.now)
        frames.append(add_evidence(add_details(rows, call_details.frame), of_provider))
        unread_count += call_details.unread_count
        if price := find_price(session, provider):
            costs.append(measure_cost(frames[-1], price))
    order = {observation.facts.address: index for index, observation in enumerate(known)}
    frame = pl.concat([frame.select(list(RESULT_SCHEMA)) for frame in frames])
    position = pl.col("address").replace_strict(order, return_dtype=pl.Int64)
    return Results(frame.sort(position, maintain_order=True), unknown_addresses, unread_count, add_costs(costs))


def find_price(session: Session, provider: str) -> Price | None:
    """Return what a provider's calls cost; None where nothing says it."""
    spec = session.desired.project.providers.get(provider)
    return spec.price if spec else None


def read_costs(
    session: Session, observations: Sequence[Observation], all_details: Mapping[str, pl.DataFrame] | None = None
) -> dict[str, SpentCost]:
    """Return what the calls of each address cost whose provider has a price, by the length of calls as far as it is
    known here. `all_details` are frames of CallDetails by provider; by default what is kept of them. Asks nobody."""
    costs = {}
    for provider in dict.fromkeys(observation.provider for observation in observations):
        price = find_price(session, provider)
        if price is None:
            continue
        details = (all_details or {}).get(provider)
        details = CallDetails(session, provider).frame if details is None else details
        for observation in observations:
            if observation.provider == provider and not is_unknown(observation):
                rows = add_details(_result_rows(observation), details)
                costs[observation.facts.address] = measure_cost(rows, price)
    return costs


def _find_unread(session: Session, observation: Observation) -> Block | None:
    """Why it is not known what was done at an address that is over and removed. A plan needs nothing from its provider;
    whoever asks who was called does."""
    facts = observation.facts
    has_calls = any(not record.closed for record in facts.resource_record.remotes.values())
    if not (facts.is_tombstone and has_calls) or facts.remotes:
        return None
    provider = session.connections.providers.get(observation.provider)
    detail = provider.message if isinstance(provider, ProviderError) else f"{observation.provider} could not be read"
    return Block(Reason.NOT_READ, detail, provider.hint if isinstance(provider, ProviderError) else "")


def _result_rows(observation: Observation) -> pl.DataFrame:
    is_bounded = pl.col("standing") == int(Standing.UNSURE)
    at_most = pl.when(~is_bounded).then("attempts").cast(pl.Int64)
    frame = results_frame(observation.facts).with_columns(standing_word(observation).alias("word"))
    call = call_state()
    return frame.select(
        pl.lit(observation.facts.address).alias("address"),
        pl.coalesce("called_as", "number").alias("number"),
        pl.col("word").alias("standing"),
        pl.coalesce("outcome", pl.when(pl.col("phase") == Phase.IN_FLIGHT).then(pl.lit("in_flight"))).alias("outcome"),
        pl.when(call == "reached").then(True).when(call.is_in(_NOT_REACHED)).then(False).alias("reached"),
        pl.when(~pl.col("fewer").fill_null(False)).then(at_most).alias("attempts"),
        at_most.alias("attempts_at_most"),
        "call_id",
        "error",
        "remote",
        "data",
        "note",
        ((call == "called_again") | pl.col("verb").is_in([Verb.RETRY, Verb.WAIT])).fill_null(False).alias("is_due"),
        pl.col("phase").is_in([Phase.REACHED, Phase.UNREACHED, Phase.UNKNOWN]).fill_null(False).alias("ended"),
    )


def ended_calls(rows: pl.DataFrame) -> Collection[str]:
    """List the ids of ended calls of which no time is known. `rows` has `call_id`, `note` and `ended`."""
    to_ask = pl.col("ended") & ~_tells_time() & ~pl.col("call_id").str.contains(":")
    return rows.filter(to_ask).get_column("call_id").drop_nulls().to_list()


def _tells_time() -> pl.Expr:
    return pl.col("note").str.json_path_match("$.called_at").is_not_null()


def add_details(rows: pl.DataFrame, details: pl.DataFrame) -> pl.DataFrame:
    """Add `called_at` and `duration_seconds` to rows with `call_id` and `note`, and put what is known of a call by
    itself into its `note`."""
    frame = rows.join(details, on="call_id", how="left", maintain_order="left")
    # What a list shows now is newer than what was kept of a call.
    kept_or_note = pl.coalesce("details", "note")
    frame = frame.with_columns(pl.when(_tells_time()).then("note").otherwise(kept_or_note).alias("note"))
    called_at = pl.col("note").str.json_path_match("$.called_at")
    return frame.with_columns(
        called_at.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False).alias("called_at"),
        pl.col("note").str.json_path_match("$.duration_seconds").cast(pl.Int64, strict=False).alias("duration_seconds"),
    )


def keep_numbers(frame: pl.DataFrame, numbers: Sequence[str]) -> pl.DataFrame:
    """Keep the people with one of these numbers, in any way of writing them. Raises UsageError for a text that is no
    number."""
    return frame.filter(pl.col("number").is_in(normalize_all(numbers)))


def normalize_all(numbers: Sequence[str]) -> list[str]:
    """Put numbers into normal form. Raises UsageError for a text that is no number."""
    normal = []
    for text, number in zip(numbers, normalize_numbers(numbers), strict=True):
        if number is None:
            raise UsageError(f'"{text}" is no phone number', hint="write it with + and the code of its country")
        normal.append(number)
    return normal


def keep_run(frame: pl.DataFrame, run: str) -> pl.DataFrame:
    """Keep the people whom a run submitted last, and whom it may have called again where no time tells. Raises
    UsageError for a run that submitted nobody who is here."""
    found = frame.filter((pl.col("run") == run) | (pl.col("later_run") == run))
    if found.is_empty():
        raise UsageError(f'nobody here was submitted by a run "{run}"', hint="dialctl history shows the runs")
    return found


def keep_since(frame: pl.DataFrame, moment: datetime) -> pl.DataFrame:
    """Keep the people who were called last at this moment or later, or were submitted then where no time of a call is
    known."""
    return frame.filter(pl.coalesce("called_at", "sent_at") >= moment)


def keep_standings(frame: pl.DataFrame, standings: Sequence[str]) -> pl.DataFrame:
    """Keep the people who stand so."""
    return frame.filter(pl.col("standing").is_in(standings))


def keep_unreached(frame: pl.DataFrame) -> pl.DataFrame:
    """Keep the people who were called and not reached, and whom their own resource does not call again. A list of them
    may be called by another resource: whoever is still due would be called by both."""
    return frame.filter(reached=False, is_due=False)
