"""What each remote batch or call says of each person: one row an entry. Pure; no decision is made here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import polars as pl

from declarative.model import frames as people
from declarative.model import mark
from declarative.model.lock import RemoteRecord
from declarative.model.remote import MEMBER_COLUMNS, Phase, Remote, is_over, stamp
from declarative.model.resource import Route
from declarative.planning.facts import Facts

SCHEMA: dict[str, Any] = {
    "number": pl.String,
    "phase": pl.String,
    "outcome": pl.String,
    "call_id": pl.String,
    "payload": pl.String,
    "error": pl.String,
    "note": pl.String,
    "remote": pl.String,
    "created_at": pl.Datetime("us", "UTC"),
    "attempt": pl.Int64,
    "retries": pl.Int64,
    "live": pl.Boolean,
    "touchable": pl.Boolean,
    "by_us": pl.Boolean,
    "over": pl.Boolean,
    "over_at": pl.Datetime("us", "UTC"),
    "stale": pl.Boolean,
    "exact": pl.Boolean,
    "doubtful": pl.Boolean,
}
"""`retries`: retry requests that took effect on the batch; `live`: not cancelled; `touchable`: ours to cancel, which
single calls and `also` batches are not; `by_us`: its cancel was an intent of ours; `stale`: settings, or the person
of a Call, differ from those wanted now; `exact`: its people's data are known to be those wanted now, told where data
matter; `doubtful`: a retry's answer was lost."""

_MEMBER_SCHEMA = {name: SCHEMA[name] for name in (*MEMBER_COLUMNS, "remote")}

QUEUED = (pl.col("phase") == Phase.QUEUED) & pl.col("live") & pl.col("touchable")
"""Will be rung unless their batch is cancelled."""


def members(case: Facts) -> pl.DataFrame:
    """Everybody in every remote thing whose people were read: MEMBER_COLUMNS, and `remote`, its id."""
    parts = [_members(case, remote) for remote in case.remotes.values() if remote.members is not None]
    return pl.concat([pl.DataFrame(schema=_MEMBER_SCHEMA), *parts])


def entries(case: Facts, rows: pl.DataFrame) -> pl.DataFrame:
    """All that is known of these `rows` of `members`, and of people remembered without one; columns as SCHEMA."""
    told = [batch_facts(case, remote) for remote in case.remotes.values() if remote.members is not None]
    schema = {name: kind for name, kind in SCHEMA.items() if name not in MEMBER_COLUMNS}
    known = rows.join(pl.DataFrame(told, schema=schema), on="remote")
    frame = pl.concat([known.select(list(SCHEMA)), recorded_entries(case)])
    compared = frame.filter(pl.col("phase").is_in([Phase.QUEUED, Phase.REFUSED]))  # of others, data decide nothing
    alike = batches_with_current_data(case, compared.get_column("remote").unique().to_list())
    frame = frame.with_columns(pl.col("remote").is_in(alike).alias("exact"))
    if case.one_call and case.resource is not None:
        (number,) = case.resource.people.frame.get_column("number").head(1).to_list() or [""]
        return frame.with_columns(pl.lit(number).alias("number"))
    return frame


def batches_with_current_data(case: Facts, remote_ids: Iterable[str]) -> list[str]:
    """Those of the batches for whose people the data wanted now have the digest of the data that were sent. Looked at
    before any echo, so that a provider that rewrites what it echoes never looks like a change."""
    sizes: dict[str, int] = {}
    parts = []
    for remote_id in remote_ids:
        record, remote = case.record.remotes.get(remote_id), case.remotes.get(remote_id)
        if record and record.payloads is not None and remote and remote.members is not None:
            sizes[remote_id] = len(remote.members)
            parts.append(_members(case, remote).select("number", "remote"))
    if case.resource is None or not parts:
        return []
    now = pl.concat(parts).join(case.resource.people.frame, on="number").partition_by("remote", as_dict=True)
    return [
        str(remote_id)
        for (remote_id,), rows in now.items()
        if len(rows) == sizes[remote_id]
        and people.payloads_digest(rows, case.key) == case.record.remotes[remote_id].payloads
    ]


def _members(case: Facts, remote: Remote) -> pl.DataFrame:
    assert remote.members is not None
    rows = _someone(case, _record(case, remote), remote.members)
    return rows.select(*MEMBER_COLUMNS, pl.lit(remote.id).alias("remote"))


def batch_facts(case: Facts, remote: Remote) -> dict[str, Any]:
    """What holds for everybody in it, `exact` set aside."""
    record = _record(case, remote)
    return {
        "remote": remote.id,
        "created_at": remote.created_at,
        "attempt": record.attempt,
        "retries": max(remote.retry_count or 0, record.retry_count or 0),
        "live": not remote.cancelled,
        "touchable": remote.route is Route.BATCH and remote.id not in case.also,
        "by_us": record.cancel is not None,
        "over": is_over(remote),
        "over_at": stamp(remote.last_updated_at) or remote.created_at,
        "stale": _stale(case, record, remote),
        "exact": False,
        "doubtful": remote.id in case.doubtful_retries(),
    }


