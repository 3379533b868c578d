"""What compose makes of a case, in the forms that tests ask for."""

from __future__ import annotations

from typing import Any

from declarative.model.remote import Phase
from declarative.planning.actions import compose_actions
from declarative.planning.decide import Verb
from declarative.planning.facts import Facts, Observation
from declarative.planning.plan import Action, Task
from tests.planning.channels import BATCHES

QUEUED, REACHED, UNREACHED = Phase.QUEUED, Phase.REACHED, Phase.UNREACHED


def planned(of: Facts, **outlook: Any) -> tuple[dict[Verb, Action], Task | None]:
    actions, work = compose_actions(Observation(facts=of, provider="cartesia", **outlook), BATCHES)
    by_verb = {action.verb: action for action in actions}
    assert len(by_verb) == len(actions), "at most one action a verb"
    return by_verb, work


def worked(of: Facts, **outlook: Any) -> Task:
    work = planned(of, **outlook)[1]
    assert work is not None
    return work


def called(work: Task) -> list[tuple[str, str, int]]:
    return work.to_call.select("number", "verb", "attempt").sort("number").rows()
