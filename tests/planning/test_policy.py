"""When a call may be asked for, and which plans may not be applied as they are."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import polars as pl
import pytest

from declarative.model.calling_hours import CallingHours, Window
from declarative.model.policy import Policy
from declarative.model.resource import Desired, Project, Resource, Route
from declarative.planning import policy
from declarative.planning.decide import Reason, Timing, Verb
from declarative.planning.plan import Action, Plan
from tests.planning.facts_fixture import ADDRESS, NOON, crowd, resource

GUARD = timedelta(minutes=2)
MINUTE = timedelta(minutes=1)
MORNING = Policy(CallingHours((Window(time(9), time(12, 5)),), "UTC"))


def timing(**changes: Any) -> Any:
    return policy.call_timing(resource("a", **changes), NOON, GUARD)


def test_without_any_rule_it_is_the_time() -> None:
    assert timing() == (Timing.NOW, None)


def test_what_expires_this_very_moment_has_expired() -> None:
    assert timing(expires_at=NOON) == (Timing.EXPIRED, None)
    assert timing(expires_at=NOON + GUARD) == (Timing.TOO_LATE, None), "the batch would begin to call as it expires"
    assert timing(expires_at=NOON + MINUTE, route=Route.CALL) == (Timing.NOW, None), "a single call has no guard"
    assert timing(expires_at=NOON + GUARD + MINUTE) == (Timing.NOW, None)
    assert timing(expires_at=NOON + 10 * MINUTE, scheduled_at=NOON + 10 * MINUTE) == (Timing.TOO_LATE, None)


def test_a_schedule_is_submitted_from_29_days_ahead_on() -> None:
    day = NOON + timedelta(days=29)
    assert timing(scheduled_at=day) == (Timing.NOW, None)
    assert timing(scheduled_at=day + MINUTE) == (Timing.TOO_EARLY, NOON + MINUTE)


def test_an_expired_schedule_is_not_too_early() -> None:
    assert timing(scheduled_at=NOON + timedelta(days=40), expires_at=NOON)[0] is Timing.EXPIRED


def test_a_passed_schedule_is_now() -> None:
    assert timing(scheduled_at=NOON - timedelta(days=400)) == (Timing.NOW, None)


def test_hours_are_those_of_the_call_and_not_of_the_request() -> None:
    at_the_end = Policy(CallingHours((Window(time(9), time(12, 2)),), "UTC"))
    assert timing(policy=MORNING)[0] is Timing.NOW
    assert timing(policy=at_the_end)[0] is Timing.CLOSED, "the guard ends when they close"
    assert timing(policy=at_the_end, route=Route.CALL)[0] is Timing.NOW, "a single call has no guard"


def test_hours_of_a_later_schedule_are_those_of_its_day() -> None:
    tomorrow = NOON + timedelta(hours=21)
    assert timing(policy=MORNING, scheduled_at=tomorrow)[0] is Timing.NOW
    assert timing(policy=MORNING, scheduled_at=NOON + timedelta(hours=2))[0] is Timing.CLOSED


def test_everybody_has_hours_of_their_own_where_the_zone_is_the_recipients() -> None:
    own = Policy(CallingHours((Window(time(9), time(17)),), "recipient"))
    found, _ = timing(policy=own)
    assert isinstance(found, pl.DataFrame)
    assert found.columns == ["number", "timing"]


# -- refusals -----------------------------------------------------------------------------------------------------


def action(verb: Verb, people: int, reasons: dict[str, int] | None = None, **changes: Any) -> Action:
    known = {"address": ADDRESS, "verb": verb, "reason": Reason.NEW, "provider": "cartesia", "people": people}
    return Action(**{**known, "reasons": reasons or {}, **changes})


def refusals(
    *actions: Action,
    resources: tuple[Resource, ...] = (),
    project: Policy | None = None,
    max_dials: int | None = None,
    may_shrink: tuple[str, ...] = (),
) -> list[str]:
    plan = Plan(project="spring", created_at=NOON, actions=actions)
    return policy.find_refusals(
        plan, Project(declared=True, policy=project or Policy()), resources, max_dials, may_shrink
    )


CALLS = (action(Verb.CREATE, 3), action(Verb.REPLACE, 4), action(Verb.RETRY, 5), action(Verb.CANCEL, 50))


def test_no_limit_refuses_nothing() -> None:
    assert refusals(*CALLS) == []


@pytest.mark.parametrize(("limit", "refused"), [(12, False), (11, True), (0, True)])
def test_max_dials_counts_all_that_dials_in_this_run(limit: int, refused: bool) -> None:
    for found in (
        refusals(*CALLS, max_dials=limit),
        refusals(*CALLS, project=Policy(max_dials=limit)),
        refusals(*CALLS, resources=(resource(policy=Policy(max_dials=limit)),)),
    ):
        assert bool(found) is refused


def test_the_strictest_limit_is_named() -> None:
    (said,) = refusals(*CALLS, project=Policy(max_dials=11), max_dials=9)
    assert said.startswith("the plan calls 12 people, max_dials allows 9")


def test_a_limit_of_a_resource_counts_its_own_calls() -> None:
    other = action(Verb.CREATE, 500, address="batch/other")
    assert refusals(*CALLS, other, resources=(resource(policy=Policy(max_dials=12)),)) == []


def leaving(people: int, waiting: int, reason: Reason = Reason.NOT_DESIRED, **may: Any) -> list[str]:
    return refusals(action(Verb.CANCEL, people, {str(reason): people}, counts={"queued": waiting}), **may)


def test_more_than_half_of_those_who_wait_are_not_taken_off_without_a_word() -> None:
    assert leaving(10, 20) == []
    (said,) = leaving(11, 20)
    assert "11 of 20" in said
    assert f"--allow-shrink {ADDRESS}" in said


def test_few_people_may_leave_all() -> None:
    assert leaving(19, 19) == []


def test_it_may_be_allowed_by_address() -> None:
    assert leaving(20, 20, may_shrink=(ADDRESS,)) == []
    assert leaving(20, 20, may_shrink=("batch/other",)) != []


def test_a_manifest_that_is_gone_shrinks_too() -> None:
    assert leaving(20, 20, Reason.REMOVED) != []


@pytest.mark.parametrize("reason", [Reason.PAUSED, Reason.EXPIRED, Reason.CALLING_HOURS, Reason.TOO_EARLY])
def test_what_is_said_in_so_many_words_is_no_shrinking(reason: Reason) -> None:
    assert leaving(20, 20, reason) == []


def test_only_those_who_leave_by_absence_count() -> None:
    mixed = {"not_desired": 10, "calling_hours": 10}
    assert refusals(action(Verb.CANCEL, 20, mixed, counts={"queued": 20})) == []


def test_whoever_moves_does_not_leave() -> None:
    moved = action(Verb.REPLACE, 40, {"batch_mates": 40}, counts={"queued": 41})
    left = action(Verb.CANCEL, 1, {"not_desired": 1}, counts={"queued": 41})
    assert refusals(moved, left) == []


def test_people_whom_a_policy_keeps_out_are_counted_by_its_name() -> None:
    held = [
        resource(crowd("a", excluded_counts={"suppressed": 2, "other_country": 1})),
        resource(crowd("b", excluded_counts={"suppressed": 3})),
    ]
    wanted = Desired(Project(), {str(n): one for n, one in enumerate(held)}, is_complete=True, make_digest=str)
    assert policy.held_counts(wanted) == {"suppressed": 5, "other_country": 1}
