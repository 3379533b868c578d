"""`dialctl drift`: what changed at the providers without us. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from declarative import humanize
from declarative.app.session import Session
from declarative.engine.observe import observe
from declarative.errors import ProviderError
from declarative.planning.decide import Reason
from declarative.planning.facts import Observation

DRIFT_REASONS = (
    Reason.CANCELLED_ELSEWHERE,
    Reason.LOST,
    Reason.OTHER_LINEAGE,
    Reason.LOCK_IS_OLDER,
    Reason.NO_MEMORY,
    Reason.MEMBERS_UNREADABLE,
)
"""Blocks that tell of a change made elsewhere, or of a lock that no longer fits what the providers show."""


@dataclass(frozen=True)
class Drift:
    """One thing that changed at a provider without us."""

    address: str
    """The address that it concerns."""
    what: str
    """A word for machines: a block's reason, `foreign_mark` or `retried_elsewhere`."""
    message: str
    """What changed, for people."""
    way_out: str = ""
    """What to do about it; empty for nothing."""


def find_drift(session: Session) -> list[Drift]:
    """Everything that differs from the lock, except what time alone changes. Raises ProviderError if a provider cannot
    be read: seeing nothing does not mean that nothing changed."""
    drifts = []
    for observation in observe(session.scope(session.lock(), everything=True)):
        if observation.block is not None and observation.block.reason is Reason.NOT_READ:
            raise ProviderError(observation.block.detail, hint=observation.block.hint)
        address = observation.facts.address
        if observation.block is not None and observation.block.reason in DRIFT_REASONS:
            block = observation.block
            drifts.append(Drift(address, str(block.reason), block.detail, block.hint))
        for remote in observation.to_adopt if observation.block is None else ():
            message = f"{remote.id} bears our mark, and the lock does not know it"
            drifts.append(Drift(address, "foreign_mark", message, "dialctl apply takes it over, or cancels it"))
        drifts += _find_outside_retries(observation)
    return drifts


def _find_outside_retries(observation: Observation) -> list[Drift]:
    """Batches and calls that show more retries than the lock knows. One with an open retry of ours may be ours."""
    drifts = []
    for remote_id, remote in observation.facts.remotes.items():
        remote_record = observation.facts.resource_record.remotes.get(remote_id)
        is_our_retry = any(intent.remote == remote_id for intent in observation.facts.resource_record.intents.values())
        if remote_record and not is_our_retry and (remote.retry_count or 0) > (remote_record.retry_count or 0):
            retries = humanize.plural(remote.retry_count or 0, "retry", "retries")
            message = f"{remote_id} was retried without us ({remote_record.retry_count or 0} → {retries})"
            drifts.append(Drift(observation.facts.address, "retried_elsewhere", message))
    return drifts
