"""For each reason to hold people back: the advice that is printed, followed to the end, leads to an empty plan, and
no one is called more often than wanted on the way."""

from __future__ import annotations

from pathlib import Path

from tests.protocol.advice import FORGET, follow_advice
from tests.protocol.project_fixture import Project, never, once, people
from tests.protocol.run_process import KILL
from tests.protocol.scenarios import retry_in_doubt


def test_cancelled_elsewhere_can_be_resumed(campaign: Project) -> None:
    campaign.batch("march", people(4))
    campaign.cancel_elsewhere()
    run = campaign.plan()
    assert run.code == 3
    assert "dialctl resolve batch/march --resume" in run.said
    assert campaign.run("resolve", "batch/march", "--resume").code == 0
    assert len(follow_advice(campaign, "apply", "-y")) == 1
    campaign.check_calls(once(people(4)))


def test_cancelled_elsewhere_can_be_agreed_with(campaign: Project) -> None:
    campaign.batch("march", people(4))
    campaign.cancel_elsewhere()
    assert "or state: cancelled in the manifest" in campaign.plan().said
    campaign.batch("march", people(4), more="  state: cancelled\n")
    assert campaign.plan().code == 0
    assert campaign.apply().code == 0
    campaign.check_calls(never(people(4)))


def test_what_looks_renamed_can_be_said_to_be(campaign: Project) -> None:
    campaign.remove("march")
    campaign.batch("spring", people(5))
    run = campaign.plan()
    assert run.code == 3
    assert "metadata.previously: [batch/march]" in run.said
    manifest = campaign.directory / "spring.yaml"
    manifest.write_text(manifest.read_text().replace("{name: spring}", "{name: spring, previously: [batch/march]}"))
    follow_advice(campaign, "apply", "-y")
    campaign.check_calls(once(people(5)))


def test_what_looks_renamed_can_leave_first(campaign: Project) -> None:
    campaign.batch("april", people(2, 50))
    campaign.apply()
    campaign.remove("march")
    campaign.batch("spring", people(7))
    assert "apply once without batch/spring" in campaign.plan().said
    campaign.remove("spring")
    assert campaign.apply().code == 0
    campaign.batch("spring", people(7))
    follow_advice(campaign, "apply", "-y")
    campaign.check_calls(once([*people(7), *people(2, 50)]))


def test_a_changed_provider_can_be_put_back(campaign: Project) -> None:
    campaign.batch("march", people(4))
    manifest = (campaign.directory / "march.yaml").read_text()
    campaign.remove("march")
    campaign.box("march", people(4))
    run = campaign.plan()
    assert run.code == 3
    assert "put it back" in run.said
    campaign.file("march.yaml", manifest)
    campaign.file("march.csv", "\n".join(["to_number", *people(4), ""]))
    assert campaign.plan().code == 0
    campaign.check_calls(once(people(4)))


def test_a_provider_that_keeps_no_names_gets_no_second_batch_until_a_person_says_so(project: Project) -> None:
    project.batch("march", people(4))
    rewritten = {"match": {"operation": "createCallBatch", "times": 0}, "do": {"edit": {"name": "somebody's"}}}
    project.control("PUT", "faults", [rewritten])
    run = project.apply()
    assert (run.code, "mark_lost" in run.said) == (3, True), run
    sent = project.posts()
    for arguments in (("plan",), ("apply", "-y")):
        run = project.run(*arguments)
        assert (run.code, "dialctl resolve batch/march --resume" in run.said) == (3, True), run
    assert project.posts() == sent
    assert project.run("resolve", "batch/march", "--resume").code == 0
    assert project.apply().code == 3, "held back again where nothing was mended"
    project.control("PUT", "faults", [])
    follow_advice(project, "apply", "-y")
    project.check_calls(once(people(4)))


def test_people_that_cannot_be_read_hold_the_batch_until_they_can(campaign: Project) -> None:
    campaign.control("PUT", "faults", [{"match": {"operation": "getCallBatch", "times": 0}, "do": {"drop_members": 1}}])
    run = campaign.apply()
    campaign.control("PUT", "faults", [])
    assert run.code == 3
    assert "try again later" in run.said
    follow_advice(campaign, "apply", "-y")
    campaign.check_calls(once(people(7)))


def test_nothing_is_said_of_an_address_that_is_gone_altogether(campaign: Project) -> None:
    campaign.batch("april", people(2, 50))
    campaign.apply()
    campaign.run("state", "rm", "batch/march", FORGET)
    campaign.remove("march")
    campaign.run("state", "rm", "batch/april", FORGET)
    campaign.key += "_new"
    assert "batch/march" not in campaign.run("status").said
    assert "nothing of it is known any more" in campaign.plan().said
    follow_advice(campaign, "apply", "-y")
    assert "batch/march" not in campaign.plan().said


def test_an_unsure_call_is_settled_by_a_person_either_way(tmp_path: Path) -> None:
    for step, verdict in (("send:", "--not-placed"), ("answer:", "--placed")):
        project = Project(tmp_path / verdict).begin()
        project.call("ada", people(1)[0])
        project.control("PUT", "faults", [{"match": {"operation": "listCalls", "times": 0}, "do": {"lag": 600}}])
        project.apply(at=step, signum=KILL)
        run = project.apply()
        assert run.code == 3
        assert "dialctl resolve call/ada --placed | --not-placed" in run.said
        assert project.run("resolve", "call/ada", verdict).code == 0
        follow_advice(project, "apply", "-y")
        project.check_calls(once(people(1)))


def test_an_unsure_retry_is_settled_by_a_person(tmp_path: Path) -> None:
    project, numbers = retry_in_doubt(tmp_path / "spring")
    run = project.apply()
    assert run.code == 3
    assert "dialctl resolve batch/march --placed | --not-placed" in run.said
    assert project.run("resolve", "batch/march", "--not-placed").code == 0
    follow_advice(project, "apply", "-y")
    project.check_calls(dict.fromkeys(numbers, (2, 2)))


def test_a_provider_that_cannot_be_read_is_read_by_the_next_run(campaign: Project) -> None:
    campaign.control(
        "PUT",
        "faults",
        [
            {
                "match": {"operation": "listCallBatches", "times": 1},
                "do": {"status": {"code": 403, "effect": False}},
            }
        ],
    )
    sent = campaign.posts()
    run = campaign.apply()
    campaign.control("PUT", "faults", [])
    assert run.code in (1, 3), run
    assert campaign.posts() == sent
    follow_advice(campaign, "apply", "-y")
    campaign.check_calls(once(people(7)))
