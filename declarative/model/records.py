"""How intents and what was seen become what is remembered. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from declarative.model import digest, mark
from declarative.model.lock import CancelProgress, Intent, RemoteRecord, RequestKind, ResourceRecord
from declarative.model.remote import Phase, Remote, is_over


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


_Value = TypeVar("_Value")


_CANCEL = (None, CancelProgress.ASKED, CancelProgress.DONE)


def join_records(one: ResourceRecord, two: ResourceRecord) -> ResourceRecord:
    """What two locks know of one address."""
    base = max(one, two, key=lambda record: (record.generation, digest.canonical(encode(record))))
    remotes = _union(one.remotes, two.remotes, join_remotes)
    intents = _union(one.intents, two.intents, _careful)
    return replace(
        base,
        tombstone=one.tombstone and two.tombstone,
        remotes=remotes,
        intents={mark: intent for mark, intent in intents.items() if not _resolved(intent, remotes, one, two)},
        placed=tuple(sorted({*one.placed, *two.placed})),
        unseen=tuple(sorted({*one.unseen, *two.unseen} - {*one.placed, *two.placed})),
        revoked=tuple(sorted({*one.revoked, *two.revoked})),
        quiet=one.quiet if one == two else None,
    )


def join_remotes(one: RemoteRecord, two: RemoteRecord) -> RemoteRecord:
    """The later sight of one remote thing. How far our own cancel has come is never forgotten; a doubt that
    one side has laid to rest, it has laid to rest by proof."""
    later = max(one, two, key=_lateness)
    return replace(
        later,
        cancel=max(one.cancel, two.cancel, key=_CANCEL.index),
        doubts=tuple(sorted({*one.doubts} & {*two.doubts})),
    )


def _lateness(remote: RemoteRecord) -> tuple[int, bool, int, int, str, bytes]:
    retries = -1 if remote.retry_count is None else remote.retry_count
    cancel = _CANCEL.index(remote.cancel)
    return (cancel, remote.settled, retries, remote.finished, remote.last_updated_at, _text(remote))


def _careful(one: Intent, two: Intent) -> Intent:
    """Of one intent the sight that concludes less from not having been found."""
    return min(one, two, key=lambda intent: (intent.absent, intent.probe is not None, _text(intent)))


def _resolved(intent: Intent, remotes: Mapping[str, RemoteRecord], one: ResourceRecord, two: ResourceRecord) -> bool:
    """Whether one side has found out that it happened, and so no longer has it open."""
    closed = {key for side in (one, two) if intent.mark not in side.intents for key in side.remotes}
    if intent.request is RequestKind.SUBMIT:
        return any(remotes[key].mark == intent.mark for key in closed)
    return intent.remote in closed and (remotes[intent.remote].retry_count or 0) > (intent.retry_count or 0)


def _union(
    one: Mapping[str, _Value], two: Mapping[str, _Value], joined: Callable[[_Value, _Value], _Value]
) -> dict[str, _Value]:
    both = {key: joined(one[key], two[key]) for key in one.keys() & two.keys()}
    return {**one, **two, **both}


def _text(value: RemoteRecord | Intent) -> bytes:
    return digest.canonical(value)  # orjson writes dataclasses by itself
