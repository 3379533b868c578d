"""What changed at the provider without us. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from declarative import humanize
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
    for observation in observe(session.scope(session.lock(), everything=True)):
        if observation.block is not None and observation.block.reason is Reason.NOT_READ:
            raise ProviderError(observation.block.detail, hint=observation.block.hint)
        address = observation.facts.address
        if observation.block is not None and observation.block.reason in DRIFT:
            block = observation.block
            found.append(Drift(address, str(block.reason), block.detail, block.hint))
        for remote in observation.to_adopt if observation.block is None else ():
            message = f"{remote.id} bears our mark, and the lock does not know it"
            found.append(Drift(address, "foreign_mark", message, "dialctl apply takes it over, or takes it off"))
        found += _find_outside_retries(observation)
    return found


def _find_outside_retries(observation: Observation) -> list[Drift]:
    drifts = []
    for remote_id, remote in observation.facts.remotes.items():
        remote_record = observation.facts.resource_record.remotes.get(remote_id)
        is_our_retry = any(intent.remote == remote_id for intent in observation.facts.resource_record.intents.values())
        if remote_record and not is_our_retry and (remote.retry_count or 0) > (remote_record.retry_count or 0):
            retries = humanize.plural(remote.retry_count or 0, "retry", "retries")
            message = f"{remote_id} was retried without us ({remote_record.retry_count or 0} → {retries})"
            drifts.append(Drift(observation.facts.address, "retried_elsewhere", message))
    return drifts
