"""A provider's list, read as far as it is needed and no further. Reads only; knows nothing of what is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from declarative.remote import Remote

MARGIN = timedelta(minutes=5)
"""Clocks of one provider's machines may differ a little; a list counts as read back to a moment only with this to
spare."""
_NOTHING_READ = datetime.max.replace(tzinfo=UTC)


class Listing:
    """Pages of one or several histories, each newest first; every entry read so far in `seen`, by id."""

    def __init__(self, *histories: Iterator[list[Remote]]) -> None:
        self._floors: dict[Iterator[list[Remote]], datetime] = dict.fromkeys(histories, _NOTHING_READ)
        self.seen: dict[str, Remote] = {}

    @property
    def floor(self) -> datetime | None:
        """Every history is read without a gap from its newest entry to here; None once all were read to their end."""
        return max(self._floors.values(), default=None)

    def reaches(self, moment: datetime) -> bool:
        """Whether everything listed that was created since `moment` was read."""
        floor = self.floor
        return floor is None or floor < moment - MARGIN

    def read_until(self, enough: Callable[[Listing], bool]) -> None:
        """Reads page after page until `enough`, or to the end. Raises ProviderError."""
        while self._floors and not (self.seen and enough(self)):
            self._read_page()

    def read_all(self) -> None:
        self.read_until(lambda _: False)

    def _read_page(self) -> None:
        """Of the history that was read back the least."""
        behind = max(self._floors, key=self._floors.__getitem__)
        page = next(behind, None)
        if page is None:
            del self._floors[behind]
            return
        for remote in page:
            self.seen.setdefault(remote.id, remote)
            if remote.created_at:
                self._floors[behind] = min(self._floors[behind], remote.created_at)
