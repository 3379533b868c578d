"""What else users are told of each person of an address. Decides nothing. Pure."""

from __future__ import annotations

import polars as pl

from declarative.model import frames
from declarative.model.remote import Phase
from declarative.planning.columns import FactColumns
from declarative.planning.entries import QUEUED, build_entries, read_members
from declarative.planning.facts import Facts
from declarative.planning.remote_facts import identify_members
from declarative.planning.standing import NEVER_RETRIED, decide_all, sort_by_time

_MAY_BE_FEWER = (
    ((pl.col("phase") == Phase.QUEUED) & ~QUEUED)
    | ((pl.col("phase") == Phase.CANCELLED) & pl.col("live"))
    | (~NEVER_RETRIED & ~((pl.col("phase") == Phase.UNREACHED) & pl.col("over")))
)
"""Whether an entry may count more calls than there were. A retry request calls the unreached again; for other people no
answer of the provider tells whether they were among those."""


def results_frame(facts: Facts) -> pl.DataFrame:
    """Return decide_all() with what else users are told of each person.

    Further columns: `data`, the payload that is wanted, or null. Null for a person who was not seen: `call_id`, `note`,
    `error` and `remote` of their latest entry; `fewer`, whether they may have been called less often than `attempts`
    says; `called_as`, the number of a Call's latest entry (empty where it is not known), since the manifest may have
    been edited after the call.
    """
    entries = build_entries(read_members(FactColumns([facts])))
    latest = sort_by_time(_add_called_number(facts, entries)).group_by("number", maintain_order=True)
    latest_columns = latest.agg(
        pl.col("call_id", "note", "error", "remote", "called_as").last(), _MAY_BE_FEWER.any().alias("fewer")
    )
    people = decide_all(facts).join(latest_columns, on="number", how="left")
    if facts.resource is None:
        return people.with_columns(data=pl.lit(None, dtype=pl.String))
    return facts.resource.recipients.people.with_data(people).rename({"payload": "data"})


def _add_called_number(facts: Facts, frame: pl.DataFrame) -> pl.DataFrame:
    """Add `called_as` to the entries: null unless the address is a Call."""
    if not facts.is_single_call or facts.resource is None:
        return frame.with_columns(called_as=pl.lit(None, dtype=pl.String))
    recipients = frames.with_person_digest(facts.resource.recipients.frame, facts.key, facts.lineage)
    person, number = recipients.select("person", "number").row(0)
    number_by_remote = {
        key: number for key, remote_record in facts.resource_record.remotes.items() if remote_record.person == person
    }
    number_by_remote |= {"": number} if person in facts.resource_record.placed else {}
    for remote in facts.remotes.values():
        if remote.members is not None and len(members := identify_members(facts, remote)):
            number_by_remote[remote.id] = members.item(-1, "number")
    return frame.with_columns(
        pl.col("remote").replace_strict(number_by_remote, default="", return_dtype=pl.String).alias("called_as")
    )
