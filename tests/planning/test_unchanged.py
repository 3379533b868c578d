"""When the people of an address need not be read: there is surely nothing to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings

from declarative.model import records
from declarative.model.calling_hours import CallingHours, Window
from declarative.model.lock import CancelProgress, ResourceRecord
from declarative.model.policy import Policy, Retry
from declarative.model.remote import Phase, Remote, is_over
from declarative.model.resource import Resource, Route
from declarative.planning import standing
from declarative.planning.decide import Timing
from declarative.planning.facts import Facts
from declarative.planning.unchanged import fingerprint, is_unchanged
from tests.planning.drawn_scenes import facts_of, scenes
from tests.planning.facts_fixture import (
    ABLE_TO_RETRY,
    NOON,
    batch,
    digest,
    intent,
    knowing,
    make_facts,
    members,
    open_intents,
    person,
    remembered,
    resource,
    verbs,
)
from tests.planning.people_oracle import Drawn, Scene

RUNNING = batch("b1", members(a=Phase.QUEUED, b=Phase.REACHED), finished=1)
ENDED = batch("b1", members(a=Phase.UNREACHED, b=Phase.REACHED))


def applied(wanted: Resource, *remotes: Remote, **changes: Any) -> ResourceRecord:
    """What is remembered once everybody wanted was submitted."""
    return replace(
        knowing(*remotes), numbers=wanted.recipients.numbers, payloads=wanted.recipients.payloads,
        settings_digest=wanted.settings_digest, **changes,
    )  # fmt: skip


def quiet(wanted: Resource | None, record: ResourceRecord, *remotes: Remote, now: Any = NOON) -> bool:
    return is_unchanged(wanted, record, {remote.id: remote for remote in remotes}, now)


def test_a_batch_that_runs_as_it_should_is_left_alone() -> None:
    assert quiet(resource("ab"), applied(resource("ab"), RUNNING), RUNNING)


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(resource("abc"), id="somebody was added"),
        pytest.param(resource("a"), id="somebody was removed"),
        pytest.param(resource({"a": "{}", "b": '{"x":1}'}), id="somebody's data changed"),
        pytest.param(resource("ab", settings={"agent_id": "agent_b"}), id="settings changed"),
        pytest.param(resource("ab", paused=True), id="it was paused"),
        pytest.param(resource("ab", expires_at=NOON), id="it expired"),
        pytest.param(
            resource("ab", policy=Policy(CallingHours((Window(time(9), time(17)),), "UTC"))),
            id="it calls at certain hours",
        ),
        pytest.param(None, id="the manifest is gone"),
    ],
)
def test_a_running_batch_is_looked_at_when(wanted: Resource | None) -> None:
    assert not quiet(wanted, applied(resource("ab"), RUNNING), RUNNING)


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(ENDED, id="over"),
        pytest.param(replace(RUNNING, cancelled=True), id="cancelled by somebody"),
    ],
)
def test_a_batch_that_changed_is_looked_at(seen: Remote) -> None:
    assert not quiet(resource("ab"), applied(resource("ab"), RUNNING), seen)


def test_what_the_lock_does_not_know_is_looked_at() -> None:
    assert not quiet(resource("ab"), applied(resource("ab"), RUNNING), RUNNING, batch("b2", None, total=1))


def test_an_open_intent_is_looked_at() -> None:
    record = applied(resource("ab"), RUNNING, intents=open_intents(intent()))
    assert not quiet(resource("ab"), record, RUNNING)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"cancel": CancelProgress.ASKED}, id="a cancel that was not answered"),
        pytest.param({"settings": "old"}, id="settings of an interrupted replace"),
        pytest.param({"settings": None}, id="settings that nobody knows"),
    ],
)
def test_a_running_batch_with_something_odd_in_the_lock_is_looked_at(changes: dict[str, Any]) -> None:
    record = applied(resource("ab"), RUNNING)
    record = replace(record, remotes={"b1": replace(record.remotes["b1"], **changes)})
    assert not quiet(resource("ab"), record, RUNNING)


def test_more_people_scheduled_than_wanted_may_wait_twice_and_are_looked_at() -> None:
    twin = replace(RUNNING, id="b2")
    assert not quiet(resource("ab"), applied(resource("ab"), RUNNING, twin), RUNNING, twin)


def test_a_revoked_mark_is_looked_at() -> None:
    record = applied(resource("ab"), RUNNING, revoked=(str(RUNNING.mark),))
    assert not quiet(resource("ab"), record, RUNNING)


@pytest.mark.parametrize(
    ("known", "wanted"),
    [
        pytest.param({}, resource("ab", retry=ABLE_TO_RETRY), id="a retry may be due"),
        pytest.param(
            {"cancel": CancelProgress.DONE, "status": "cancelled"}, resource("ab"), id="resumed after a pause"
        ),
        pytest.param({"status": "cancelled"}, resource("ab"), id="cancelled elsewhere"),
    ],
)
def test_what_is_settled_and_was_not_listed_is_not_known_to_need_nothing(
    known: dict[str, Any], wanted: Resource
) -> None:
    record = applied(wanted, ENDED)
    record = replace(record, remotes={"b1": replace(record.remotes["b1"], settled=True, **known)})
    assert not quiet(wanted, record)


def test_who_was_never_submitted_is_looked_at_though_the_manifest_did_not_change() -> None:
    assert not quiet(resource("ab"), applied(resource("ab")))


# Where everything is over and was found in order once, `quiet` remembers it.


def in_order(wanted: Resource | None, *remotes: Remote) -> ResourceRecord:
    record = applied(wanted or resource("ab"), *remotes)
    return replace(record, quiet=fingerprint(wanted, record, {remote.id: remote for remote in remotes}))


def test_what_is_over_and_was_found_in_order_is_left_alone() -> None:
    assert quiet(resource("ab"), in_order(resource("ab"), ENDED), ENDED)
    assert quiet(None, in_order(None, ENDED), ENDED)


def test_it_is_left_alone_where_the_list_was_not_read_back_to_it() -> None:
    record = in_order(resource("ab"), ENDED)
    known = replace(
        record.remotes["b1"], status=ENDED.status, dispatched=ENDED.dispatched, finished=ENDED.finished,
        retry_count=ENDED.retry_count, last_updated_at=ENDED.last_updated_at,
    )  # fmt: skip
    assert quiet(resource("ab"), replace(record, remotes={"b1": known}))


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(resource("abc"), id="people"),
        pytest.param(resource({"a": '{"x":1}', "b": "{}"}), id="data"),
        pytest.param(resource("ab", settings={"agent_id": "agent_b"}), id="settings"),
        pytest.param(resource("ab", retry=ABLE_TO_RETRY), id="retry"),
        pytest.param(resource("ab", retry=Retry(1, frozenset({"pre_dial"}))), id="retry.on"),
        pytest.param(resource("ab", provider="callingbox"), id="provider"),
        pytest.param(resource("ab", paused=True), id="pause"),
        pytest.param(resource("ab", expires_at=NOON), id="expiry"),
        pytest.param(resource("ab", also=("x1",)), id="also"),
        pytest.param(None, id="gone"),
    ],
)
def test_it_is_looked_at_again_when_the_manifest_changes(wanted: Resource | None) -> None:
    assert not quiet(wanted, in_order(resource("ab"), ENDED), ENDED)


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(replace(ENDED, status="failed"), id="status"),
        pytest.param(replace(ENDED, dispatched=9), id="dispatched"),
        pytest.param(replace(ENDED, finished=1, cancelled=True), id="finished"),
        pytest.param(replace(ENDED, retry_count=1), id="retry_count"),
        pytest.param(replace(ENDED, last_updated_at="later"), id="last_updated_at"),
    ],
)
def test_it_is_looked_at_again_when_the_provider_shows_it_otherwise(seen: Remote) -> None:
    assert not quiet(resource("ab"), in_order(resource("ab"), ENDED), seen)


def test_it_is_looked_at_again_when_somebody_is_declared_called() -> None:
    record = replace(in_order(resource("ab"), ENDED), placed=(person("a"),))
    assert not quiet(resource("ab"), record, ENDED)


@pytest.mark.parametrize(
    ("member", "cancelled", "is_remembered"),
    [
        pytest.param(Phase.QUEUED, False, False, id="queued"),
        pytest.param(Phase.QUEUED, True, True, id="queued in a batch that is cancelled"),
        pytest.param(Phase.UNREACHED, False, True, id="called"),
    ],
)
def test_a_batch_over_by_its_counters_is_not_in_order_while_a_member_reads_queued(
    member: Phase, cancelled: bool, is_remembered: bool
) -> None:
    """At expiry, and outside calling hours, this member is taken off: the address is read until then."""
    wanted = resource("ab", expires_at=NOON + timedelta(hours=1))
    ended = batch("b1", members(a=member, b=Phase.REACHED), finished=2, cancelled=cancelled)
    record = in_order(wanted, ended)
    assert (record.quiet is not None) is is_remembered
    listed = replace(ended, members=None)
    assert quiet(wanted, record, listed) is is_remembered
    if not is_remembered:
        expired = make_facts(ended, wanted=wanted, record=record, timing=Timing.EXPIRED)
        assert verbs(expired)["a"] == "cancel"


THEIRS = batch("x1", None, mark=None, total=2, finished=2)


@pytest.mark.parametrize(
    ("theirs", "retry", "is_quiet"),
    [
        pytest.param(THEIRS, None, True, id="over"),
        pytest.param(THEIRS, ABLE_TO_RETRY, True, id="over, when everything was found in order"),
        pytest.param(replace(THEIRS, finished=1), None, False, id="still running"),
    ],
)
def test_what_is_over_under_also_is_left_alone(theirs: Remote, retry: Retry | None, is_quiet: bool) -> None:
    wanted = resource("ab", also=("x1",), retry=retry)
    assert quiet(wanted, in_order(wanted, ENDED), ENDED, theirs) is is_quiet


def test_beside_a_running_batch_who_is_over_under_also_may_be_due_for_a_retry() -> None:
    plain, retried = (resource("ab", also=("x1",), retry=retry) for retry in (None, ABLE_TO_RETRY))
    assert quiet(plain, applied(plain, RUNNING), RUNNING, THEIRS)
    assert not quiet(retried, applied(retried, RUNNING), RUNNING, THEIRS)


@pytest.mark.parametrize(
    ("known", "seen", "is_quiet"),
    [
        pytest.param({}, ENDED, True, id="as it was"),
        pytest.param({}, None, True, id="not listed"),
        pytest.param({}, replace(ENDED, retry_count=1), False, id="retried in the dashboard"),
        pytest.param({"settled": False}, ENDED, False, id="not known to be over"),
    ],
)
def test_a_tombstone_is_left_alone(known: dict[str, Any], seen: Remote | None, is_quiet: bool) -> None:
    over = records.refreshed(knowing(ENDED).remotes["b1"], ENDED)
    record = ResourceRecord(generation=1, tombstone=True, remotes={"b1": replace(over, **known)})
    assert quiet(None, record, *([seen] if seen else [])) is is_quiet


# -- calls --------------------------------------------------------------------------------------------------------


def placed(phase: Phase | None, *, settled: bool = True, **changes: Any) -> bool:
    wanted = resource("a", route=Route.CALL, **changes)
    known = {"c1": remembered(route=Route.CALL, person=person("a"), phase=phase, settled=settled)}
    return quiet(wanted, replace(applied(wanted), remotes=known))


def test_calls_that_ended_are_left_alone() -> None:
    assert placed(Phase.REACHED)
    assert placed(Phase.UNREACHED)


def test_calls_are_looked_at_where_one_may_be_called_again() -> None:
    assert not placed(Phase.UNREACHED, retry=ABLE_TO_RETRY)


def test_the_refused_stay_as_they_are_and_the_unfunded_are_submitted_again() -> None:
    assert placed(Phase.REFUSED)
    assert not placed(Phase.UNFUNDED)


def test_calls_whose_end_is_not_known_are_looked_at() -> None:
    """They may yet turn out to have been turned away for want of money, and are then submitted again."""
    assert not placed(Phase.QUEUED, settled=False)
    assert not placed(None, settled=False)


# -- over everything ----------------------------------------------------------------------------------------------

TURNED_AWAY = (Phase.REFUSED, Phase.UNFUNDED)
many = settings(max_examples=80, derandomize=True, deadline=None)


ENDED_WITH_A_QUEUED_MEMBER = Scene(
    batches=(
        Drawn(id="b0", phases={"a": Phase.UNREACHED}, counted_out=True),
        Drawn(id="b1", phases={"a": Phase.UNREACHED, "b": Phase.QUEUED}, counted_out=True),
    ),
    wanted=frozenset("ab"),
    retry=Retry(max_retries=1, on=frozenset({"dial_no_answer"})),
)
"""By its counters b1 is over, and yet b reads queued in it: nothing to do now, and b is taken off at expiry."""


def keeps_everybody(of: Facts) -> bool:
    return set(standing.decide_all(of).get_column("verb")) <= {"keep"}


def with_all_applied(scene: Scene) -> Facts:
    """As if everything wanted had been submitted in full once."""
    facts = facts_of(scene)
    if facts.resource is None:
        return facts
    record = replace(
        facts.resource_record, numbers=facts.resource.recipients.numbers, payloads=facts.resource.recipients.payloads,
        settings_digest=digest(),
    )  # fmt: skip
    return replace(facts, resource_record=record)


@given(scenes)
@many
def test_whatever_may_be_quiet_keeps_everybody(scene: Scene) -> None:
    """Save for whoever was turned away in a batch that runs: they come again when it is over, as documented. People
    who were all submitted are in some batch; a scene where they are not cannot be."""
    running = [one for one in scene.batches if not any(phase in TURNED_AWAY for phase in one.phases.values())]
    scene = replace(scene, batches=tuple(one for one in running if not one.also), timing=Timing.NOW)
    seen = frozenset(who for one in scene.batches for who in one.phases)
    scene = replace(scene, wanted=(scene.wanted and scene.wanted & seen) or None)
    facts = with_all_applied(scene)
    if is_unchanged(facts.resource, facts.resource_record, facts.remotes, NOON):
        assert keeps_everybody(facts)


@given(scenes)
@example(ENDED_WITH_A_QUEUED_MEMBER)
@many
def test_what_was_quiet_stays_quiet_whenever_it_is_looked_at(scene: Scene) -> None:
    scene = replace(scene, batches=tuple(one for one in scene.batches if not one.also), lost_batch=False)
    facts = with_all_applied(scene)
    if facts.resource_record.intents or not all(is_over(remote) for remote in facts.remotes.values()):
        return
    if not keeps_everybody(facts):
        return
    record = replace(facts.resource_record, quiet=fingerprint(facts.resource, facts.resource_record, facts.remotes))
    if record.quiet is None:
        assert any(remote.has_phase(Phase.QUEUED) for remote in facts.remotes.values())
        return
    assert is_unchanged(facts.resource, record, facts.remotes, NOON)
    for timing in Timing:
        later = replace(facts, now=NOON + timedelta(days=9), timing=timing)
        if facts.timing in (timing, Timing.NOW) or timing is Timing.EXPIRED:
            assert keeps_everybody(later)
