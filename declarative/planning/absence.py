"""Why a person who was seen at the provider is not wanted there: the manifest is gone or paused, a policy excludes
them, or no list names them. Pure."""

from __future__ import annotations

import polars as pl

from declarative.planning.columns import PERSON, FactColumns, stack
from declarative.planning.decide import Reason
from declarative.planning.facts import Facts

_REASON = pl.Enum([str(reason) for reason in Reason])
"""An enum: a million values are bytes instead of texts."""
_ABSENCE_BY_POLICY = {"suppressed": Reason.SUPPRESSED, "other_country": Reason.OTHER_COUNTRY}
"""The reason for each policy that excludes people."""


def add_absence(columns: FactColumns, frame: pl.DataFrame) -> pl.DataFrame:
    """Add `absence`: why a person is not desired, if they are not."""
    absence = columns.value(_default_absence, _REASON)
    with_excluded = [
        (place, facts.resource.recipients.excluded)
        for place, facts in enumerate(columns.all_facts)
        if facts.resource and not facts.resource.paused and facts.resource.recipients.excluded_counts
    ]
    excluded = stack(
        ((place, people) for place, people in with_excluded if not columns.all_facts[place].is_single_call),
        {"number": pl.String, "policy": pl.String},
    )
    if excluded.is_empty():
        return frame.with_columns(absence.alias("absence"))
    by_policy = pl.col("policy").replace_strict(_ABSENCE_BY_POLICY, return_dtype=_REASON)
    frame = frame.join(excluded, on=PERSON, how="left", maintain_order="left")
    return frame.with_columns(pl.coalesce(by_policy, absence).alias("absence"))


def _default_absence(facts: Facts) -> str:
    """Why a person of an address is not desired, unless a policy excludes them by their number."""
    resource = facts.resource
    if resource is None:
        return str(Reason.REMOVED)
    if resource.paused:
        return str(Reason.PAUSED)
    if facts.is_single_call and resource.recipients.excluded_counts:
        # Its person may wait under the number from before an edit.
        return str(_ABSENCE_BY_POLICY[resource.recipients.excluded.item(0, "policy")])
    return str(Reason.NOT_DESIRED)
