"""How records are made of intents and of remotes, and how two records of one thing are joined. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from declarative.model import digest, mark
from declarative.model.lock import CancelProgress, Ended, Intent, RemoteRecord, RequestKind, ResourceRecord
from declarative.model.remote import Phase, Remote, holds_queued, is_over
from declarative.model.resource import Route

_Value = TypeVar("_Value")


def from_intent(intent: Intent, remote: Remote) -> RemoteRecord:
    """The record of what a submission created."""
    return refreshed(_record_from_intent(intent), remote)


def from_partial(intent: Intent, remote: Remote) -> RemoteRecord:
    """The record of a batch that took some of its people, as its answer says. Which of them, its members tell."""
    return refreshed(replace(_record_from_intent(intent), count=remote.total, numbers=None, payloads=None), remote)


def from_placed(intent: Intent) -> RemoteRecord:
    """The record of a lost batch that a person declared placed, without its being known who was in it."""
    return replace(_record_from_intent(intent), closed=True, settled=True, unnamed=True)


def from_refusal(intent: Intent) -> RemoteRecord:
    """The record of a single call that the provider refused before any phone was called."""
    return replace(_record_from_intent(intent), count=1, numbers=None, payloads=None, phase=Phase.REFUSED, settled=True)


def _record_from_intent(intent: Intent) -> RemoteRecord:
    return RemoteRecord(
        route=intent.route,
        mark=intent.mark,
        generation=intent.generation,
        shard=intent.shard,
        attempt=intent.attempt,
        count=intent.count,
        settings=intent.settings,
        numbers=intent.numbers,
        payloads=intent.payloads,
        person=intent.person,
        created_at=intent.sent_at,
        origin=intent.origin,
    )


def from_mark(remote: Remote) -> RemoteRecord:
    """The record of a remote that is ours and that the lock did not know: what its mark tells."""
    remote_mark = remote.mark
    remote_record = RemoteRecord(
        route=remote.route,
        mark=str(remote_mark) if remote_mark else None,
        generation=remote_mark.generation if remote_mark else 0,
        shard=remote_mark.shard if remote_mark else 1,
        attempt=remote_mark.attempt if remote_mark else 1,
        count=remote.total,
        created_at=remote.created_at,
    )
    return refreshed(remote_record, remote)


def with_closed(record: ResourceRecord, is_closed: Callable[[RemoteRecord], bool]) -> ResourceRecord:
    """The record with these of its remotes closed: nobody reads them then. For reading alone; it is never written."""
    closed = {key: replace(remote, closed=True) for key, remote in record.remotes.items() if is_closed(remote)}
    return replace(record, remotes={**record.remotes, **closed})


def refreshed(remote_record: RemoteRecord, remote: Remote) -> RemoteRecord:
    """The record with counters and outcome as now seen. It is settled only if it is over, and its members were read and
    none of them is queued in a live batch."""
    updated = replace(
        remote_record,
        count=_known_count(remote_record, remote),
        status=remote.status,
        cancelled=remote.cancelled,
        dispatched=remote.dispatched,
        finished=remote.finished,
        retry_count=_larger_count(remote_record.retry_count, remote.retry_count),
        last_updated_at=remote.last_updated_at,
        created_at=remote_record.created_at or remote.created_at,
        settled=_is_read_whole(remote_record, remote) and is_over(remote) and not holds_queued(remote),
    )
    if remote_record.person is None or remote.members is None or remote.members.is_empty():
        return updated
    member = remote.members.row(0, named=True)
    return replace(updated, phase=member["phase"], outcome=member["outcome"])


def _is_read_whole(remote_record: RemoteRecord, remote: Remote) -> bool:
    """Whether its members were read, and a batch shows as many people as it counts and as were sent."""
    if remote.members is None or remote.route is Route.CALL:
        return remote.members is not None
    known_count = _known_count(remote_record, remote)
    shown = _count_shown(remote)
    return shown == remote.total and (known_count <= 0 or shown == known_count)


def _known_count(remote_record: RemoteRecord, remote: Remote) -> int:
    """How many people a remote holds. Where it is not known who was sent, the most that it ever showed: the answer to
    its request may have counted too few."""
    if remote_record.numbers is not None or remote_record.route is Route.CALL or remote.members is None:
        return remote_record.count
    return max(remote_record.count, _count_shown(remote))


def _count_shown(remote: Remote) -> int:
    assert remote.members is not None
    return remote.members.get_column("number").drop_nulls().n_unique()


def from_answer(resource_record: ResourceRecord, intent: Intent, remote: Remote) -> RemoteRecord:
    """The record of a batch or call after the request of this intent was answered with it."""
    if intent.request is RequestKind.RETRY:
        return with_retry(refreshed(resource_record.remotes[remote.id], remote), intent)
    return from_intent(intent, remote)


def with_retry(remote_record: RemoteRecord, intent: Intent) -> RemoteRecord:
    """The record of a batch whose retry request is known to have been accepted, whatever count the provider shows."""
    # Protocol 9: an answer may be older than the request that it answers. A retry that is not counted is sent again.
    retry_count = _larger_count(remote_record.retry_count, (intent.retry_count or 0) + 1)
    return replace(remote_record, retry_count=retry_count, retried=intent.origin or remote_record.retried)


def _larger_count(recorded: int | None, reported: int | None) -> int | None:
    """The larger of two retry counts. None: neither is known."""
    # Protocol 9: attempts are an upper bound. The provider may lag behind a retry that was answered, or that a person
    # declared, so the count never falls.
    return max((count for count in (recorded, reported) if count is not None), default=None)


def as_remote(remote_id: str, remote_record: RemoteRecord) -> Remote:
    """A settled batch as it was last seen, for when the list was not read as far back as this batch."""
    return Remote(
        id=remote_id,
        route=remote_record.route,
        name="",
        mark=mark.parse(remote_record.mark),
        status=remote_record.status,
        cancelled=remote_record.cancelled,
        total=remote_record.count,
        dispatched=remote_record.dispatched,
        finished=remote_record.finished,
        retry_count=remote_record.retry_count,
        created_at=remote_record.created_at,
        last_updated_at=remote_record.last_updated_at,
    )


_NO_TIME = datetime.min.replace(tzinfo=UTC)
_CANCEL = (None, CancelProgress.ASKED, CancelProgress.DONE)
"""How far a cancel has come, in order."""


def join_records(first: ResourceRecord, second: ResourceRecord) -> ResourceRecord:
    """What two records of one address know together. Which is first makes no difference.

    The record with the higher generation says what was applied. What was approved is known only where both say the
    same. Remotes, open intents, revoked marks and people who
    were called are those of both.
    """
    base = max(first, second, key=lambda record: (record.generation, digest.canonical_json(record)))
    latest = max(first, second, key=_commit_order)
    resumed_last = max(first, second, key=_resume_order)
    remotes = join_mappings(first.remotes, second.remotes, join_remote_records)
    intents = join_mappings(first.intents, second.intents, _more_cautious_intent)
    return replace(
        base,
        commit=latest.commit,
        committed_at=latest.committed_at,
        applied=latest.applied,
        halted=resumed_last.halted,
        resumed=resumed_last.resumed,
        approved=first.approved if first.approved == second.approved else "",
        tombstone=first.tombstone and second.tombstone,
        remotes=remotes,
        intents={mark: intent for mark, intent in intents.items() if not _is_resolved(intent, remotes, first, second)},
        placed=tuple(sorted({*first.placed, *second.placed})),
        unseen=tuple(sorted({*first.unseen, *second.unseen} - {*first.placed, *second.placed})),
        revoked=tuple(sorted({*first.revoked, *second.revoked})),
        quiet=first.quiet if first == second else None,
        lists=join_mappings(first.lists, second.lists, max),
        history=max(first.history, second.history),
    )


def _commit_order(record: ResourceRecord) -> tuple[float, str, str]:
    committed_at = record.committed_at.timestamp() if record.committed_at else 0.0
    return (committed_at, record.commit or "", record.applied)


def _resume_order(record: ResourceRecord) -> tuple[int, bool, bytes]:
    """The side that was resumed later comes last; where neither was, the one that is halted."""
    resumed = record.resumed or Ended()
    return (resumed.people, record.halted is not None, digest.canonical_json([record.halted, resumed]))


def join_remote_records(first: RemoteRecord, second: RemoteRecord) -> RemoteRecord:
    """The later of two records of one remote, with the furthest progress of our own cancel."""
    latest = max(first, second, key=_recency)
    return replace(
        latest,
        cancel=max(first.cancel, second.cancel, key=_CANCEL.index),
        taken_off=join_mappings(first.taken_off, second.taken_off, lambda *both: max(both, key=_CANCEL.index)),
        closed=first.closed or second.closed,
        # Where one side names its people, their digests are under `placed` of the joined record.
        unnamed=all(record.unnamed for record in (first, second) if record.closed) and (first.closed or second.closed),
        origin=latest.origin or first.origin or second.origin,
        retried=latest.retried or first.retried or second.retried,
    )


def join_mappings(
    first: Mapping[str, _Value], second: Mapping[str, _Value], join_values: Callable[[_Value, _Value], _Value]
) -> dict[str, _Value]:
    """The entries of both. `join_values` makes one value of two that have the same key."""
    shared = {key: join_values(first[key], second[key]) for key in first.keys() & second.keys()}
    return {**first, **second, **shared}


def _recency(remote_record: RemoteRecord) -> tuple[int, bool, int, int, str, bytes]:
    retries = -1 if remote_record.retry_count is None else remote_record.retry_count
    cancel = _CANCEL.index(remote_record.cancel)
    return (
        cancel,
        remote_record.settled,
        retries,
        remote_record.finished,
        remote_record.last_updated_at,
        _text(remote_record),
    )


def _more_cautious_intent(first: Intent, second: Intent) -> Intent:
    """Of two records of one intent, the one whose absence is proven later."""
    # An unknown fence is the latest: nothing disproves that intent.
    return max(first, second, key=lambda intent: (intent.fence is None, intent.fence or _NO_TIME, _text(intent)))


def _is_resolved(
    intent: Intent, remotes: Mapping[str, RemoteRecord], first: ResourceRecord, second: ResourceRecord
) -> bool:
    """Whether one side has found out that the request happened, and so no longer has it open."""
    closed_remotes = {key for side in (first, second) if intent.mark not in side.intents for key in side.remotes}
    if intent.request is RequestKind.SUBMIT:
        return any(remotes[key].mark == intent.mark for key in closed_remotes)
    return intent.remote in closed_remotes and (remotes[intent.remote].retry_count or 0) > (intent.retry_count or 0)


def _text(value: RemoteRecord | Intent) -> bytes:
    """Breaks ties, so that the order of two sides makes no difference. orjson writes dataclasses by itself."""
    return digest.canonical_json(value)
