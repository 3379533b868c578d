"""What the protocol needs of a channel."""

from __future__ import annotations

from dataclasses import replace

import pytest

from declarative.model.capabilities import Cancellable, Capabilities
from declarative.model.resource import Route
from declarative.model.settings_fields import NO_SETTINGS

FULL = Capabilities(
    settings=NO_SETTINGS,
    max_people=1,
    provable=True,
    schedulable=True,
    cancellable=Cancellable.ALWAYS,
    retryable=False,
    returns_data=False,
    outcomes=frozenset(),
    personal=(),
)


@pytest.mark.parametrize("name", ["provable", "schedulable", "cancellable"])
def test_batches_need_a_proof_a_start_time_and_a_cancel(name: str) -> None:
    assert replace(FULL, max_people=5000).missing_for(Route.BATCH) == []
    without: dict[str, object] = {name: Cancellable.NEVER if name == "cancellable" else False}
    assert replace(FULL, **without).missing_for(Route.BATCH) == [name]  # type: ignore[arg-type]


def test_a_single_call_holds_one_person_and_needs_nothing_else() -> None:
    modest = replace(FULL, provable=False, schedulable=False, cancellable=Cancellable.NEVER)
    assert modest.missing_for(Route.CALL) == []
    assert replace(modest, max_people=2).missing_for(Route.CALL) == ["max_people=1"]
