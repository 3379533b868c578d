"""What the run that writes the lock has done so far. It stands in the lock until its line is in the history, so that a
run that is cut off has one too. Knows no backend."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from declarative.model.history import Origin, PeopleCounts, RunRecord
from declarative.model.resource import Json


class OpenRun:
    """One run, from the moment it holds the lease. `begin` makes its record, once it first changes something.
    `decides`: the command is itself a person's decision, so whatever it changes belongs into the history; of other runs
    only what was sent does."""

    def __init__(self, begin: Callable[[], RunRecord], *, decides: bool = False) -> None:
        self._begin = begin
        self._decides = decides
        self._record: RunRecord | None = None
        self.exit_code: int | None = None
        """The exit code that its command has decided on. None: it has not yet, so an error decides."""

    @property
    def record(self) -> RunRecord:
        """What it did so far."""
        if self._record is None:
            self._record = self._begin()
        return self._record

    def save(self) -> RunRecord | None:
        """What it did so far, for `restore`; None where it changed nothing yet."""
        return self._record

    def restore(self, saved: RunRecord | None) -> None:
        """Forget what was counted since `save`: it was not written."""
        self._record = saved

    def origin(self, moment: datetime, hours: Mapping[str, Json]) -> Origin:
        """Under what this run sends something at a moment of the provider's clock."""
        return Origin(run=self.record.run, at=moment, commit=self.record.commit, hours=hours)

    def count(self, addresses: Sequence[str], counts: PeopleCounts | None) -> RunRecord | None:
        """The record with one more step: at each address so many people. None where the step does not concern the
        history: nothing was sent (`counts` is None), and the command is no decision."""
        if counts is None and not self._decides:
            return None
        step, before = counts or PeopleCounts(), self.record.addresses
        added = {address: before.get(address, PeopleCounts()) + step for address in addresses}
        self._record = replace(self.record, addresses={**before, **added})
        return self._record
