"""What was seen at a provider. No I/O and no clock. Adapters translate a provider's words into a Phase, and above this
module no decision depends on the words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from declarative.model.mark import Mark
from declarative.model.resource import Route

if TYPE_CHECKING:
    import polars as pl

# Protocol 12: a time that cannot be true proves nothing.
EARLIEST_TIME = datetime(2010, 1, 1, tzinfo=UTC)
"""Older than any call of these providers. Programs that mean "no time" write the years 1 and 1970."""

MEMBER_COLUMNS = ("number", "phase", "outcome", "call_id", "payload", "error", "note")
"""String columns of a members frame, one row for each recipient.

- `number`: E.164.
- `phase`: a value of Phase.
- `outcome`: the provider's own word, or null.
- `call_id`: null if the person was never dialed.
- `payload`: the person's data as the provider returns them, a canonical JSON object without our own mark. Null where
  the provider returns none. It may also be null for people who are neither queued nor refused: their data decide
  nothing.
- `error`: the provider's text, or null.
- `note`: a canonical JSON object of what else a person may want to know of the call, or null: `called_at` (RFC 3339),
  `duration_seconds`, `answered_by`, `result` (what the provider extracted), `result_status`, `result_error`. It decides
  nothing.
"""


class Phase(StrEnum):
    """Where one person stands within one remote batch or call, by their latest attempt there."""

    QUEUED = "queued"
    IN_FLIGHT = "in_flight"
    REACHED = "reached"
    UNREACHED = "unreached"
    REFUSED = "refused"  # turned away before any phone was called
    UNFUNDED = "unfunded"  # the same, for lack of money: submitted again as if never tried
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"  # a word we do not know: counts as called


@dataclass(frozen=True, kw_only=True)
class Remote:
    """One batch, or one single call, as its provider describes it."""

    id: str
    """The provider's id."""
    route: Route
    """A batch, or a single call."""
    name: str
    """The provider's name for it. Empty where it has none."""
    mark: Mark | None
    """Our mark. None: it shows no mark."""
    status: str
    """The provider's own word."""
    cancelled: bool
    """The batch or call itself is cancelled. A member of it may still be in a call."""
    total: int
    """Recipients in it. -1 where the answer lacks the number, which equals no count of members."""
    dispatched: int
    """Recipients dispatched, as the provider counts."""
    finished: int
    """Recipients finished, as the provider counts."""
    retry_count: int | None = None
    """Retries by request. None: the answer lacks the number."""
    created_at: datetime | None = None
    """Aware, UTC. None: absent."""
    scheduled_at: datetime | None = None
    """When it starts to call. Aware, UTC. None: absent."""
    last_updated_at: str = ""
    """The provider's text. It is only compared."""
    queued_for: timedelta | None = None
    """How long a single call is expected to wait in the provider's own queue. None: the answer does not tell."""
    at_once: int | None = None
    """Calls that it has under way at the same time, at most. None: the answer does not tell."""
    agent_id: str = ""
    """The agent that calls. Empty: absent."""
    members: pl.DataFrame | None = None
    """A frame of MEMBER_COLUMNS. None unless it was read in full."""

    @property
    def state(self) -> tuple[str, int, int, int | None, str]:
        """What list and lock must agree on for it to count as unchanged."""
        return (self.status, self.dispatched, self.finished, self.retry_count, self.last_updated_at)

    def has_phase(self, *phases: Phase) -> bool:
        """Whether a member is in one of these phases. False while the members are unread."""
        return self.members is not None and bool(self.members.get_column("phase").is_in(phases).any())


def parse_timestamp(text: str) -> datetime | None:
    """An ISO 8601 time as aware UTC. A time without an offset is taken as UTC.

    None for any other text, and for a time before EARLIEST_TIME.
    """
    try:
        timestamp = datetime.fromisoformat(text)
        timestamp = timestamp.replace(tzinfo=UTC) if timestamp.tzinfo is None else timestamp.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return timestamp if timestamp >= EARLIEST_TIME else None


def is_over(remote: Remote) -> bool:
    """Whether it calls no one now and will call no one: by its counters, and after a cancel by its members."""
    # The status alone never says it: `completed` may still have live calls.
    if remote.total and remote.finished == remote.total:
        return True
    if remote.members is None or not remote.cancelled:
        return False
    # Protocol 8: after a cancel, only the status of each person says that they are free. An unknown word with an ending
    # is a call that ended; without one it may still be a call.
    return not remote.has_phase(Phase.QUEUED, Phase.IN_FLIGHT) and not count_unended(remote)


def count_unended(remote: Remote) -> int:
    """Count the people who read a word that nobody knows, and show no ending. 0 while the members are unread."""
    if remote.members is None:
        return 0
    phases, outcomes = remote.members.get_column("phase"), remote.members.get_column("outcome")
    return int(((phases == Phase.UNKNOWN) & outcomes.is_null()).sum())


def holds_queued(remote: Remote) -> bool:
    """Whether a person in this batch is called unless it is cancelled, as far as its people were read. The counters may
    say that it is over all the same."""
    return remote.route is Route.BATCH and not remote.cancelled and remote.has_phase(Phase.QUEUED)
