"""What changed at the provider without us. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from declarative import humanize as counting
from declarative.app.session import Session
from declarative.engine.observe import observe
from declarative.errors import ProviderError
from declarative.planning.decide import Reason
from declarative.planning.facts import Observation

DRIFT = (
    Reason.CANCELLED_ELSEWHERE,
    Reason.LOST,
    Reason.OTHER_LINEAGE,
    Reason.LOCK_IS_OLDER,
    Reason.NO_MEMORY,
    Reason.MEMBERS_UNREADABLE,
)


@dataclass(frozen=True)
class Drift:
    """Something that changed at the provider without us."""

    address: str
    what: str
    message: str
    way_out: str = ""


def drift(session: Session) -> list[Drift]:
    """Everything that differs from what the lock remembers, except what time alone brings. Raises ProviderError where
    a provider cannot be read: nothing seen is not nothing changed."""
    found = []
    for outlook in observe(session.scene(session.lock(), everything=True)):
        if outlook.block is not None and outlook.block.reason is Reason.NOT_READ:
            raise ProviderError(outlook.block.detail, hint=outlook.block.way_out)
        address = outlook.case.address
        if outlook.block is not None and outlook.block.reason in DRIFT:
            block = outlook.block
            found.append(Drift(address, str(block.reason), block.detail, block.way_out))
        for remote in outlook.adopt if outlook.block is None else ():
            message = f"{remote.id} bears our mark, and the lock does not know it"
            found.append(Drift(address, "foreign_mark", message, "dialctl apply takes it over, or takes it off"))
        found += _retried_elsewhere(outlook)
    return found


def _retried_elsewhere(outlook: Observation) -> list[Drift]:
    found = []
    for remote_id, remote in outlook.case.remotes.items():
        known = outlook.case.record.remotes.get(remote_id)
        ours = any(intent.remote == remote_id for intent in outlook.case.record.intents.values())
        if known and not ours and (remote.retry_count or 0) > (known.retry_count or 0):
            retries = counting.plural(remote.retry_count or 0, "retry", "retries")
            message = f"{remote_id} was retried without us ({known.retry_count or 0} → {retries})"
            found.append(Drift(outlook.case.address, "retried_elsewhere", message))
    return found
