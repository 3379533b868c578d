"""Which of several replicas of `dialctl run` has the next round of a project: the one that had the last. The others
only read its note, which spares requests. The lease alone says who may send."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import orjson

from declarative.app.apply_report import ApplyReport
from declarative.errors import StateError
from declarative.planning.decide import Reason, Verb
from declarative.state.base import Backend

GRACE = 15.0
"""Seconds by which a round may be late until another replica has it, at most."""
LOOK = 60.0
"""Seconds between two looks at the note, at most: the time of a lease."""

_FOUND_EVERYWHERE = {
    Reason.UNSURE,
    Reason.MEMBERS_UNREADABLE,
    Reason.CANCELLED_ELSEWHERE,
    Reason.LOOKS_RENAMED,
    Reason.MARK_LOST,
    Reason.PROVIDER_CHANGED,
    Reason.RELEASED,
    Reason.HALTED,
}
"""Reasons to block that lie in the manifests, the lock or the calls. Any other may lie in the key, the network or the
checkout of one replica, and then another one may do better."""


def is_found_everywhere(report: ApplyReport, environment: Mapping[str, str]) -> bool:
    """Whether any other replica would have come to the same, as far as one of them can tell."""
    reasons = {action.reason for action in report.plan.actions_with_verb(Verb.BLOCK)}
    return (
        report.failure is None
        and not report.plan.has_unread
        and all(result.is_clean for result in report.results.values())
        and reasons <= _FOUND_EVERYWHERE
        and not environment.get("DIALCTL_HALT")
    )


@dataclass(frozen=True, kw_only=True)
class LastRound:
    """The note about the last round of a project. The fields are its JSON keys."""

    replica: str
    """Random characters that stand for the process that had it."""
    name: str
    """What people call that process."""
    at: datetime
    """When it ended, by the clock of its machine. Aware, UTC."""
    due: datetime
    """When that process will have the next one."""
    digest: str
    """The digest of the manifests that it applied."""

    @classmethod
    def from_json(cls, text: bytes | None) -> LastRound | None:
        """Read what `to_json` wrote. None for any other text: the note of a later version, say."""
        try:
            values = orjson.loads(text or b"")
            moments = {name: datetime.fromisoformat(values[name]) for name in ("at", "due")}
            return cls(**{**values, **moments})
        except (ValueError, TypeError, KeyError):
            return None

    def to_json(self) -> bytes:
        """The JSON text that `from_json` reads."""
        return orjson.dumps(self, option=orjson.OPT_UTC_Z)


@dataclass(kw_only=True)
class Turn:
    """The turn of one replica at one project. One thread at a time uses it."""

    interval: float
    """Seconds between two rounds at most."""
    replica: str = field(default_factory=lambda: secrets.token_hex(8))
    """Random characters that stand for this process."""
    clock: Callable[[], float] = time.monotonic
    """Seconds, from any start."""
    _seen: LastRound | None = None
    _until: float = 0.0

    @property
    def grace(self) -> float:
        """Seconds by which the round of another replica may be late."""
        return min(GRACE, self.interval)

    def find_other(self, backend: Backend, digest: str) -> LastRound | None:
        """The last round, where another replica had it with the same manifests and its next one is not late. Raises
        StateError."""
        last = LastRound.from_json(backend.read_round())
        if last is None or last.replica == self.replica or last.digest != digest:
            return None
        if last != self._seen:
            # Clocks may differ: a note counts from when it was first seen, and no longer than it says.
            remaining = (last.due - max(last.at, datetime.now(UTC))).total_seconds()
            self._seen = last
            self._until = self.clock() + min(self.interval, remaining) + self.grace
        return last if self.clock() < self._until else None

    @property
    def wait(self) -> float:
        """Seconds until the note must be read again."""
        return max(0.0, min(self.interval, LOOK, self._until - self.clock()))

    def note_round(self, backend: Backend, digest: str, wait: float) -> None:
        """Tell the other replicas that this one had a round, and has the next after `wait` seconds. It saves requests
        and nothing else, so a failure is ignored."""
        now = datetime.now(UTC)
        name = f"process {os.getpid()} on {socket.gethostname()}"
        note = LastRound(replica=self.replica, name=name, at=now, due=now + timedelta(seconds=wait), digest=digest)
        with suppress(StateError):
            backend.write_round(note.to_json())

    def give_up(self, backend: Backend) -> None:
        """Leave the next round to whichever replica looks first, if this one had the last."""
        with suppress(StateError):
            last = LastRound.from_json(backend.read_round())
            if last is not None and last.replica == self.replica:
                backend.write_round(b"{}")
