"""What the report as JSON says became of each action."""

from __future__ import annotations

from typing import Any

import pytest

from declarative.app.apply_report import ApplyReport
from declarative.engine.results import ResourceResult
from declarative.errors import Interrupted
from declarative.planning.decide import Verb
from declarative.report import json_output as as_json

from .sample_plans import action, plan_of

QUIET = [Verb.KEEP, Verb.WAIT]
OF_THE_LOCK = [Verb.ADOPT, Verb.FORGET]


def outcome(verb: Verb, tally: ResourceResult | None, **changes: Any) -> str:
    tallies = {"batch/march": tally} if tally else {}
    report = as_json.report_document(ApplyReport(plan=plan_of(action(verb)), results=tallies, **changes))
    return str(report["actions"][0]["outcome"])


@pytest.mark.parametrize("verb", OF_THE_LOCK)
def test_what_only_the_lock_learns_is_done_when_its_turn_came(verb: Verb) -> None:
    assert outcome(verb, ResourceResult()) == "done"


@pytest.mark.parametrize("verb", [*OF_THE_LOCK, Verb.CREATE, Verb.REPLACE, Verb.RETRY, Verb.CANCEL])
def test_what_a_signal_came_before_was_not_tried(verb: Verb) -> None:
    assert outcome(verb, None, interrupted=Interrupted("stopped by Ctrl-C", terminated=False)) == "not_tried"


@pytest.mark.parametrize("verb", QUIET)
def test_what_asks_for_nothing_is_done_without_a_turn(verb: Verb) -> None:
    assert outcome(verb, None) == "done"


def test_what_a_signal_cut_short_is_not_done() -> None:
    tally = ResourceResult(requests=[(f"call_{number}", Verb.CREATE, 1) for number in range(3)])
    stopped = Interrupted("stopped by Ctrl-C", terminated=False)
    report = ApplyReport(
        plan=plan_of(action(Verb.CREATE, people=5)), results={"batch/march": tally}, interrupted=stopped
    )
    (one,) = as_json.report_document(report)["actions"]
    assert (one["outcome"], one["people_done"]) == ("failed", 3)
    assert one["problems"] == [{"result": "failed", "message": "2 people not submitted: stopped by Ctrl-C"}]
