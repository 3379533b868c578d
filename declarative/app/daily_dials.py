"""How many people `dialctl run` called within the last day, as the lock keeps it by the hour. The project's `max_dials`
bounds it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from declarative.app.session import Session
from declarative.model.lock import Lock
from declarative.state.ledger import Ledger

_DAY = timedelta(hours=24)
_HOUR = "%Y-%m-%dT%H:00:00Z"


def find_limit(session: Session, ledger: Ledger, max_dials: int | None) -> int | None:
    """What remains of the project's `max_dials` for the last 24 hours, or `max_dials` of the run where that is less."""
    limit = session.desired.project.policy.max_dials
    if limit is None or not ledger.is_started:
        return max_dials
    remaining = max(0, limit - count_day(ledger.lock, _provider_time(session)))
    return remaining if max_dials is None else min(max_dials, remaining)


def count_day(lock: Lock, now: datetime) -> int:
    """Count the people in requests that `dialctl run` sent within the last day. An hour counts until all of it is over
    a day ago."""
    oldest = _oldest_hour(now)
    return sum(people for hour, people in lock.dials.items() if hour >= oldest)


def make_counter(session: Session, ledger: Ledger) -> Callable[[int], None]:
    """Make what counts the people of a request in the lock, before it is sent, and takes them out again if it was not
    done."""

    mutex = threading.Lock()  # requests may be in flight side by side

    def count(people: int) -> None:
        with mutex:
            now, dials = _provider_time(session), ledger.lock.dials
            hour, oldest = now.strftime(_HOUR), _oldest_hour(now)
            over = dict.fromkeys(name for name in dials if name < oldest)
            ledger.set_entries("dials", {**over, hour: max(0, dials.get(hour, 0) + people)})

    return count


def _oldest_hour(now: datetime) -> str:
    return (now - _DAY).strftime(_HOUR)


def _provider_time(session: Session) -> datetime:
    """The latest time that a provider of this run tells; where none does, that of this machine."""
    times = [provider.now() for provider in session.connections.connected_providers.values()]
    return max(times, default=datetime.now(UTC)).astimezone(UTC)
