"""What our cancel of a batch or a call can prove of its people. Pure."""

from __future__ import annotations

from declarative.model.capabilities import CANCEL_MARGIN, Cancellable, CancelProof
from declarative.model.lock import CancelProgress, RemoteRecord
from declarative.model.remote import Remote
from declarative.model.resource import Route
from declarative.planning.facts import Facts


def can_cancel(facts: Facts, remote: Remote) -> bool:
    """Return whether a cancel could prove of people who wait in a batch or call that they were never called."""
    if remote.route is Route.CALL:
        return facts.takes_calls_back
    # Protocol 8: where a cancel proves nothing once the batch has begun, or destroys what is known, nobody is taken off
    # then. Whoever waits there counts as called.
    if facts.capabilities is None or facts.capabilities.cancellable is not Cancellable.BEFORE_START:
        return True
    return remote.scheduled_at is not None and facts.now + CANCEL_MARGIN <= remote.scheduled_at


def is_forgotten_in_time(facts: Facts, remote_record: RemoteRecord) -> bool:
    """Return whether our cancel of a batch that the provider does not know came in time: it called nobody."""
    # Protocol 8: that it is gone proves this only where the provider forgets what is cancelled, and where the cancel
    # was answered in time, or the answer that it is gone comes from before the start.
    capabilities = facts.capabilities
    if capabilities is None or capabilities.cancel_proof is not CancelProof.ABSENCE or remote_record.cancel is None:
        return False
    starts_at = remote_record.starts_at
    in_time = starts_at is not None and facts.now + CANCEL_MARGIN <= starts_at
    return in_time or remote_record.cancel is CancelProgress.DONE
