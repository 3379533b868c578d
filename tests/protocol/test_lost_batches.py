"""A batch whose answer was lost, and the ways out of not knowing: the list catches up, the provider is put back, or a
person settles it. No one is called more often than wanted on any of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.protocol.advice import FORGET, follow_advice
from tests.protocol.project_fixture import InProcessProject, Project, never, once, people
from tests.protocol.run_process import KILL

LIMIT = "  target_concurrency_limit: 20\n"


def _with_a_lost_batch(directory: Path, at: str = "answer:") -> Project:
    project = Project(directory / "spring").begin()
    project.batch("march", people(4))
    project.plan()  # makes the world
    project.control("PUT", "faults", [{"match": {"operation": "listCallBatches", "times": 0}, "do": {"lag": 3600}}])
    project.apply(at=at, signum=KILL)
    return project


def _lose_the_batch(project: Project) -> None:
    """It arrives, its answer does not, and no list shows it for the rest of the day."""
    project.control("PUT", "faults", [{"match": {"operation": "listCallBatches", "times": 0}, "do": {"lag": 86_400}}])
    project.apply(at="answer: submit", signum=KILL)


def test_a_lost_request_waits_for_its_provider_to_be_put_back(tmp_path: Path) -> None:
    """The list lags: whether it arrived is not known, so that its people may call nowhere else."""
    project = _with_a_lost_batch(tmp_path)
    manifest = (project.directory / "march.yaml").read_text()
    project.box("march", people(4))
    for arguments in (("plan",), ("apply", "-y"), ("plan",)):
        run = project.run(*arguments)
        assert (run.code, "put it back" in run.said) == (3, True), run
    project.control("PUT", "faults", [])
    project.file("march.yaml", manifest)
    follow_advice(project, "apply", "-y")
    project.check_calls(once(people(4)))


def test_a_lost_request_that_never_arrived_may_be_sent_elsewhere(tmp_path: Path) -> None:
    project = _with_a_lost_batch(tmp_path, at="send:")
    project.control("PUT", "faults", [])
    project.box("march", people(4))
    run = project.apply()
    assert (run.code, "dialctl resolve batch/march --not-placed" in run.said) == (3, True), run
    assert project.run("resolve", "batch/march", "--not-placed").code == 0
    follow_advice(project, "apply", "-y")
    project.check_calls(once(people(4)))


def test_a_lost_request_waits_for_the_version_that_knows_batches(tmp_path: Path) -> None:
    project = _with_a_lost_batch(tmp_path)
    before = {name: (project.directory / name).read_text() for name in ("project.yaml", "march.yaml")}
    older = '  providers: {cartesia: {type: cartesia, api_version: "2025-04-16"}}\n'
    project.file("project.yaml", before["project.yaml"] + older)
    project.file("march.yaml", before["march.yaml"].replace("  from_number_id: ap_A\n", "").replace(LIMIT, ""))
    for arguments in (("plan",), ("apply", "-y"), ("plan",)):
        run = project.run(*arguments)
        assert (run.code, "put it back" in run.said) == (3, True), run
    project.control("PUT", "faults", [])
    for name, text in before.items():
        project.file(name, text)
    follow_advice(project, "apply", "-y")
    project.check_calls(once(people(4)))


def test_a_lost_request_of_a_manifest_that_is_gone_is_not_forgotten(tmp_path: Path) -> None:
    project = _with_a_lost_batch(tmp_path)
    project.remove("march")
    project.batch("april", people(2, 50))
    run = project.plan()
    assert (run.code, "dialctl apply looks for the lost batch" in run.said) == (3, True), run
    project.control("PUT", "faults", [])
    follow_advice(project, "apply", "-y")
    project.check_calls(never(people(4)) | once(people(2, 50)))


def test_a_lost_request_of_a_forgotten_address_is_cancelled_when_it_appears(tmp_path: Path) -> None:
    project = _with_a_lost_batch(tmp_path)
    project.run("state", "rm", "batch/march", FORGET)
    project.control("PUT", "faults", [])
    follow_advice(project, "apply", "-y")
    project.check_calls(once(people(4)))


def test_a_lost_batch_that_arrived_is_settled_by_a_person(project: Project) -> None:
    project.batch("march", people(4))
    _lose_the_batch(project)
    run = project.run("resolve", "batch/march", "--placed")
    project.control("PUT", "faults", [])
    assert "4 people count as called" in run.said
    follow_advice(project, "apply", "-y")
    project.check_calls(once(people(4)))


def test_nobody_of_a_lost_batch_is_forgotten_because_the_manifest_left_them_out(project: Project) -> None:
    project.batch("march", people(4))
    _lose_the_batch(project)
    project.batch("april", people(1, 50))
    for there in (people(3), people(4, 1)):
        project.batch("march", there)
        run = project.run("resolve", "batch/march", "--placed")
        assert run.code == 64, run
        assert "the manifest has changed since" in run.said
    project.batch("march", people(4))
    assert project.run("resolve", "batch/march", "--placed").code == 0
    project.control("PUT", "faults", [])
    follow_advice(project, "apply", "-y")
    project.check_calls(once([*people(4), *people(1, 50)]))


def test_a_lost_batch_that_shows_up_before_a_person_settles_it_is_taken_up(project: Project) -> None:
    project.batch("march", people(4))
    _lose_the_batch(project)
    project.control("PUT", "faults", [])
    assert "found by its mark" in project.run("resolve", "batch/march", "--placed").said
    project.batch("march", people(5))
    follow_advice(project, "apply", "-y")
    project.check_calls(once(people(5)))


def test_a_lost_batch_is_not_settled_while_the_provider_cannot_be_read(project: Project) -> None:
    """People in another batch would look as if they were in the lost one."""
    project.batch("march", people(4))
    project.apply()
    project.batch("march", people(7))
    _lose_the_batch(project)
    fault = {"match": {"operation": "listCallBatches", "times": 0}, "do": {"status": {"code": 403, "effect": False}}}
    project.control("PUT", "faults", [fault])
    run = project.run("resolve", "batch/march", "--placed")
    assert run.code == 1, run
    project.control("PUT", "faults", [])
    follow_advice(project, "apply", "-y")
    project.check_calls(once(people(7)))


def test_a_lost_batch_is_not_sent_again_under_another_name(tmp_path: Path) -> None:
    """Its people are not known, and the new address would not keep watch for it."""
    project = _with_a_lost_batch(tmp_path)
    project.remove("march")
    project.batch("spring", people(5))
    for arguments in (("plan",), ("apply", "-y"), ("apply", "-y"), ("plan",)):
        run = project.run(*arguments)
        assert (run.code, "metadata.previously: [batch/march]" in run.said) == (3, True), run
    assert {batch["status"] for batch in project.batches() if batch["name"].startswith("spring")} == set()
    manifest = project.directory / "spring.yaml"
    manifest.write_text(manifest.read_text().replace("{name: spring}", "{name: spring, previously: [batch/march]}"))
    project.control("PUT", "faults", [])
    follow_advice(project, "apply", "-y")
    project.check_calls(once(people(5)))


def test_a_new_batch_goes_on_once_a_person_says_that_the_lost_one_never_arrived(tmp_path: Path) -> None:
    project = _with_a_lost_batch(tmp_path, at="send:")
    project.remove("march")
    project.batch("april", people(2, 50))
    run = project.apply()
    assert (run.code, "dialctl resolve batch/march --not-placed" in run.said) == (3, True), run
    assert project.run("resolve", "batch/march", "--not-placed").code == 0
    project.control("PUT", "faults", [])
    follow_advice(project, "apply", "-y")
    project.check_calls(never(people(4)) | once(people(2, 50)))


def test_a_lost_batch_that_is_split_calls_nobody_again(tmp_path: Path) -> None:
    project = _with_a_lost_batch(tmp_path)
    project.remove("march")
    project.batch("one", people(2))
    project.batch("two", people(2, 2))
    manifest = project.directory / "one.yaml"
    manifest.write_text(manifest.read_text().replace("{name: one}", "{name: one, previously: [batch/march]}"))
    sent = project.posts()
    for _ in range(2):
        assert project.apply().code == 3
    assert project.posts() == sent
    project.control("PUT", "faults", [])
    for _ in range(2):
        assert "2 of its people were submitted as batch/march" in project.apply().said
    project.remove("two")
    project.batch("one", people(4), more="")
    manifest.write_text(manifest.read_text().replace("{name: one}", "{name: one, previously: [batch/march]}"))
    follow_advice(project, "apply", "-y")
    project.check_calls(once(people(4)))


@pytest.mark.parametrize(("fault", "verdict"), [("lost_answer", "--placed"), ("lost_request", "--not-placed")])
def test_where_the_provider_refuses_the_list_probe_a_person_can_say_it(
    quick: InProcessProject, fault: str, verdict: str
) -> None:
    quick.batch("march", people(4))
    lag = {"match": {"operation": "listCallBatches", "times": 0}, "do": {"lag": 86_400}}
    lost = {"match": {"operation": "createCallBatch", "times": 1}, "do": fault}
    refused = {
        "match": {"operation": "createCallBatch", "after": 1, "times": 0},
        "do": {"status": {"code": 422, "effect": False}},
    }
    quick.faults(lag, lost, refused)
    for _ in range(2):
        run = quick.apply()
        assert (run.code, "was refused" in run.said) == (3, True), run
        run = quick.plan()
        assert (run.code, "dialctl resolve batch/march --placed | --not-placed" in run.said) == (3, True), run
    assert quick.run("resolve", "batch/march", verdict).code == 0
    quick.faults()
    follow_advice(quick, "apply", "-y")
    quick.check_calls(once(people(4)))
