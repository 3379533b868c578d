"""Applies the project's `frequency` to what was observed, with the addresses that are no part of a run. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from declarative.engine.observe import ObserveScope, observe
from declarative.model.resource import Resource
from declarative.planning import policy
from declarative.planning.call_window import hold_frequent
from declarative.planning.facts import Facts, Observation


def apply_frequency(scope: ObserveScope, observations: Sequence[Observation]) -> list[Observation]:
    """Hold whoever was called as often as the project allows, by any of its resources."""
    project = scope.desired.project

    def find_start(facts: Facts, resource: Resource) -> datetime:
        guard = scope.lock.guard(resource.provider, project.guard) if scope.lock else project.guard
        return policy.earliest_call(resource, facts.now, guard)

    frequency = project.policy.frequency
    others = _observe_others(scope, observations) if frequency is not None else []
    return hold_frequent(observations, frequency, find_start, others)


def _observe_others(scope: ObserveScope, observations: Sequence[Observation]) -> list[Observation]:
    """What the lock knows of addresses that this run does not read: calls count whoever asked for them."""
    known = {observation.facts.address for observation in observations}
    records = scope.lock.resources if scope.lock else {}
    if scope.lock is None or not {*records} - known:
        return []
    lock = replace(scope.lock, resources={name: record for name, record in records.items() if name not in known})
    others = replace(scope, desired=replace(scope.desired, resources={}, is_complete=True), lock=lock)
    return observe(others)
