"""A provider's list, read as far as it is needed and no further. Reads only; knows nothing of what is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from declarative.model.remote import EARLIEST_TIME, Remote

MARGIN = timedelta(minutes=5)
"""Clocks of one provider's machines may differ a little; a list counts as read back to a moment only with this to
spare."""
_NOTHING_READ = datetime.max.replace(tzinfo=UTC)


@dataclass(eq=False)
class _History:
    """Pages, newest first, as is promised. Once one is seen to be in another order, only its end proves anything."""

    pages: Iterator[list[Remote]]
    oldest: datetime = _NOTHING_READ
    ordered: bool = True

    @property
    def floor(self) -> datetime:
        return self.oldest if self.ordered else _NOTHING_READ

    def extend_to(self, created_at: datetime) -> None:
        self.ordered = self.ordered and created_at - MARGIN <= self.oldest
        self.oldest = min(self.oldest, created_at)


class Listing:
    """Pages of one or several histories, each newest first; every entry read so far in `seen`, by id. A time that
    cannot be true by `now`, the provider's clock, is none: it would prove a depth that was never read, or show
    something younger than a request that is still on its way."""

    def __init__(self, clock: Callable[[], datetime], *histories: Iterator[list[Remote]]) -> None:
        self._clock = clock
        self._histories = [_History(pages) for pages in histories]
        self.entries: dict[str, Remote] = {}

    @property
    def floor(self) -> datetime | None:
        """Every history is read without a gap from its newest entry to here; None once all were read to their end."""
        return max((history.floor for history in self._histories), default=None)

    def reaches(self, moment: datetime) -> bool:
        """Whether everything listed that was created since `moment` was read."""
        floor = self.floor
        return floor is None or floor < moment - MARGIN

    def read_until(self, is_enough: Callable[[Listing], bool]) -> None:
        """Reads page after page until `enough`, or to the end. Raises ProviderError."""
        while self._histories and not (self.entries and is_enough(self)):
            self._read_page()

    def read_all(self) -> None:
        self.read_until(lambda _: False)

    def _read_page(self) -> None:
        """Of the history that was read back the least."""
        history = max(self._histories, key=lambda history: history.floor)
        page = next(history.pages, None)
        if page is None:
            self._histories.remove(history)
            return
        latest_possible = self._clock() + MARGIN
        for remote in page:
            if remote.id in self.entries:
                continue
            is_plausible = remote.created_at is not None and EARLIEST_TIME <= remote.created_at <= latest_possible
            self.entries[remote.id] = entry = remote if is_plausible else replace(remote, created_at=None)
            if entry.created_at:
                history.extend_to(entry.created_at)
