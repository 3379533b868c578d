"""What holds for all members of one remote batch or call: the columns of entries. Pure; nothing is decided here."""

from __future__ import annotations

from typing import Any

import polars as pl

from declarative.model import frames, mark
from declarative.model.lock import CancelProgress, RemoteRecord
from declarative.model.remote import MEMBER_COLUMNS, Phase, Remote, is_over, parse_timestamp
from declarative.model.resource import Route
from declarative.planning.facts import Facts
from declarative.planning.taking_back import can_cancel

SCHEMA: dict[str, Any] = {
    "address": pl.UInt32,
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
    "silent": pl.Boolean,
    "doubtful": pl.Boolean,
}
"""Columns of entries: MEMBER_COLUMNS, the place of the address (columns.py), and facts of the batch or call.

`remote`: its id. `retries`: retry requests that took effect on it. `live`: it is not cancelled. `touchable`: we may
cancel it, which we may not for `also` batches, single calls that no cancel takes back, and those that have begun where
that is too late.
`by_us`: its cancel was an intent of ours, and settled; or its window closed, and its type proves who was left out.
`cancel_answered`: the provider took a cancel of ours. Of somebody whom we took off alone, both speak of that request.
`over_at`: when it was over, if it is. `stale`: settings, or the person of a Call, differ from those wanted now.
`revoked`: its mark was. `exact`: the data of its people are known to be those wanted now; told only where data matter.
`silent`: the provider returns none. `doubtful`: a retry's answer was lost.
"""


def identify_members(facts: Facts, remote: Remote) -> pl.DataFrame:
    """Return the members of a remote that was read in full, corrected where a single call shows no number, or another
    one.

    A call of a Call address whose number is not readable is still the one call of that address. One of many single
    calls that shows another number than it was placed to says nothing about either person: a
    provider may leave open which of two numbers belongs to which side.
    """
    assert remote.members is not None
    remote_record, members = _get_remote_record(facts, remote), remote.members
    if len(members) and not facts.is_single_call and remote_record.route is Route.CALL and remote_record.person:
        person = facts.key.digest_person(facts.lineage, members.item(0, "number"))
        return members if person == remote_record.person else members.clear()
    if len(members) or not facts.is_single_call or remote_record.person:
        return members
    unknown_member = dict.fromkeys(MEMBER_COLUMNS) | {"number": "", "phase": str(Phase.UNKNOWN)}
    return pl.DataFrame([unknown_member], schema=dict.fromkeys(MEMBER_COLUMNS, pl.String))


def batch_facts(facts: Facts, remote: Remote) -> dict[str, Any]:
    """Return the columns of SCHEMA that hold for all members of a remote. `exact` is filled in later."""
    remote_record = _get_remote_record(facts, remote)
    returns_data = facts.capabilities is None or facts.capabilities.returns_data
    return {
        "remote": remote.id,
        "created_at": remote.created_at,
        "attempt": remote_record.attempt,
        "retries": max(remote.retry_count or 0, remote_record.retry_count or 0),
        "live": not remote.cancelled,
        "touchable": remote.id not in facts.also and can_cancel(facts, remote),
        "by_us": facts.is_cancel_settled(remote_record) or _has_closed(facts, remote),
        "cancel_answered": remote_record.cancel is CancelProgress.DONE,
        "over": is_over(remote),
        "over_at": parse_timestamp(remote.last_updated_at) or remote.created_at,
        "stale": _is_stale(facts, remote_record, remote),
        "revoked": remote_record.mark in facts.resource_record.revoked,
        "exact": False,
        "silent": not returns_data,
        "doubtful": remote.id in facts.doubtful_retries(),
    }


def find_taken_off(facts: Facts, remote: Remote, members: pl.DataFrame) -> pl.DataFrame:
    """Return `number` and `answered` of the people whom requests of ours took off a batch alone, or were to: whether
    the provider answered. Those who were called all the same are among them, and read so."""
    if not (taken_off := _get_remote_record(facts, remote).taken_off):
        return pl.DataFrame(schema={"number": pl.String, "answered": pl.Boolean})
    waited = members.filter(pl.col("phase").is_in([Phase.QUEUED, Phase.CANCELLED]))
    progress = [(person, word is CancelProgress.DONE) for person, word in taken_off.items()]
    asked = pl.DataFrame(progress, schema={"person": pl.String, "answered": pl.Boolean}, orient="row")
    persons = frames.with_person_digest(waited.select("number"), facts.key, facts.lineage)
    return persons.join(asked, on="person").select("number", "answered")


def call_facts(facts: Facts, remote_id: str, remote_record: RemoteRecord) -> dict[str, Any]:
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
        "live": not remote_record.cancelled,
        "touchable": False,
        "by_us": facts.is_cancel_settled(remote_record),
        "cancel_answered": False,
        "over": remote_record.settled,
        "over_at": parse_timestamp(remote_record.last_updated_at) or remote_record.created_at,
        "stale": _is_stale(facts, remote_record, None),
        "revoked": False,
        "exact": False,
        "silent": False,
        "doubtful": False,
    }


def _has_closed(facts: Facts, remote: Remote) -> bool:
    """Whether a batch ended by itself, and its type proves that whoever reads CANCELLED in it was never called."""
    ends_unreached = facts.capabilities is not None and facts.capabilities.ends_unreached
    return ends_unreached and not remote.cancelled and is_over(remote)


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
    numbers = facts.resource.recipients.rows.get_column("number").to_list()
    return remote.members is not None and remote.members.get_column("number").to_list() != numbers
