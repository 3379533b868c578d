"""Capabilities of a provider: of a batch route, and of a route with single calls."""

from __future__ import annotations

from dataclasses import replace

from declarative.model.capabilities import Capabilities
from declarative.model.resource import Route

BATCHES = Capabilities(
    max_people=3,
    provable=True,
    schedulable=True,
    cancellable=True,
    retryable=True,
    returns_data=True,
    outcomes=frozenset({"dial_no_answer", "dial_busy"}),
    personal=("metadata",),
    per_second=1.0,
    destinations="US destinations only",
)
CALLS = replace(BATCHES, max_people=1, provable=False, schedulable=False, cancellable=False, retryable=False)


def abilities(provider: str, route: Route) -> Capabilities:
    return BATCHES if route is Route.BATCH else CALLS
