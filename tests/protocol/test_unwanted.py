"""People who may be in a lost request and are not wanted any more: they are shown, kept, and need nobody. A person can
settle them without their manifest, and nobody who may have been called is called if it comes back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.protocol.advice import follow_advice
from tests.protocol.project_fixture import InProcessProject, never, once, people

GONE = people(4)
OTHERS = people(2, 50)


@pytest.fixture
def project(quick: InProcessProject) -> InProcessProject:
    """Two people are called by a batch, and four are wanted by another one."""
    quick.batch("april", OTHERS)
    assert quick.apply().code == 0
    quick.batch("march", GONE)
    return quick


def _lose(project: InProcessProject, fault: str = "lost_answer") -> None:
    project.lose_requests(fault)
    assert project.apply().code == 3
    project.remove("march")


def test_they_are_shown_with_a_way_out_and_need_nobody(project: InProcessProject) -> None:
    _lose(project)
    for arguments in (("plan",), ("status",), ("plan", "--format", "markdown"), ("plan", "--json")):
        run = project.run(*arguments)
        assert (run.code, "batch/march" in run.said, "4 people" in run.said) == (0, True, True), run
        assert "dialctl resolve batch/march --placed" in run.said
    assert "everybody is where they should be" not in project.plan().said
    assert project.apply("--target", "batch/april").code == 0


def test_they_are_taken_off_once_their_batch_appears(project: InProcessProject) -> None:
    tomorrow = project.now() + timedelta(days=1)
    project.batch("march", GONE, more=f"  scheduled_at: {tomorrow.isoformat()}\n")
    _lose(project)
    project.faults()
    follow_advice(project, "apply", "-y")
    project.check_lock()
    project.check_calls(never(GONE) | once(OTHERS))


def test_their_batch_is_proven_absent_by_something_younger_of_anybodys(project: InProcessProject) -> None:
    _lose(project, "lost_request")
    project.faults()
    body = {name: project.batches()[0][name] for name in ("agent_id", "from_number_id")}
    recipients = [{"to_number": number} for number in people(1, 70)]
    project.cartesia("POST", "/agents/calls/batches", {**body, "name": "by hand", "recipients": recipients})
    sent = project.posts()
    run = project.apply()
    assert (run.code, "a request of 4 people never arrived" in run.said) == (0, True), run
    assert project.posts() == sent, "no list probe is needed"
    project.batch("march", GONE)
    follow_advice(project, "apply", "-y")
    project.check_calls(once([*GONE, *OTHERS, *people(1, 70)]))


@pytest.mark.parametrize(
    ("wanted", "verdict", "new"),
    [
        pytest.param(GONE, "--placed", [], id="the same"),
        pytest.param(people(5), "--placed", people(1, 4), id="one more"),
        pytest.param(people(4, 1), "--placed", [], id="one left, one more"),
        pytest.param(people(4, 20), "--not-placed", people(4, 20), id="all others"),
    ],
)
def test_whoever_was_declared_called_without_a_manifest_is_not_called_when_it_comes_back(
    project: InProcessProject, wanted: list[str], verdict: str, new: list[str]
) -> None:
    _lose(project)
    run = project.run("resolve", "batch/march", "--placed")
    assert (run.code, "4 people count as called" in run.said) == (0, True), run
    for _ in range(2):
        assert project.apply().code == 0
        run = project.plan()
        assert (run.code, "unsure" in run.said) == (0, False), run
    project.check_lock()
    project.batch("march", wanted)
    sent = project.posts()
    run = project.apply()
    assert (run.code, "it is not known who was in it" in run.said) == (3, True), run
    assert "dialctl resolve batch/march --placed | --not-placed" in run.said
    assert project.posts() == sent
    run = project.run("status")
    assert (run.code, "dialctl resolve batch/march --placed | --not-placed" in run.said) == (3, True), run
    assert project.run("resolve", "batch/march", verdict).code == 0
    project.advance(600)  # they are called by then
    project.faults()
    follow_advice(project, "apply", "-y")
    project.check_lock()
    project.check_calls(dict.fromkeys(wanted, (0, 1)) | once([*GONE, *OTHERS, *new]))


def test_fewer_than_were_in_it_cannot_be_said_to_be_all_of_them(project: InProcessProject) -> None:
    _lose(project)
    project.run("resolve", "batch/march", "--placed")
    project.batch("march", people(3))
    run = project.run("resolve", "batch/march", "--placed")
    assert (run.code, "the manifest has changed since" in run.said, "--not-placed" in run.said) == (64, True, True), run


def test_that_it_never_arrived_can_be_said_without_its_manifest(project: InProcessProject) -> None:
    _lose(project, "lost_request")
    assert project.run("resolve", "batch/march", "--not-placed").code == 0
    assert project.apply().code == 0
    project.faults()
    project.batch("march", GONE)
    follow_advice(project, "apply", "-y")
    project.check_calls(once([*GONE, *OTHERS]))


def test_a_batch_that_appears_after_it_was_declared_placed_shows_who_is_in_it(project: InProcessProject) -> None:
    _lose(project)
    assert project.run("resolve", "batch/march", "--placed").code == 0
    project.advance(600)
    project.faults()
    project.batch("march", people(6))
    follow_advice(project, "apply", "-y")
    project.check_calls(once([*people(6), *OTHERS]))


def test_a_lost_call_that_nobody_wants_is_kept_in_the_tombstone(quick: InProcessProject) -> None:
    quick.batch("april", OTHERS)
    quick.call("ada", GONE[0])
    lag = {"match": {"operation": "listCalls", "times": 0}, "do": {"lag": 86_400}}
    quick.faults({"match": {"operation": "createOutboundCalls"}, "do": "lost_answer"}, lag)
    assert quick.apply().code == 3
    quick.remove("ada")
    assert quick.apply().code == 0
    run = quick.plan()
    assert (run.code, "dialctl resolve call/ada --placed | --not-placed" in run.said) == (0, True), run
    record = quick.remembered()["resources"]["call/ada"]
    assert (record["tombstone"], len(record["intents"])) == (True, 1)
    quick.check_lock()
    quick.call("ada", GONE[0])
    assert quick.apply().code == 3
    assert quick.run("resolve", "call/ada", "--placed").code == 0
    follow_advice(quick, "apply", "-y")
    quick.check_calls(once([GONE[0], *OTHERS]))


def test_who_was_in_a_lost_batch_is_known_while_it_is_paused(project: InProcessProject) -> None:
    project.lose_requests("lost_answer")
    assert project.apply().code == 3
    project.batch("march", GONE, more="  state: cancelled\n")
    assert project.plan().code == 0
    assert "4 people count as called" in project.run("resolve", "batch/march", "--placed").said
    project.advance(600)
    project.batch("march", GONE)
    project.faults()
    follow_advice(project, "apply", "-y")
    project.check_calls(once([*GONE, *OTHERS]))
