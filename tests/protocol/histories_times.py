"""When the campaigns of a history may call: by every manifest that some run may still have acted on. Knows no command
and no provider."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from tests.protocol.histories_project import Wanted

Hours = tuple[str, str] | None
GUARD = timedelta(minutes=2, seconds=1)
GRACE = timedelta(seconds=60)
"""In which what was already handed to the provider's dialer still calls."""


@dataclass
class Times:
    """Calling hours and expiries by campaign: those of the last run that did all it was told, and of every commit
    since. `late`: by how much a request may have landed after it was sent."""

    hours: dict[int, set[Hours]] = field(default_factory=dict)
    expiries: dict[int, set[str | None]] = field(default_factory=dict)
    late: timedelta = timedelta()

    def commit(self, wanted: Iterable[Wanted]) -> None:
        for one in wanted:
            self.hours.setdefault(one.campaign, set()).add(one.hours)
            self.expiries.setdefault(one.campaign, set()).add(one.expires_at)

    def acted_on(self, wanted: Iterable[Wanted]) -> None:
        for one in wanted:
            self.hours[one.campaign], self.expiries[one.campaign] = {one.hours}, {one.expires_at}

    def check(self, campaign: int, at: datetime) -> None:
        """A batch that waits when the hours are edited keeps the start that it was given by the guard."""
        hours, expiries = self.hours[campaign], self.expiries[campaign]
        slack = (at, at + GUARD, at - GRACE - self.late)
        open_then = any(one is None or any(_open(one, moment) for moment in slack) for one in hours)
        assert open_then, f"{campaign} called at {at}, its calling hours were {hours}"
        in_time = any(one is None or at - GRACE - self.late <= datetime.fromisoformat(one) for one in expiries)
        assert in_time, f"{campaign} called at {at}, it expired at {expiries}"


def _open(hours: tuple[str, str], moment: datetime) -> bool:
    start, end = (time.fromisoformat(text) for text in hours)
    now = moment.time()
    return start <= now < end if start <= end else now >= start or now < end
