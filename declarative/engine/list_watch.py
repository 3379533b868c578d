"""Looks at the do-not-call lists again while a run dials: whoever is put on one meanwhile is not called. Makes no
request to a provider."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime

import polars as pl

from declarative.model.policy import ListLook
from declarative.model.resource import Resource

LOOK_SECONDS = 45.0
"""A look is not repeated before: so no request is sent more than a minute after one."""

_IsListed = Callable[[pl.Series], pl.Series]


class ListWatch:
    """The do-not-call lists of a run. `look_at_lists` reads them again. What a list held at any look stays in force, so
    that one that becomes shorter releases nobody in this run."""

    def __init__(self, look_at_lists: Callable[[], Sequence[ListLook]] = tuple) -> None:
        self._look_at_lists = look_at_lists
        self._looked_at: tuple[datetime, float] | None = None
        self._contents: defaultdict[str, list[_IsListed]] = defaultdict(list)
        self._failures: dict[str, str] = {}
        self._listed_numbers: dict[str, set[str]] = {}

    def look(self, now: datetime) -> None:
        """Look, unless that was done a moment ago. `now` is a provider's time: in the sandbox it passes in jumps."""
        if self._looked_at is not None:
            elapsed = abs((now - self._looked_at[0]).total_seconds())
            if max(elapsed, time.monotonic() - self._looked_at[1]) < LOOK_SECONDS:
                return
        looks = self._look_at_lists()
        self._looked_at = (now, time.monotonic())
        self._failures = {look.name: look.failure for look in looks if look.failure}
        for look in looks:
            if look.is_listed is not None:
                self._contents[look.name].append(look.is_listed)
                self._listed_numbers.clear()

    def find_failure(self, resource: Resource) -> str:
        """Why nobody new may be called for a resource: one of its lists cannot be read. Empty: all of them were."""
        for do_not_call in resource.policy.suppress_from:
            if failure := self._failures.get(do_not_call.name):
                return f"nobody more is called until this do-not-call list can be read: {failure}"
        return ""

    def select_unlisted(self, resource: Resource, recipients: pl.DataFrame) -> pl.DataFrame:
        """The recipients who stand on no list that was read since the run began."""
        listed_numbers = self._find_listed(resource)
        if not listed_numbers:
            return recipients
        return recipients.filter(~pl.col("number").is_in(listed_numbers))

    def _find_listed(self, resource: Resource) -> set[str]:
        """Those numbers of a resource that were listed since the run began. Found once a look for all of them: single
        calls ask for one person at a time."""
        if resource.address not in self._listed_numbers:
            names = {do_not_call.name for do_not_call in resource.policy.suppress_from}
            contents = [is_listed for name in names for is_listed in self._contents.get(name, ())]
            numbers = resource.recipients.rows.get_column("number") if contents else pl.Series([], dtype=pl.String)
            self._listed_numbers[resource.address] = {
                number for is_listed in contents for number in numbers.filter(is_listed(numbers))
            }
        return self._listed_numbers[resource.address]
