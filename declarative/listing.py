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
    """Pages newest first; every entry read so far in `seen`, by id."""

    def __init__(self, pages: Iterator[list[Remote]]) -> None:
        self._pages = pages
        self._ended = False
        self._oldest: datetime | None = None
        self.seen: dict[str, Remote] = {}

    @property
    def floor(self) -> datetime | None:
        """The list is read without a gap from its newest entry to here; None once it was read to its end."""
        return None if self._ended else (self._oldest or _NOTHING_READ)

    def reaches(self, moment: datetime) -> bool:
        """Whether everything listed that was created since `moment` was read."""
        floor = self.floor
        return floor is None or floor < moment - MARGIN

    def read_until(self, enough: Callable[[Listing], bool]) -> None:
        """Reads page after page until `enough`, or to the end. Raises ProviderError."""
        while not self._ended and not (self.seen and enough(self)):
            self._read_page()

    def read_all(self) -> None:
        self.read_until(lambda _: False)

    def _read_page(self) -> None:
        page = next(self._pages, None)
        if page is None:
            self._ended = True
            return
        for remote in page:
            self.seen.setdefault(remote.id, remote)
            if remote.created_at and (self._oldest is None or remote.created_at < self._oldest):
                self._oldest = remote.created_at
