"""What compose_actions() makes of facts, in the forms that tests ask for."""

from __future__ import annotations

from typing import Any

from declarative.model.capabilities import Capabilities
from declarative.model.remote import Phase
from declarative.planning.actions import compose_actions
from declarative.planning.columns import FactColumns
from declarative.planning.decide import Verb
from declarative.planning.facts import Facts, Observation
from declarative.planning.plan import Action, Task
from declarative.planning.standing import decide_addresses
from declarative.planning.totals import AddressDecisions, split_decisions
from tests.planning.capabilities_fixture import BATCHES

QUEUED, REACHED, UNREACHED = Phase.QUEUED, Phase.REACHED, Phase.UNREACHED


def compose_one(observation: Observation, capabilities: Capabilities | None) -> tuple[list[Action], Task | None]:
    """What is done at one address."""
    [composed] = compose_actions([observation], lambda _: capabilities)
    return composed


def decided_of(facts: Facts) -> AddressDecisions:
    """What is decided about the people of one address."""
    [decided] = split_decisions(decide_addresses(FactColumns([facts]), [None]))
    return decided


def actions_of(of: Facts, **observation: Any) -> tuple[dict[Verb, Action], Task | None]:
    actions, task = compose_one(Observation(facts=of, provider="cartesia", **observation), BATCHES)
    by_verb = {action.verb: action for action in actions}
    assert len(by_verb) == len(actions), "at most one action a verb"
    return by_verb, task


def task_of(of: Facts, **observation: Any) -> Task:
    task = actions_of(of, **observation)[1]
    assert task is not None
    return task


def called(task: Task) -> list[tuple[str, str, int]]:
    return task.to_call.select("number", "verb", "attempt").sort("number").rows()
