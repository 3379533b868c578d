"""Questions that change nothing: how people stand, what came of their calls, what changed without us."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from declarative.app.session import Session
from declarative.engine.observe import observe
from declarative.errors import UsageError
from declarative.model.lock import Intent
from declarative.model.remote import Phase, Remote
from declarative.planning import notices, standing
from declarative.planning.decide import Reason, Standing
from declarative.planning.facts import Block, Observation
from declarative.planning.plan import counted

NOTHING_KNOWN = (Reason.NOT_READ, Reason.NO_MEMORY, Reason.OTHER_LINEAGE)
"""Blocks under which nothing can be said of people: not even that they were not rung."""

PARTLY_KNOWN = (Reason.LOST, Reason.MEMBERS_UNREADABLE, Reason.LOCK_IS_OLDER, Reason.PROVIDER_CHANGED)
"""Blocks under which somebody who was not found may be in what could not be read."""


@dataclass(frozen=True, kw_only=True)
class Status:
    """How the people of one address stand: counts by standing, and of those dialed by outcome (the provider's word).
    Besides the standings, `cancelled` are those whom somebody else took off before they were rung, and `unknown` those
    who may be in what could not be read."""

    address: str
    people: int
    standing: Mapping[str, int] = field(default_factory=dict)
    outcomes: Mapping[str, int] = field(default_factory=dict)
    in_flight: int = 0
    remote_ids: tuple[str, ...] = ()
    unsure: tuple[Intent, ...] = ()
    candidates: tuple[Remote, ...] = ()
    unseen: int = 0
    warnings: tuple[str, ...] = ()
    block: Block | None = None


def status(session: Session, address: str | None) -> list[Status]:
    """Raises UsageError for an address that nothing is known of."""
    return [_status(outlook) for outlook in _looked_at(session, address)]


def results(session: Session, address: str | None) -> tuple[pl.DataFrame, list[tuple[str, Block]]]:
    """A row a person: `address`, `number`, `standing` (as in Status), `outcome`, `attempts` (null where how many is not
    known), `attempts_at_most`, `call_id`, `data`, `note`, `error`; and the addresses of which nothing can be said, with
    the reason. The `number` of a Call is the one that was rung, or waits, whatever its manifest says by now; empty
    where it is not known."""
    outlooks = _looked_at(session, address)
    untold = [(o.case.address, o.block) for o in outlooks if o.block is not None and o.block.reason in NOTHING_KNOWN]
    rows = [
        _results(outlook) for outlook in outlooks if outlook.block is None or outlook.block.reason not in NOTHING_KNOWN
    ]
    return pl.concat([_results_schema(), *rows]), untold


def _looked_at(session: Session, address: str | None) -> list[Observation]:
    outlooks = [o for o in observe(session.scene(session.lock(), everything=True)) if not _is_nothing(o)]
    if address is None:
        return outlooks
    chosen = [outlook for outlook in outlooks if outlook.case.address == address]
    if not chosen:
        known = ", ".join(outlook.case.address for outlook in outlooks) or "none"
        raise UsageError(f'nothing is known of "{address}"', hint=f"known: {known}")
    return chosen


def _is_nothing(outlook: Observation) -> bool:
    """An address that is not wanted, was forgotten, and of which its provider shows nothing."""
    case = outlook.case
    return case.resource is None and case.record.forgotten and not case.remotes and outlook.block is None


def _status(outlook: Observation) -> Status:
    if outlook.block is not None and outlook.block.reason in NOTHING_KNOWN:
        resource = outlook.case.resource
        count = resource.people.count if resource else outlook.case.record.count
        return Status(address=outlook.case.address, people=count, block=outlook.block)
    people = standing.decide_all(outlook.case).with_columns(_word(outlook).alias("word"))
    dialed = people.filter(word="dialed")
    return Status(
        address=outlook.case.address,
        people=len(people) or outlook.case.record.count,  # nobody is read of a tombstone whose provider is gone
        standing=counted(people.get_column("word")),
        outcomes=counted(dialed.filter(pl.col("phase") != Phase.IN_FLIGHT).get_column("outcome")),
        in_flight=len(people.filter(phase=Phase.IN_FLIGHT)),
        remote_ids=tuple(outlook.case.remotes),
        unsure=tuple(outlook.case.open_intents()),
        candidates=outlook.candidates,
        unseen=len(outlook.case.record.unseen),
        warnings=tuple(notices.doubt_notices(outlook.case)),
        block=outlook.block,
    )


def _word(outlook: Observation) -> pl.Expr:
    """How each stands, as far as it is known."""
    names = {int(value): value.name.lower() for value in Standing}
    word = pl.col("standing").replace_strict(names, return_dtype=pl.String)
    taken_off = (pl.col("standing") == int(Standing.DIALED)) & (pl.col("attempts") == 0)
    word = pl.when(taken_off).then(pl.lit("cancelled")).otherwise(word)
    if outlook.block is None or outlook.block.reason not in PARTLY_KNOWN:
        return word
    return pl.when(pl.col("standing") == int(Standing.UNSUBMITTED)).then(pl.lit("unknown")).otherwise(word)


_NUMBERS = ("attempts", "attempts_at_most")


def _results_schema() -> pl.DataFrame:
    words = ("address", "number", "standing", "outcome", *_NUMBERS, "call_id", "data", "note", "error")
    return pl.DataFrame(schema={name: pl.Int64 if name in _NUMBERS else pl.String for name in words})


def _results(outlook: Observation) -> pl.DataFrame:
    may_be_more = pl.col("standing") == int(Standing.UNSURE)
    at_most = pl.when(~may_be_more).then("attempts").cast(pl.Int64)
    return standing.results_frame(outlook.case).select(
        pl.lit(outlook.case.address).alias("address"),
        pl.coalesce("rung_as", "number").alias("number"),
        _word(outlook).alias("standing"),
        pl.coalesce("outcome", pl.when(pl.col("phase") == Phase.IN_FLIGHT).then(pl.lit("in_flight"))).alias("outcome"),
        pl.when(~pl.col("fewer").fill_null(False)).then(at_most).alias("attempts"),
        at_most.alias("attempts_at_most"),
        "call_id",
        "data",
        "note",
        "error",
    )
