"""Reads a provider's list as far as it is needed, and says how far a missing entry means anything. Reads only; knows
nothing of what is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from declarative.model.mark import Mark
from declarative.model.remote import EARLIEST_TIME, Remote

MARGIN = timedelta(minutes=5)
"""How far a list must be read beyond a moment to count as read back to it: clocks of one provider's machines differ."""
_NOTHING_READ = datetime.max.replace(tzinfo=UTC)
"""The floor of a history that proves nothing yet."""


@dataclass(eq=False)
class _History:
    """The pages of one list, which the provider promises newest first."""

    pages: Iterator[list[Remote]]
    """The pages that were not read yet."""
    oldest: datetime = _NOTHING_READ
    """The oldest time of creation read so far."""
    ordered: bool = True
    """Whether every entry so far was older than the ones before it, within MARGIN."""

    @property
    def floor(self) -> datetime:
        # Protocol 12: in a list of another order an older page may hold a younger entry. Only its end proves anything.
        return self.oldest if self.ordered else _NOTHING_READ

    def extend_to(self, created_at: datetime) -> None:
        """Counts one more entry."""
        self.ordered = self.ordered and created_at - MARGIN <= self.oldest
        self.oldest = min(self.oldest, created_at)


class Listing:
    """One or several lists of one provider, read page by page. `entries` holds every remote read so far, by id, as it
    was first seen. `clock` is the provider's."""

    def __init__(self, clock: Callable[[], datetime], *histories: Iterator[list[Remote]]) -> None:
        self._clock = clock
        self._histories = [_History(pages) for pages in histories]
        self.entries: dict[str, Remote] = {}
        self._by_address: dict[tuple[str, str], list[Remote]] = {}

    @property
    def floor(self) -> datetime | None:
        """The moment back to which every list was read without a gap. None once all were read to their end."""
        return max((history.floor for history in self._histories), default=None)

    def reaches(self, moment: datetime) -> bool:
        """Whether every entry that was created since `moment` has been read. Only then does a missing one mean
        anything."""
        floor = self.floor
        return floor is None or floor < moment - MARGIN

    def read_until(self, is_enough: Callable[[Listing], bool]) -> None:
        """Reads page after page until `is_enough`, or to the end. Reads at least one entry, if there is one. Raises
        ProviderError."""
        while self._histories and not (self.entries and is_enough(self)):
            self._read_page()

    def read_all(self) -> None:
        self.read_until(lambda _: False)

    def find_siblings(self, sibling_mark: Mark) -> Sequence[Remote]:
        """The entries read so far whose marks are of the same project and address."""
        return self._by_address.get((sibling_mark.project, sibling_mark.address), ())

    def _read_page(self) -> None:
        """Reads the next page of the list that was read back the least."""
        history = max(self._histories, key=lambda history: history.floor)
        page = next(history.pages, None)
        if page is None:
            self._histories.remove(history)
            return
        latest_possible = self._clock() + MARGIN
        for remote in page:
            if remote.id in self.entries:
                continue
            # Protocol 12: a time that cannot be true counts as none. It would prove a depth that was never read, or
            # show something younger than a request that is still on its way.
            is_plausible = remote.created_at is not None and EARLIEST_TIME <= remote.created_at <= latest_possible
            self.entries[remote.id] = entry = remote if is_plausible else replace(remote, created_at=None)
            if entry.mark:
                self._by_address.setdefault((entry.mark.project, entry.mark.address), []).append(entry)
            if entry.created_at:
                history.extend_to(entry.created_at)
