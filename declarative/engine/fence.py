"""The fence of a lost request: from when it can call no one any more, and what proves then that it never arrived. Pure.

A listing that shows the younger shows the older. So a list that shows anything created after the fence, and not the
mark, disproves the request. Time alone disproves nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from declarative.engine.listing import MARGIN, Listing
from declarative.model.lock import LONGEST_GUARD, Intent, Lock
from declarative.model.remote import Remote

STAMPS_DIFFER = timedelta(seconds=10)
"""By how much two machines of a provider may stamp two things that happen at the same time. It covers stamps in whole
seconds."""

LIST_KEEPS = timedelta(days=1)
"""A list that may end before the beginning shows at least what is younger."""


def find_fence(
    sent_at: datetime, scheduled_at: datetime | None, *, refuses_past: bool, ends_at: datetime | None = None
) -> datetime:
    """The moment from which a request for a batch can call no one any more if it still lands."""
    # Protocol 5: a start that has passed is refused where the provider refuses the past. A request with a start more
    # than an hour away is accepted until then: what lands after an hour is seen and cancelled before it starts.
    latest = sent_at + LONGEST_GUARD
    if refuses_past and scheduled_at is not None and scheduled_at <= latest:
        return scheduled_at
    # Where the provider takes the past and obeys an end, a request that lands after its end calls no one.
    if not refuses_past and ends_at is not None and (scheduled_at or sent_at) <= latest:
        return ends_at
    return latest


def without_old_fence(intent: Intent, now: datetime) -> Intent:
    """Return an intent at a provider whose lists end before the beginning. Of one that is older than what such a list
    surely shows, no list says anything: its fence is unknown."""
    # Protocol 12: what the provider has forgotten looks as if it had never arrived.
    return replace(intent, fence=None) if now - intent.sent_at > LIST_KEEPS else intent


def find_probe_time(intent: Intent, settle: timedelta) -> datetime | None:
    """When a list probe may be made for a lost batch: its fence has passed, and the list had `settle` to show it. None
    where its fence is not known: only a person can tell then."""
    if intent.fence is None:
        return None
    return max(intent.sent_at + settle, intent.fence + STAMPS_DIFFER + timedelta(seconds=2))


def is_disproved(intent: Intent, listing: Listing, lock: Lock) -> bool:
    """Whether a list that was read back past the send, and that does not show the mark, proves its absence."""
    if intent.fence is None or not listing.reaches(intent.sent_at):
        return False
    # Protocol 12: a list without names, or with cut ones, could show the lost batch without its mark.
    if _hides_marks(listing, lock) or any(
        not remote.name and (remote.created_at is None or remote.created_at >= intent.sent_at - MARGIN)
        for remote in listing.entries.values()
    ):
        return False
    earliest_proof = intent.fence + STAMPS_DIFFER
    births = (_find_birth(remote, lock) for remote in listing.entries.values() if remote.name)
    return any(birth is not None and birth > earliest_proof for birth in births)


def shows_mark(listing: Listing, remote_id: str, mark: str | None) -> bool:
    """Whether the list shows a remote under the mark that it was sent with."""
    remote = listing.entries.get(remote_id)
    return remote is not None and remote.mark is not None and str(remote.mark) == mark


def _hides_marks(listing: Listing, lock: Lock) -> bool:
    """Whether the list shows something of ours without the mark that the lock knows it by."""
    marks: Collection[tuple[str, str]] = [
        (remote_id, remote_record.mark)
        for resource_record in lock.resources.values()
        for remote_id, remote_record in resource_record.remotes.items()
        if remote_record.mark and remote_id in listing.entries
    ]
    return any(not shows_mark(listing, remote_id, mark) for remote_id, mark in marks)


def _find_birth(remote: Remote, lock: Lock) -> datetime | None:
    """When a listed remote was created. The mark of our own list probe says it where the provider gives no time."""
    if remote.created_at is None and remote.mark and remote.mark.is_probe and remote.mark.lineage == lock.lineage:
        return datetime.fromtimestamp(remote.mark.generation, UTC)
    return remote.created_at
