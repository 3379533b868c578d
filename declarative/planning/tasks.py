"""The work behind the actions of one address: whom to call, what to cancel, what to remember. Pure."""

from __future__ import annotations

import polars as pl

from declarative.model.capabilities import Capabilities
from declarative.model.remote import Phase, is_over
from declarative.model.resource import Route
from declarative.planning import decisions
from declarative.planning.decide import Reason, Standing, Timing, Verb
from declarative.planning.facts import Facts, Observation
from declarative.planning.plan import RING_SCHEMA, Task, ring_rows
from declarative.planning.resubmit import by_request

_LEFT_OUT = pl.col("verb").is_in([Verb.CANCEL, Verb.BLOCK]) | (
    pl.col("standing").is_in([int(Standing.UNSUBMITTED), int(Standing.UNSURE)])
    & ~pl.col("verb").is_in([Verb.CREATE, Verb.REPLACE, Verb.RETRY])
)
"""Wanted, and neither submitted nor about to be."""


_NEVER = int(Standing.UNSUBMITTED)


_RUNG_BEFORE = pl.col("standing") == int(Standing.DIALED)


_FORGONE = _RUNG_BEFORE & pl.col("reason").is_in([Reason.PAUSED, Reason.CALLING_HOURS, Reason.BATCH_MATES])


_FORWENT = _RUNG_BEFORE & pl.col("desired") & ~pl.col("queued") & (pl.col("attempts") > 0)
"""Rung once and waiting for a retry when they are, or were, taken off: what they read then, no retry follows upon."""


def _work(outlook: Observation, people: pl.DataFrame, abilities: Capabilities | None) -> Task:
    case = outlook.case
    requests = by_request(case, people, abilities)
    retried = pl.col("verb").is_in([Verb.RETRY]) & pl.col("dialed_in").is_in(requests)
    rings = [ring_rows(people, Verb.CREATE), ring_rows(people, Verb.REPLACE)]
    rings.append(ring_rows(people.filter(~retried.fill_null(False)), Verb.RETRY))
    return Task(
        address=case.address,
        case=case,
        cancels=tuple(decisions.leaving_batches(people)),
        requests=tuple(requests),
        ring=pl.concat([pl.DataFrame(schema=RING_SCHEMA), *rings]),
        renamed=outlook.renamed,
        forget=_is_done_with(outlook, people),
        complete=not len(people.filter(pl.col("desired") & _LEFT_OUT)),
        later=case.timing is Timing.TOO_LATE
        or bool(people.get_column("verb").is_in([Verb.WAIT, Verb.BLOCK]).any())
        or not all(is_over(case.remotes[key]) for key in case.also if key in case.remotes),
        expired=len(people.filter(pl.col("desired"), verb=Verb.KEEP, reason=Reason.EXPIRED, standing=_NEVER)),
        retries_dropped_now=len(people.filter(_FORGONE, verb=Verb.CANCEL)),
        retries_dropped_earlier=len(people.filter(_FORWENT, verb=Verb.KEEP, dialed_phase=Phase.CANCELLED)),
        placed=_placed(case, people),
    )


def _placed(case: Facts, people: pl.DataFrame) -> int:
    calls = [remote.id for remote in case.remotes.values() if remote.route is Route.CALL]
    going_on = pl.col("phase").is_in([Phase.QUEUED, Phase.IN_FLIGHT]) & pl.col("dialed_in").is_in(calls)
    return len(people.filter(~pl.col("desired") & going_on))


def _is_done_with(outlook: Observation, people: pl.DataFrame) -> bool:
    case = outlook.case
    return (
        case.resource is None
        and not outlook.case.buried
        and not case.record.intents
        and not people.get_column("queued").any()
        and all(is_over(remote) for remote in case.remotes.values() if remote.id not in case.also)
    )
