"""Entries that only the lock knows: calls that were not read now, and people whom a user declared called. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import polars as pl

from declarative.model import frames, mark
from declarative.model.lock import RemoteRecord
from declarative.model.resource import Route
from declarative.planning.columns import FactColumns, stack
from declarative.planning.facts import Facts
from declarative.planning.remote_facts import SCHEMA, call_facts, identify_members


def recorded_entries(columns: FactColumns) -> pl.DataFrame:
    """Return entries from the lock, in the columns of SCHEMA.

    These are single calls whose number was not read now, and people declared called by a user (`placed`).
    """
    rows = [
        {"address": place, **row}
        for place, facts in columns.select(lambda facts: facts.resource is not None)
        for row in _list_recorded(facts)
    ]
    if not rows:
        return pl.DataFrame(schema=SCHEMA)
    empty = {name: pl.lit(None, dtype=SCHEMA[name]) for name in ("payload", "error", "note")}
    schema = {"person": pl.String} | {name: kind for name, kind in SCHEMA.items() if name not in ("number", *empty)}
    frame = pl.DataFrame(rows, schema=schema).with_columns(**empty)
    # The number of a single call may have been edited since; it is this call's one person all the same.
    is_single_call = columns.value(lambda facts: facts.is_single_call, pl.Boolean)
    frame = frame.join(_wanted_persons(columns, {row["address"] for row in rows}), on=("address", "person"), how="left")
    frame = frame.with_columns(pl.when(is_single_call).then(pl.lit("")).otherwise("number").alias("number"))
    frame = frame.filter(pl.col("number").is_not_null())
    return frame.select([pl.col(name).cast(kind) for name, kind in SCHEMA.items()])


def _list_recorded(facts: Facts) -> Iterator[dict[str, Any]]:
    for key, remote_record in _unread_calls(facts).items():
        yield call_facts(facts, key, remote_record)
    for person in _list_declared_persons(facts):
        yield call_facts(facts, "", RemoteRecord(route=Route.CALL, person=person))


def _wanted_persons(columns: FactColumns, places: Collection[int]) -> pl.DataFrame:
    """Return the wanted people of these addresses, without single calls: `address`, `person` (a digest), `number`."""
    persons = [
        (place, frames.with_person_digest(facts.resource.recipients.rows.select("number"), facts.key, facts.lineage))
        for place, facts in enumerate(columns.all_facts)
        if place in places and not facts.is_single_call and facts.resource is not None
    ]
    return stack(persons, {"number": pl.String, "person": pl.String})


def _unread_calls(facts: Facts) -> dict[str, RemoteRecord]:
    """Return the remembered single calls that no members read now stand for, by id."""
    calls_read = [
        remote for remote in facts.remotes.values() if remote.route is Route.CALL and remote.members is not None
    ]
    read_ids = {remote.id for remote in calls_read if len(identify_members(facts, remote))}
    return {
        remote_id: remote_record
        for remote_id, remote_record in facts.resource_record.remotes.items()
        if (remote_record.person or facts.is_single_call)
        and remote_record.route is Route.CALL
        and remote_id not in read_ids
    }


def _list_declared_persons(facts: Facts) -> list[str]:
    """Return digests of people declared called by a user, without those in a request that was found since.

    The latter would count as called twice, and be taken off where they wait. A mark among `placed` is no person.
    """
    declared = {*facts.resource_record.placed}
    members_by_remote = [
        remote.members
        for remote in facts.remotes.values()
        if remote.members is not None and str(remote.mark) in declared
    ]
    for members in members_by_remote:
        declared -= {
            *frames.with_person_digest(members.select("number"), facts.key, facts.lineage).get_column("person")
        }
    return sorted(person for person in declared if mark.parse(person) is None)
