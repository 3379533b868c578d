"""Emergency stops, as they stand: who stopped what, when and why. Values only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from declarative import humanize
from declarative.privacy import clean

EVERYTHING = "*"
"""The address of a halt of the whole project, with what is added to it later."""


@dataclass(frozen=True, kw_only=True)
class EmergencyHalt:
    """A stop that a person ordered. While it stands, no request calls anybody at its address."""

    id: str
    """What a resume names."""
    address: str
    """`batch/NAME` or `call/NAME`; EVERYTHING for the whole project."""
    at: datetime | None = None
    """When it was ordered, by the clock of that machine. None: not known."""
    by: str = ""
    """Who ordered it, and on which machine; empty where not known."""
    reason: str = ""
    """Why, in that person's words; empty where none was given."""
    takes_off: bool = True
    """Whether who waits at the provider is taken off. DIALCTL_HALT only keeps its run from calling."""

    def __str__(self) -> str:
        what = "the project was halted" if self.address == EVERYTHING else "it was halted"
        by = f" by {clean(self.by)}" if self.by else ""
        at = f" at {humanize.when(self.at)}" if self.at else ""
        return f"{what}{by}{at}{f': {clean(self.reason)}' if self.reason else ''}"

    @property
    def way_out(self) -> str:
        """What ends it, for people."""
        if not self.takes_off:
            return "unset DIALCTL_HALT in the environment of this run"
        return f"dialctl resolve {'--all' if self.address == EVERYTHING else self.address} --resume"


@dataclass(frozen=True)
class Halts:
    """All emergency stops that stand."""

    standing: Sequence[EmergencyHalt] = ()
    """In the order in which they were ordered."""

    def find(self, *addresses: str) -> EmergencyHalt | None:
        """Return a halt of one of these addresses, the names of one resource; None where none stands. One that takes
        people off comes first."""
        wanted = {EVERYTHING, *addresses}
        found = [halt for halt in self.standing if halt.address in wanted]
        return min(found, key=lambda halt: not halt.takes_off, default=None)


NO_HALTS = Halts()
"""Nothing is halted."""


def environment_halt(reason: str) -> EmergencyHalt:
    """The halt that DIALCTL_HALT orders for the runs of one machine."""
    return EmergencyHalt(id="", address=EVERYTHING, by="DIALCTL_HALT", reason=reason, takes_off=False)
