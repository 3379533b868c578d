"""Until when people wait, and for what. Pure."""

from __future__ import annotations

from datetime import datetime

from declarative.planning.decide import Reason
from declarative.planning.frequency import find_free_time
from declarative.planning.rollout import RolloutStep, find_step
from declarative.planning.totals import AddressDecisions, VerbTotals


def find_next_call(decided: AddressDecisions, group: VerbTotals) -> datetime | None:
    """Return when the first of the people of an address who wait may be called, as far as that is known."""
    facts, moments = decided.facts, [group.free_at]
    if Reason.ROLLOUT in group.reasons:
        moments.append(_rollout_step(decided).opens_at)
    if Reason.FREQUENCY in group.reasons:
        moments.append(find_free_time(facts, decided.people))
    if facts.approved and set(group.reasons) - {Reason.RETRY_AFTER, Reason.ROLLOUT, Reason.FREQUENCY}:
        moments.append(facts.opens_at)
    return min((moment for moment in moments if moment), default=None)


def describe_wait(decided: AddressDecisions, group: VerbTotals) -> str:
    """Say what people wait for, where their reasons alone do not tell."""
    return _rollout_step(decided).waits_for if Reason.ROLLOUT in group.reasons else ""


def _rollout_step(decided: AddressDecisions) -> RolloutStep:
    resource = decided.facts.resource
    assert resource is not None  # only a wanted person waits for a step
    assert resource.rollout is not None
    return find_step(
        decided.facts, resource.rollout, decided.people, decided.finished.people, resource.recipients.count
    )
