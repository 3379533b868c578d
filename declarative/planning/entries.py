"""One row for each person in each remote batch or call. Pure; nothing is decided here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import polars as pl

from declarative.model import frames, mark
from declarative.model.lock import CancelProgress, RemoteRecord
from declarative.model.remote import MEMBER_COLUMNS, Phase, Remote, is_over, parse_timestamp
from declarative.model.resource import Route
from declarative.planning.facts import Facts
from declarative.planning.taking_back import can_cancel

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
    "cancel_answered": pl.Boolean,
    "over": pl.Boolean,
    "over_at": pl.Datetime("us", "UTC"),
    "stale": pl.Boolean,
    "revoked": pl.Boolean,
    "exact": pl.Boolean,
    "told": pl.Boolean,
    "doubtful": pl.Boolean,
}
"""Columns of entries: MEMBER_COLUMNS, and facts of the batch or call.

`remote`: its id. `retries`: retry requests that took effect on it. `live`: it is not cancelled. `touchable`: we may
cancel it, which we may not for single calls, `also` batches, and those that have begun where that is too late.
`by_us`: its cancel was an intent of ours, and settled.
`cancel_answered`: the provider took a cancel of ours. `over_at`: when it was over, if it is. `stale`: settings, or the
person of a Call, differ from those wanted now. `revoked`: its mark was. `exact`: the data of its people are known to be
those wanted now; told only where data matter. `told`: it is known
with which data they were sent, or which the provider returned. `doubtful`: a retry's answer was lost.
"""

_MEMBER_SCHEMA = {name: SCHEMA[name] for name in (*MEMBER_COLUMNS, "remote")}

QUEUED = (pl.col("phase") == Phase.QUEUED) & pl.col("live") & pl.col("touchable")
"""The person will be called unless the batch is cancelled."""
GOING_ON = (pl.col("phase") == Phase.IN_FLIGHT) | (
    (pl.col("phase") == Phase.UNKNOWN) & pl.col("outcome").is_null() & ~pl.col("over")
)
"""The person is being called, or may be: a word that nobody knows, without an ending, in a batch that is not over."""
STUCK = pl.col("touchable") & (
    ((pl.col("phase") == Phase.QUEUED) & (~pl.col("live") | pl.col("cancel_answered")))
    | ((pl.col("phase") == Phase.UNKNOWN) & pl.col("outcome").is_null() & pl.col("live") & ~pl.col("over"))
)
"""The person may be called, and no cancel is known to help: a batch that is cancelled, or of which the provider took a
cancel of ours, shows them as queued; or a live one by a word that nobody knows and without an ending."""


def all_members(facts: Facts) -> pl.DataFrame:
    """Return the members of all remotes that were read in full: MEMBER_COLUMNS, and `remote`, the id."""
    parts = [_remote_members(facts, remote) for remote in facts.remotes.values() if remote.members is not None]
    return pl.concat([pl.DataFrame(schema=_MEMBER_SCHEMA), *parts])


def build_entries(facts: Facts, members: pl.DataFrame) -> pl.DataFrame:
    """Return the entries of these `members`, and those that only the lock knows; columns as SCHEMA."""
    batch_rows = [batch_facts(facts, remote) for remote in facts.remotes.values() if remote.members is not None]
    schema = {name: kind for name, kind in SCHEMA.items() if name not in MEMBER_COLUMNS}
    seen_entries = members.join(pl.DataFrame(batch_rows, schema=schema), on="remote")
    frame = pl.concat([seen_entries.select(list(SCHEMA)), recorded_entries(facts)])
    compared = frame.filter(
        pl.col("phase").is_in([Phase.QUEUED, Phase.REFUSED])
    )  # for other phases data decide nothing
    current = batches_with_current_data(facts, compared.get_column("remote").unique().to_list())
    frame = frame.with_columns(pl.col("remote").is_in(current).alias("exact"))
    if facts.is_single_call and facts.resource is not None:
        (number,) = facts.resource.recipients.frame.get_column("number").head(1).to_list() or [""]
        return frame.with_columns(pl.lit(number).alias("number"))
    return frame


def batches_with_current_data(facts: Facts, remote_ids: Iterable[str]) -> list[str]:
    """Return the batches whose people want the same data now as were sent, told by digest.

    The digest comes before the data that the provider returns: a provider that rewrites them must not look like a
    change.
    """
    sizes: dict[str, int] = {}
    parts = []
    for remote_id in remote_ids:
        remote_record, remote = facts.resource_record.remotes.get(remote_id), facts.remotes.get(remote_id)
        if remote_record and remote_record.payloads is not None and remote and remote.members is not None:
            sizes[remote_id] = len(remote.members)
            parts.append(_remote_members(facts, remote).select("number", "remote"))
    if facts.resource is None or not parts:
        return []
    by_remote = pl.concat(parts).join(facts.resource.recipients.frame, on="number").partition_by("remote", as_dict=True)
    return [
        str(remote_id)
        for (remote_id,), recipients in by_remote.items()
        if len(recipients) == sizes[remote_id]
        and frames.payloads_digest(recipients, facts.key) == facts.resource_record.remotes[remote_id].payloads
    ]


def _remote_members(facts: Facts, remote: Remote) -> pl.DataFrame:
    assert remote.members is not None
    members = _identify_member(facts, _get_remote_record(facts, remote), remote.members)
    return members.select(*MEMBER_COLUMNS, pl.lit(remote.id).alias("remote"))


def batch_facts(facts: Facts, remote: Remote) -> dict[str, Any]:
    """Return the columns of SCHEMA that hold for all members of a remote. `exact` is filled in later."""
    remote_record = _get_remote_record(facts, remote)
    return {
        "remote": remote.id,
        "created_at": remote.created_at,
        "attempt": remote_record.attempt,
        "retries": max(remote.retry_count or 0, remote_record.retry_count or 0),
        "live": not remote.cancelled,
        "touchable": remote.route is Route.BATCH and remote.id not in facts.also and can_cancel(facts, remote),
        "by_us": facts.is_cancel_settled(remote_record),
        "cancel_answered": remote_record.cancel is CancelProgress.DONE,
        "over": is_over(remote),
        "over_at": parse_timestamp(remote.last_updated_at) or remote.created_at,
        "stale": _is_stale(facts, remote_record, remote),
        "revoked": remote_record.mark in facts.resource_record.revoked,
        "exact": False,
        "told": facts.returns_data or remote_record.payloads is not None,
        "doubtful": remote.id in facts.doubtful_retries(),
    }


def _identify_member(facts: Facts, remote_record: RemoteRecord, members: pl.DataFrame) -> pl.DataFrame:
    """Return the members of a remote, corrected where a single call shows no number or another one.

    A call of a Call address whose number is not readable is still the one call of that address. One of many single
    calls that shows another number than it was placed to says nothing about either person: cartesia.md 2.3 leaves open
    which of two numbers belongs to which side.
    """
    if len(members) and not facts.is_single_call and remote_record.route is Route.CALL and remote_record.person:
        person = facts.key.digest_person(facts.lineage, members.item(0, "number"))
        return members if person == remote_record.person else members.clear()
    if len(members) or not facts.is_single_call or remote_record.person:
        return members
    unknown_member = dict.fromkeys(MEMBER_COLUMNS) | {"number": "", "phase": str(Phase.UNKNOWN)}
    return pl.DataFrame([unknown_member], schema=dict.fromkeys(MEMBER_COLUMNS, pl.String))


def recorded_entries(facts: Facts) -> pl.DataFrame:
    """Return entries from the lock, in the columns of SCHEMA.

    These are single calls whose number was not read now, and people declared called by a user (`placed`).
    """
    rows = [
        *(_make_row(facts, key, remote_record) for key, remote_record in _unread_calls(facts).items()),
        *(
            _make_row(facts, "", RemoteRecord(route=Route.CALL, person=person))
            for person in _list_declared_persons(facts)
        ),
    ]
    if not rows or facts.resource is None:
        return pl.DataFrame(schema=SCHEMA)
    empty = {name: pl.lit(None, dtype=SCHEMA[name]) for name in ("payload", "error", "note")}
    schema = {"person": pl.String} | {name: kind for name, kind in SCHEMA.items() if name not in ("number", *empty)}
    frame = pl.DataFrame(rows, schema=schema).with_columns(**empty)
    if facts.is_single_call:  # its number may have been edited since; it is this call's one person all the same
        frame = frame.with_columns(number=pl.lit(""))
    else:
        persons = frames.with_person_digest(facts.resource.recipients.frame.select("number"), facts.key, facts.lineage)
        frame = frame.join(persons, on="person")
    return frame.select([pl.col(name).cast(kind) for name, kind in SCHEMA.items()])


def _unread_calls(facts: Facts) -> dict[str, RemoteRecord]:
    """Return the remembered single calls that no members read now stand for, by id."""
    calls_read = [
        remote for remote in facts.remotes.values() if remote.route is Route.CALL and remote.members is not None
    ]
    read_ids = {remote.id for remote in calls_read if len(_remote_members(facts, remote))}
    return {
        remote_id: remote_record
        for remote_id, remote_record in facts.resource_record.remotes.items()
        if (remote_record.person or facts.is_single_call)
        and remote_record.route is Route.CALL
        and remote_id not in read_ids
    }


def _make_row(facts: Facts, remote_id: str, remote_record: RemoteRecord) -> dict[str, Any]:
    """Return the entry of one single call in the lock, with `person` in place of a number; no id for a declared one."""
    return {
        "person": remote_record.person,
        "phase": str(remote_record.phase or Phase.UNKNOWN),
        "outcome": remote_record.outcome,
        "call_id": remote_id or None,
        "remote": remote_id,
        "created_at": remote_record.created_at,
        "attempt": remote_record.attempt,
        "retries": 0,
        "live": True,
        "touchable": False,
        "by_us": False,
        "cancel_answered": False,
        "over": remote_record.settled,
        "over_at": parse_timestamp(remote_record.last_updated_at) or remote_record.created_at,
        "stale": _is_stale(facts, remote_record, None),
        "revoked": False,
        "exact": False,
        "told": False,
        "doubtful": False,
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


def _get_remote_record(facts: Facts, remote: Remote) -> RemoteRecord:
    """Return what the lock knows of a remote, or else what its mark alone tells."""
    attempt = remote.mark.attempt if remote.mark else 1
    from_mark = RemoteRecord(route=remote.route, mark=str(remote.mark) if remote.mark else None, attempt=attempt)
    return facts.resource_record.remotes.get(remote.id, from_mark)


def _is_stale(facts: Facts, remote_record: RemoteRecord, remote: Remote | None) -> bool:
    """Whether it was sent with other settings, or a Call to another number or with other data.

    Unknown settings are not changed settings.
    """
    if facts.resource is None:
        return False
    # Protocol 7: a batch with a revoked mark is cancelled whenever it appears, so its waiting people always move.
    if remote_record.mark in facts.resource_record.revoked:
        return True
    if (
        facts.is_single_call
        and remote is not None
        and remote.route is Route.BATCH
        and _is_other_person(facts, remote_record, remote)
    ):
        return True
    if remote_record.settings is not None:
        return remote_record.settings != facts.resource.settings_digest
    if remote is not None and remote.mark is not None:
        return remote.mark.settings != mark.settings_hash(facts.resource.settings_digest)
    return False


def _is_other_person(facts: Facts, remote_record: RemoteRecord, remote: Remote) -> bool:
    """Whether its one person is not the one wanted now: by the digest of what was sent, or else by the number."""
    assert facts.resource is not None
    if remote_record.payloads is not None:
        return remote_record.payloads != facts.resource.recipients.payloads
    numbers = facts.resource.recipients.frame.get_column("number").to_list()
    return remote.members is not None and remote.members.get_column("number").to_list() != numbers
