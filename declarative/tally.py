"""What was done at one address in one run: counted as it happens, reported at the end. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field

from declarative.execute import Receipt
from declarative.planning.decide import Verb
from declarative.prove import Finding


@dataclass
class Tally:
    """What was done at one address: people by verb and by result, ids that came to be, and what must be said."""

    submitted: dict[Verb, int] = field(default_factory=dict)
    cancelled: int = 0
    in_flight: int = 0
    remote_ids: list[str] = field(default_factory=list)
    problems: list[Receipt] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    left: int = 0
    unsure: list[tuple[Receipt, Verb, int]] = field(default_factory=list)

    def count(self, verb: Verb, people: int) -> None:
        self.submitted[verb] = self.submitted.get(verb, 0) + people

    @property
    def clean(self) -> bool:
        return not self.problems and not self.left
