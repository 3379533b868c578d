"""The plan without a provider: from manifests and lock alone, never more certain than that allows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from declarative.model.digest import PersonKey
from declarative.model.lock import CancelProgress, Lock, ResourceRecord
from declarative.model.resource import Desired, Project, Resource, Route
from declarative.planning import offline
from declarative.planning.plan import Action
from tests.planning.facts_fixture import (
    ABLE_TO_RETRY,
    ADDRESS,
    KEY,
    LINEAGE,
    NOON,
    crowd,
    digest,
    intent,
    remembered,
    resource,
)


def wanted(*resources: Resource, whole: bool = True) -> Desired:
    return Desired(Project(name="spring"), {each.address: each for each in resources}, whole, lambda: "d1")


def lock_of(**records: ResourceRecord) -> Lock:
    by_address = {name.replace("_", "/"): record for name, record in records.items()}
    return Lock(
        project="spring", lineage=LINEAGE, born=NOON, hosts={}, person_key=KEY.fingerprint, resources=by_address
    )


def applied(letters: str = "ab", **changes: Any) -> ResourceRecord:
    """What the lock knows of the resource of these letters, applied in full."""
    people = resource(letters).recipients
    known = {"generation": 1, "count": people.count, "settings_digest": digest(), "provider": "cartesia"}
    return ResourceRecord(**{**known, "numbers": people.numbers, "payloads": people.payloads, **changes})


def the_action(desired: Desired, lock: Lock | None) -> Action:
    made = offline.plan_offline(desired, lock, NOON, KEY)
    assert made.offline
    (action,) = made.actions
    return action


def said(action: Action) -> tuple[str, str, int]:
    return action.verb, action.reason, action.people


def test_without_a_lock_everybody_is_new() -> None:
    action = the_action(wanted(resource("ab")), None)
    assert said(action) == ("create", "new", 2)
    assert [change.path for change in action.changes] == ["spec.agent_id"]


def test_what_was_applied_is_kept() -> None:
    assert said(the_action(wanted(resource("ab")), lock_of(batch_march=applied()))) == ("keep", "unchanged", 2)


def test_other_people_are_at_most_all_of_them() -> None:
    action = the_action(wanted(resource("abc")), lock_of(batch_march=applied()))
    assert said(action) == ("create", "added", 3)
    assert "at most" in action.detail


def test_other_settings_move_whoever_waits_at_most() -> None:
    new = {"agent_id": "agent_b"}
    changed = resource("ab", settings=new)
    action = the_action(wanted(changed), lock_of(batch_march=applied()))
    assert said(action) == ("replace", "settings_changed", 2)
    assert "at most" in action.detail


def test_other_settings_show_what_they_were() -> None:
    known = applied(settings={"agent_id": "agent_a"})
    action = the_action(wanted(resource("ab", settings={"agent_id": "agent_b"})), lock_of(batch_march=known))
    assert [(change.before, change.after) for change in action.changes] == [("agent_a", "agent_b")]


def test_an_open_intent_blocks() -> None:
    known = applied(intents={"mark": intent()})
    assert said(the_action(wanted(resource("ab")), lock_of(batch_march=known)))[:2] == ("block", "unsure")


def test_what_was_answered_to_an_open_intent_is_said() -> None:
    known = applied(intents={"mark": intent(answer="answered 413 Payload Too Large")})
    detail = the_action(wanted(resource("ab")), lock_of(batch_march=known)).detail
    assert detail == f"{offline.UNSURE}: answered 413 Payload Too Large"


def test_an_open_intent_is_shown_though_the_manifest_is_gone() -> None:
    known = lock_of(batch_march=applied(), batch_gone=ResourceRecord(generation=1, intents={"mark": intent(count=7)}))
    gone = offline.plan_offline(wanted(resource("ab")), known, NOON, KEY).actions[-1]
    assert (gone.address, *said(gone)) == ("batch/gone", "keep", "unsure", 7)


@pytest.mark.parametrize(
    ("now", "verb"),
    [
        pytest.param(resource("ab"), "keep", id="nothing"),
        pytest.param(resource("abc"), "create", id="how many people"),
        pytest.param(resource("ab", settings={"agent_id": "agent_b"}), "replace", id="settings"),
    ],
)
@pytest.mark.parametrize("known_as", [PersonKey("another"), PersonKey(None)], ids=["another key", "no key"])
def test_under_another_person_key_a_plan_tells_what_changed_by(now: Resource, verb: str, known_as: PersonKey) -> None:
    """As on a fork, which has no secrets: every digest of people differs there, though nobody has changed."""
    made = offline.plan_offline(wanted(now), lock_of(batch_march=applied()), NOON, known_as)
    assert [action.verb for action in made.actions] == [verb]
    assert ["DIALCTL_PERSON_KEY" in warning.message for warning in made.warnings] == [True]


def test_under_another_person_key_what_was_not_applied_in_full_may_call() -> None:
    known = lock_of(batch_march=applied(numbers="", payloads=""))
    (action,) = offline.plan_offline(wanted(resource("ab")), known, NOON, PersonKey(None)).actions
    assert action.verb.dials


def test_a_pause_cancels_whoever_may_still_wait() -> None:
    known = applied(remotes={"acb_1": remembered(count=5, dispatched=2)})
    assert said(the_action(wanted(resource("ab", paused=True)), lock_of(batch_march=known))) == ("cancel", "paused", 3)


@pytest.mark.parametrize(
    "remote",
    [remembered(count=5, dispatched=5), remembered(count=5, cancel=CancelProgress.DONE)],
    ids=["dialed", "cancelled"],
)
def test_a_pause_of_what_is_over_keeps(remote: Any) -> None:
    known = applied(remotes={"acb_1": remote})
    assert said(the_action(wanted(resource("ab", paused=True)), lock_of(batch_march=known)))[0] == "keep"


def test_absence_is_a_wish_in_a_whole_run_only() -> None:
    lock = lock_of(batch_gone=applied(), batch_march=applied())
    assert len(offline.plan_offline(wanted(resource("ab"), whole=False), lock, NOON, KEY).actions) == 1
    gone = offline.plan_offline(wanted(resource("ab")), lock, NOON, KEY).actions[-1]
    assert (gone.address, gone.verb, gone.reason) == ("batch/gone", "cancel", "removed")


def test_a_removed_resource_of_single_calls_takes_nobody_off() -> None:
    calls = {"c1": remembered(route=Route.CALL, count=1), "c2": remembered(route=Route.CALL, count=1)}
    known = lock_of(batch_gone=applied(remotes=calls), batch_march=applied(remotes=calls))
    kept, gone = offline.plan_offline(wanted(resource("ab", paused=True)), known, NOON, KEY).actions
    assert (kept.verb, kept.reason) == ("keep", "paused")
    assert (gone.address, gone.verb, gone.reason) == ("batch/gone", "keep", "removed")


def test_a_new_batch_of_just_the_people_of_one_that_leaves_looks_renamed() -> None:
    known = lock_of(batch_old=applied("ab"), batch_other=applied("c"))
    new, old, other = offline.plan_offline(wanted(resource("ba", retry=ABLE_TO_RETRY)), known, NOON, KEY).actions
    assert [said(new), said(old)] == [("block", "looks_renamed", 2)] * 2
    assert new.detail == "its people are those of batch/old, which leaves in this plan"
    assert new.hint == "if it is the same campaign: metadata.previously: [batch/old]"
    assert (old.address, old.detail) == ("batch/old", f"{ADDRESS} would call people who were submitted as batch/old")
    assert other.verb == "cancel"


def test_a_new_batch_that_shares_nobody_for_sure_is_not_held_back() -> None:
    for known in (applied("abc"), applied("ab", tombstone=True), applied("ab", numbers="")):
        action = offline.plan_offline(wanted(resource("ab")), lock_of(batch_old=known), NOON, KEY).actions[0]
        assert said(action) == ("create", "new", 2)


def test_a_tombstone_and_a_former_address_are_not_cancelled() -> None:
    lock = lock_of(batch_dead=applied(tombstone=True), batch_old=applied())
    action = the_action(wanted(resource("ab", previously=("batch/old",))), lock)
    assert (action.address, action.verb) == (ADDRESS, "keep")


def test_after_expires_at_nobody_is_called() -> None:
    expired = resource("ab", expires_at=NOON - timedelta(minutes=1))
    assert not the_action(wanted(expired), None).verb.dials


def test_a_start_far_ahead_waits() -> None:
    far = resource("ab", scheduled_at=NOON + timedelta(days=60))
    wait = the_action(wanted(far), None)
    assert said(wait)[0] == "wait"
    assert (wait.starts_at, wait.next_at) == (far.scheduled_at, NOON + timedelta(days=31))


def test_who_is_added_far_ahead_is_told_until_when_they_wait() -> None:
    far = resource("abc", scheduled_at=NOON + timedelta(days=60))
    wait = the_action(wanted(far), lock_of(batch_march=applied()))
    assert (*said(wait), wait.detail) == ("wait", "too_early", 3, "")


def test_a_batch_that_is_retried_by_policy_may_call_again() -> None:
    """Nobody knows here who was reached: the plan must not say that nothing can happen."""
    action = the_action(wanted(resource("ab", retry=ABLE_TO_RETRY)), lock_of(batch_march=applied()))
    assert action.verb.dials or action.detail


def test_max_dials_and_suppression_are_shown_as_well() -> None:
    held = resource(crowd("ab", excluded_counts={"suppressed": 3}))
    assert offline.plan_offline(wanted(held), None, NOON, KEY).held_counts == {"suppressed": 3}
