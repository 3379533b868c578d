"""Builders of actions and plans for tests that show them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from declarative.planning.decide import Reason, Verb
from declarative.planning.diff import Change
from declarative.planning.plan import Action, Plan

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
REASONS = {
    Verb.CREATE: Reason.NEW,
    Verb.REPLACE: Reason.SETTINGS_CHANGED,
    Verb.RETRY: Reason.UNREACHED,
    Verb.CANCEL: Reason.REMOVED,
    Verb.ADOPT: Reason.FOUND,
    Verb.FORGET: Reason.OVER,
    Verb.KEEP: Reason.UNCHANGED,
    Verb.WAIT: Reason.CALLING_HOURS,
    Verb.BLOCK: Reason.UNSURE,
}


def action(verb: Verb, name: str = "march", people: int = 2, **changes: Any) -> Action:
    known = {"address": f"batch/{name}", "verb": verb, "reason": REASONS[verb], "provider": "cartesia"}
    if verb is Verb.BLOCK:
        known |= {"detail": "an answer was lost", "hint": f"dialctl resolve batch/{name} --placed | --not-placed"}
    if verb is Verb.REPLACE:
        known |= {"changes": (Change("spec.agent_id", "agent_old", "agent_new", is_agent=True),)}
    return Action(**{**known, "people": people, **changes})


def plan_of(*actions: Action, **changes: Any) -> Plan:
    return Plan(**{"project": "spring", "created_at": NOON, "actions": actions, **changes})
