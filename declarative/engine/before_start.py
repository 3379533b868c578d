"""Batches that can be taken back only before they begin: read first, then cancelled, then found gone or `cancelled`.

Once such a batch has begun, a cancel proves nothing of its people, or destroys what is known of them. So none is sent.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from declarative.errors import ProviderError
from declarative.model.capabilities import CANCEL_MARGIN, CancelProof
from declarative.model.remote import Phase, Remote
from declarative.providers.base import Channel, Provider

ANSWERED_LATE = "it was taken back, and the answer came after its start: nothing tells whether it called anybody"
HAS_BEGUN = "it begins within 30 seconds, or has begun: taking it back now would prove nothing of its people"


def read_before_cancel(provider: Provider, channel: Channel, remote_id: str) -> tuple[Remote | None, str]:
    """The batch, where a cancel can still come in time; otherwise None, and why not."""
    try:
        remote = channel.read(remote_id)
        if remote is None:
            return None, "the provider does not know it"
        if remote.scheduled_at is None or provider.latest_now() + CANCEL_MARGIN > remote.scheduled_at:
            return None, HAS_BEGUN
    except ProviderError as error:
        return None, f"it could not be read before it was taken back: {error.message}"
    return remote, ""


def came_in_time(provider: Provider, channel: Channel, read_before: Remote | None) -> bool:
    """Whether the answer to a cancel proves that it came before the start, where only that proves anything."""
    # Protocol 8: a slow answer may be to a cancel that came after the call, and destroyed what was known of it.
    if read_before is None or channel.capabilities.cancel_proof is not CancelProof.ABSENCE:
        return True
    return read_before.scheduled_at is not None and provider.latest_now() < read_before.scheduled_at


def is_forgotten(provider: Provider, channel: Channel, read_before: Remote) -> bool:
    """Whether the provider does not know a batch any more, by an answer from before its start. Raises ProviderError."""
    if channel.read(read_before.id) is not None or read_before.scheduled_at is None:
        return False
    return provider.latest_now() + CANCEL_MARGIN <= read_before.scheduled_at


def as_cancelled(read_before: Remote) -> Remote:
    """The batch as it reads after a cancel that is proven to have come in time: nobody in it was called."""
    members = read_before.members
    cancelled = None if members is None else members.with_columns(pl.lit(str(Phase.CANCELLED)).alias("phase"))
    return replace(read_before, cancelled=True, members=cancelled)
