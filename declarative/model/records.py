"""How intents and what was seen become what is remembered. Pure."""

from __future__ import annotations

from dataclasses import replace

from declarative.model import mark
from declarative.model.lock import Intent, RemoteRecord
from declarative.model.remote import Phase, Remote
from declarative.planning.facts import is_over


def from_intent(intent: Intent, remote: Remote, doubts: tuple[str, ...] = ()) -> RemoteRecord:
    """The record of what a submission brought into being; `doubts` are marks whose absence is not proven."""
    return refreshed(replace(_sent(intent), doubts=doubts), remote)


def from_refusal(intent: Intent) -> RemoteRecord:
    """The record of a single call that was turned away before any phone rang."""
    return replace(_sent(intent), count=1, numbers=None, payloads=None, phase=Phase.REFUSED, settled=True)


def _sent(intent: Intent) -> RemoteRecord:
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
    )


def from_mark(remote: Remote) -> RemoteRecord:
    """The record of something of ours that the lock did not know: what its mark tells."""
    signed = remote.mark
    known = RemoteRecord(
        route=remote.route,
        mark=str(signed) if signed else None,
        generation=signed.generation if signed else 0,
        shard=signed.shard if signed else 1,
        attempt=signed.attempt if signed else 1,
        count=remote.total,
        created_at=remote.created_at,
    )
    return refreshed(known, remote)


def refreshed(known: RemoteRecord, remote: Remote) -> RemoteRecord:
    """The record with the counters and the outcome as now seen. Settled only when over and read with its people."""
    fresh = replace(
        known,
        status=remote.status,
        cancelled=remote.cancelled,
        dispatched=remote.dispatched,
        finished=remote.finished,
        retry_count=_most(known.retry_count, remote.retry_count),
        last_updated_at=remote.last_updated_at,
        created_at=known.created_at or remote.created_at,
        settled=remote.members is not None and is_over(remote),
    )
    if known.person is None or remote.members is None or remote.members.is_empty():
        return fresh
    member = remote.members.row(0, named=True)
    return replace(fresh, phase=member["phase"], outcome=member["outcome"])


def with_retry(known: RemoteRecord, intent: Intent) -> RemoteRecord:
    """The record of a batch whose retry request is known to have been taken, whatever count the provider shows: an
    answer may be older than what it answers, and a retry that went uncounted would be sent again."""
    return replace(known, retry_count=_most(known.retry_count, (intent.retry_count or 0) + 1))


def _most(known: int | None, shown: int | None) -> int | None:
    """Retries never become fewer: one may have been answered, or declared by a person, that the provider does not
    show."""
    return max(known, shown) if known is not None and shown is not None else shown if known is None else known


def as_remote(remote_id: str, known: RemoteRecord) -> Remote:
    """A settled batch that the list was not read back to, as it was last seen."""
    return Remote(
        id=remote_id,
        route=known.route,
        name="",
        mark=mark.parse(known.mark),
        status=known.status,
        cancelled=known.cancelled,
        total=known.count,
        dispatched=known.dispatched,
        finished=known.finished,
        retry_count=known.retry_count,
        created_at=known.created_at,
        last_updated_at=known.last_updated_at,
    )
