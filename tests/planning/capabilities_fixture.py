"""Capabilities of a provider: of a batch route, and of a route with single calls."""

from __future__ import annotations

from dataclasses import replace

from declarative.model.capabilities import Cancellable, Capabilities
from declarative.model.resource import Route
from declarative.model.settings_fields import SettingsFields

FIELDS = SettingsFields(
    names=("agent_id", "from_number_id", "from_number", "instructions", "webhook_url", "target_concurrency_limit"),
    agent=("agent_id",),
    caller_id=("from_number_id",),
    caller=("from_number",),
    at_once="target_concurrency_limit",
    lengthy=("instructions",),
    secret=("webhook_url",),
)

BATCHES = Capabilities(
    settings=FIELDS,
    max_people=3,
    provable=True,
    schedulable=True,
    cancellable=Cancellable.ALWAYS,
    retryable=True,
    returns_data=True,
    outcomes=frozenset({"dial_no_answer", "dial_busy"}),
    personal=("metadata",),
    per_second=1.0,
    destinations="US destinations only",
)
CALLS = replace(
    BATCHES, max_people=1, provable=False, schedulable=False, cancellable=Cancellable.NEVER, retryable=False
)


def abilities(provider: str, route: Route) -> Capabilities:
    return BATCHES if route is Route.BATCH else CALLS