def _someone(case: Facts, record: RemoteRecord, members: pl.DataFrame) -> pl.DataFrame:
    """A call whose number can no longer be read is still the one call of its address, if that is what it was. One of
    many that shows another number than it was placed to tells nothing of either: cartesia.md 2.3 leaves open which of
    two numbers is whose."""
    if len(members) and not case.one_call and record.route is Route.CALL and record.person:
        shown = case.key.of_person(case.lineage, members.item(0, "number"))
        return members if shown == record.person else members.clear()
    if len(members) or not case.one_call or record.person:
        return members
    nobody = dict.fromkeys(MEMBER_COLUMNS) | {"number": "", "phase": str(Phase.UNKNOWN)}
    return pl.DataFrame([nobody], schema=dict.fromkeys(MEMBER_COLUMNS, pl.String))


def recorded_entries(case: Facts) -> pl.DataFrame:
    """Entries of single calls that are remembered and whose number was not read now, and of people whom somebody
    declared rung."""
    seen = [one for one in case.remotes.values() if one.route is Route.CALL and one.members is not None]
    read = {remote.id for remote in seen if len(_members(case, remote))}
    calls = [
        (record.person, record.phase or Phase.UNKNOWN, record.outcome, remote_id, record)
        for remote_id, record in case.record.remotes.items()
        if (record.person or case.one_call) and record.route is Route.CALL and remote_id not in read
    ]
    placed = [(person, Phase.UNKNOWN, None, "", RemoteRecord(route=Route.CALL)) for person in _placed(case)]
    rows = [
        {
            "person": person,
            "phase": str(phase),
            "outcome": outcome,
            "call_id": remote_id or None,
            "remote": remote_id,
            "created_at": record.created_at,
            "attempt": record.attempt,
            "retries": 0,
            "live": True,
            "touchable": False,
            "by_us": False,
            "over": record.settled,
            "over_at": stamp(record.last_updated_at) or record.created_at,
            "stale": _stale(case, record, None),
            "exact": False,
            "doubtful": False,
        }
        for person, phase, outcome, remote_id, record in calls + placed
    ]
    if not rows or case.resource is None:
        return pl.DataFrame(schema=SCHEMA)
    empty = {name: pl.lit(None, dtype=SCHEMA[name]) for name in ("payload", "error", "note")}
    schema = {"person": pl.String} | {name: kind for name, kind in SCHEMA.items() if name not in ("number", *empty)}
    frame = pl.DataFrame(rows, schema=schema).with_columns(**empty)
    if case.one_call:  # its number may have been edited since: whoever it was, it is this call's one person
        frame = frame.with_columns(number=pl.lit(""))
    else:
        known = people.with_person_digest(case.resource.people.frame.select("number"), case.key, case.lineage)
        frame = frame.join(known, on="person")
    return frame.select([pl.col(name).cast(kind) for name, kind in SCHEMA.items()])


def _placed(case: Facts) -> list[str]:
    """Digests of people whom somebody declared rung, without those in a request that was found since: they would count
    as rung twice, and be taken off where they wait."""
    declared = {*case.record.placed}
    found = [one.members for one in case.remotes.values() if one.members is not None and str(one.mark) in declared]
    for rows in found:
        declared -= {*people.with_person_digest(rows.select("number"), case.key, case.lineage).get_column("person")}
    return sorted(person for person in declared if mark.parse(person) is None)


def _record(case: Facts, remote: Remote) -> RemoteRecord:
    """What is remembered of it, or else what its mark alone tells."""
    attempt = remote.mark.attempt if remote.mark else 1
    unrecorded = RemoteRecord(route=remote.route, mark=str(remote.mark) if remote.mark else None, attempt=attempt)
    return case.record.remotes.get(remote.id, unrecorded)


def _stale(case: Facts, record: RemoteRecord, remote: Remote | None) -> bool:
    """Whether it was sent with other settings, or a Call to another number or with other data. Unknown is not changed.
    A revoked mark is always stale."""
    if case.resource is None:
        return False
    if record.mark in case.record.revoked:
        return True
    if case.one_call and remote is not None and remote.route is Route.BATCH and _is_another(case, record, remote):
        return True
    if record.settings is not None:
        return record.settings != case.resource.settings_digest
    if remote is not None and remote.mark is not None:
        return remote.mark.settings != mark.settings_hash(case.resource.settings_digest)
    return False


def _is_another(case: Facts, record: RemoteRecord, remote: Remote) -> bool:
    """Whether its one person is not the one wanted now, by what was sent; the number alone where that is not known."""
    assert case.resource is not None
    if record.payloads is not None:
        return record.payloads != case.resource.people.payloads
    wanted = case.resource.people.frame.get_column("number").to_list()
    return remote.members is not None and remote.members.get_column("number").to_list() != wanted
