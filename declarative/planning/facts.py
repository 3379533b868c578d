"""One address with all that is known of it: the input of every decision about people. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from declarative.model.digest import PersonKey
from declarative.model.lock import Intent, RequestKind, ResourceRecord
from declarative.model.remote import Phase, Remote
from declarative.model.resource import Resource
from declarative.planning.decide import Timing


@dataclass(frozen=True, kw_only=True)
class Facts:
    """`resource` is None where the manifest is gone; `record` holds what is remembered, under earlier addresses too;
    `remotes` every remote thing of the address that was seen; `timing` is one Timing for all, or a frame of `number`
    and `timing`; `opens_at` when what is too early or closed may ring; `lineage` salts the digests of persons; `also`
    are ids that are read and never touched."""

    address: str
    resource: Resource | None
    record: ResourceRecord
    remotes: Mapping[str, Remote]
    now: datetime
    key: PersonKey
    lineage: str
    also: frozenset[str] = frozenset()
    timing: Timing | pl.DataFrame = Timing.NOW
    opens_at: datetime | None = None

    @property
    def one_call(self) -> bool:
        """A Call is rung once in its life: whatever was placed for it is its one person, under any number."""
        return self.address.startswith("call/")

    @property
    def buried(self) -> bool:
        """Over once no manifest wanted it, and not wanted again."""
        return self.record.tombstone and self.resource is None

    @property
    def wanted(self) -> bool:
        return self.resource is not None and not self.resource.paused

    def open_intents(self) -> list[Intent]:
        """Intents that nothing seen answers, and that are not probably absent."""
        seen = {str(remote.mark) for remote in self.remotes.values() if remote.mark}
        return [
            intent
            for intent in self.record.intents.values()
            if intent.mark not in seen and not (intent.absent and intent.probe is None)
        ]

    def doubtful_batches(self) -> bool:
        """Whether a batch may exist that we cannot see."""
        return any(intent.is_batch for intent in self.open_intents())

    def doubtful_retries(self) -> frozenset[str]:
        """Ids of batches that may or may not have been retried."""
        return frozenset(i.remote for i in self.open_intents() if i.request is RequestKind.RETRY and i.remote)

    def doubtful_persons(self) -> frozenset[str]:
        """Digests of people whose single call may or may not have been placed."""
        return frozenset(i.person for i in self.open_intents() if i.person)


def is_over(remote: Remote) -> bool:
    """Whether nobody of it rings or will ring: by its counters, and after a cancel by its people. The status alone
    never tells: `completed` still has live calls (cartesia.md 3.2)."""
    if remote.total and remote.finished == remote.total:
        return True
    if remote.members is None or not remote.cancelled:
        return False
    return not remote.has(Phase.QUEUED, Phase.IN_FLIGHT, Phase.UNKNOWN)
