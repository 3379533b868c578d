"""What was seen at one provider, before anybody looks at people. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from declarative.remote import Remote


@dataclass(frozen=True, kw_only=True)
class Sight:
    """`remotes` by id: everything that bears a mark of this project, and what was asked for by id. `floor`: the batch
    list was read without a gap from its newest entry back to this time; None means to its very end. `unknown`: ids that
    the provider says it does not know."""

    now: datetime
    remotes: Mapping[str, Remote] = field(default_factory=dict)
    floor: datetime | None = None
    unknown: frozenset[str] = frozenset()

    def reaches(self, moment: datetime) -> bool:
        """Whether whatever was created since `moment` and is listed has been seen."""
        return self.floor is None or self.floor <= moment
