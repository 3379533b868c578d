"""The values that everyone shares: what was seen at a provider. No I/O, no clock, no provider's own words decide
anything above this line: adapters translate them into a Phase."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import polars as pl

from declarative.model.mark import Mark
from declarative.model.resource import Route

if TYPE_CHECKING:
    import polars as pl

EARLIEST_TIME = datetime(2010, 1, 1, tzinfo=UTC)
"""Older than any call of these providers. What programs write for no time at all is of the years 1 and 1970."""
MEMBER_COLUMNS = ("number", "phase", "outcome", "call_id", "payload", "error", "note")


class Phase(StrEnum):
    """Where one person stands within one remote batch or call, by their latest attempt there."""

    QUEUED = "queued"
    IN_FLIGHT = "in_flight"
    REACHED = "reached"
    UNREACHED = "unreached"
    REFUSED = "refused"  # turned away before any phone was called
    UNFUNDED = "unfunded"  # the same, for want of money: submitted again as if never tried
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"  # a word we do not know: counts as called


@dataclass(frozen=True, kw_only=True)
class Remote:
    """One batch, or one single call, as its provider describes it.

    `total`, `dispatched`, `finished` count recipients as the provider does; `retry_count` is None where the answer
    lacks it; times are aware UTC or None where absent; `last_updated_at` is the provider's text, only compared.
    `cancelled` is the thing's own status. `members` is None unless it was read in full: a frame of the String
    columns MEMBER_COLUMNS, a row a recipient: `phase` a Phase value, `outcome` the provider's own word (or null),
    `call_id` null when never dialed, `payload` the canonical JSON object of the person's data as echoed, our own mark
    taken out of it (null where the provider echoes none; may be null for whoever is neither queued nor refused, whose
    data decide nothing), `error` the provider's text or null,
    `note` a canonical JSON object of what else a person may want to know of the call (a voicemail, the result that
    the agent extracted), or null; nothing is decided by it. `total` is -1 where the answer lacks it, and so equals no
    count of members.
    """

    id: str
    route: Route
    name: str
    mark: Mark | None
    status: str
    cancelled: bool
    total: int
    dispatched: int
    finished: int
    retry_count: int | None = None
    created_at: datetime | None = None
    scheduled_at: datetime | None = None
    last_updated_at: str = ""
    agent_id: str = ""
    members: pl.DataFrame | None = None

    @property
    def state(self) -> tuple[str, int, int, int | None, str]:
        """What list and lock must agree on for the thing to count as unchanged."""
        return (self.status, self.dispatched, self.finished, self.retry_count, self.last_updated_at)

    def has_phase(self, *phases: Phase) -> bool:
        """Whether anybody of it stands so, as far as its people were read."""
        return self.members is not None and bool(self.members.get_column("phase").is_in(phases).any())


def parse_timestamp(text: str) -> datetime | None:
    """An ISO 8601 time as aware UTC, one without an offset taken for UTC; None for anything else, and for a time that
    nothing here can have."""
    try:
        timestamp = datetime.fromisoformat(text)
        timestamp = timestamp.replace(tzinfo=UTC) if timestamp.tzinfo is None else timestamp.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return timestamp if timestamp >= EARLIEST_TIME else None


def is_over(remote: Remote) -> bool:
    """Whether nobody of it calls or will call: by its counters, and after a cancel by its people. The status alone
    never tells: `completed` still has live calls (cartesia.md 3.2)."""
    if remote.total and remote.finished == remote.total:
        return True
    if remote.members is None or not remote.cancelled:
        return False
    return not remote.has_phase(Phase.QUEUED, Phase.IN_FLIGHT, Phase.UNKNOWN)


def holds_queued(remote: Remote) -> bool:
    """Whether a person in this batch is called unless it is cancelled, as far as its people were read. The counters may
    say that it is over all the same."""
    return remote.route is Route.BATCH and not remote.cancelled and remote.has_phase(Phase.QUEUED)
