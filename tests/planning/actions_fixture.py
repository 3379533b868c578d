"""What compose_actions() makes of facts, in the forms that tests ask for."""

from __future__ import annotations

from typing import Any

from declarative.model.remote import Phase
from declarative.planning.actions import compose_actions
from declarative.planning.decide import Verb
from declarative.planning.facts import Facts, Observation
from declarative.planning.plan import Action, Task
from tests.planning.capabilities_fixture import BATCHES

QUEUED, REACHED, UNREACHED = Phase.QUEUED, Phase.REACHED, Phase.UNREACHED


def actions_of(of: Facts, **observation: Any) -> tuple[dict[Verb, Action], Task | None]:
    actions, task = compose_actions(Observation(facts=of, provider="cartesia", **observation), BATCHES)
    by_verb = {action.verb: action for action in actions}
    assert len(by_verb) == len(actions), "at most one action a verb"
    return by_verb, task


def task_of(of: Facts, **observation: Any) -> Task:
    task = actions_of(of, **observation)[1]
    assert task is not None
    return task


def called(task: Task) -> list[tuple[str, str, int]]:
    return task.to_call.select("number", "verb", "attempt").sort("number").rows()
