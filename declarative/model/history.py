"""What a run did, as the history says it: who, when, on whose word, and how many people. Holds no number.

The fields are the JSON keys of a line of the history, and of the lock while that run is not over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from declarative.model.resource import Json


@dataclass(frozen=True, kw_only=True)
class PeopleCounts:
    """How many people one run concerned, at one address or in all."""

    people_called: int = 0
    """People in requests that dial, sent in this run and not known to be undone, without those who were moved."""
    people_called_again: int = 0
    """Those of them who had been called before."""
    people_moved: int = 0
    """People who waited already, and were submitted again after a cancel of this run."""
    people_taken_off: int = 0
    """People who waited, were cancelled in this run, and were not submitted again."""
    unsure: int = 0
    """People at these addresses of whom it was not known at the end whether they were called."""

    def __add__(self, other: PeopleCounts) -> PeopleCounts:
        return PeopleCounts(**{name: getattr(self, name) + getattr(other, name) for name in COUNT_NAMES})

    def __neg__(self) -> PeopleCounts:
        return PeopleCounts(**{name: -getattr(self, name) for name in COUNT_NAMES})


COUNT_NAMES = tuple(item.name for item in fields(PeopleCounts))
"""The names of all counts, in their order."""


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One run that sent or changed something."""

    run: str
    """Its id: that of the lease it held."""
    at: datetime
    """When it first changed something, by the provider's clock. Without a provider: by that of its machine."""
    command: str
    """The bare command: `apply`, `state rebuild`."""
    by: str
    """Who ran it, and on which machine."""
    ci_run: str | None = None
    """URL of the CI run. None outside CI."""
    commit: str | None = None
    """Hash of the git commit that was checked out. None outside git."""
    approved_by: str | None = None
    """What approved it: `prompt`, `--auto-approve`, `plan sha256:...`, `schedule`. None: the command is a decision."""
    reason: str | None = None
    """What a person decided, and why. None for runs of a plan."""
    lists: Mapping[str, str] = field(default_factory=dict)
    """By name of each do-not-call list that its plan was made with, the digest of the list's bytes."""
    exit: int | None = None
    """Its exit code. None: it was cut off."""
    addresses: Mapping[str, PeopleCounts] = field(default_factory=dict)
    """By address, what it did there."""

    @property
    def totals(self) -> PeopleCounts:
        """What it did at all addresses."""
        return sum(self.addresses.values(), PeopleCounts())


def describe_run(record: RunRecord) -> dict[str, Any]:
    """The record in JSON's types, with the sums of its counts: what `dialctl history --json` shows of it."""
    return {
        "run": record.run,
        "at": record.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "command": record.command,
        "by": record.by,
        "ci_run": record.ci_run,
        "commit": record.commit,
        "approved_by": record.approved_by,
        "reason": record.reason,
        **asdict(record.totals),
        "exit": record.exit,
        "addresses": {address: asdict(counts) for address, counts in record.addresses.items()},
        **({"lists": dict(record.lists)} if record.lists else {}),
    }


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Under what one of our batches or calls was sent."""

    run: str
    """Id of the run that sent it, as in the history."""
    at: datetime
    """When it was sent, by the provider's clock."""
    commit: str | None = None
    """Hash of the git commit whose manifests asked for it. None outside git."""
    hours: Mapping[str, Json] = field(default_factory=dict)
    """The calling hours that were in force, as `calling_hours.to_json` writes them. Empty: calls at any hour."""
