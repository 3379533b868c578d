"""`state rm`: what was done under an address is forgotten, and what its provider still shows is found again."""

from __future__ import annotations

from pathlib import Path

from tests.protocol.advice import FORGET, follow_advice
from tests.protocol.project_fixture import Project, never, once, people
from tests.protocol.scenarios import AFTER_THE_GUARD, retry_in_doubt


def test_a_lost_batch_can_be_forgotten(campaign: Project) -> None:
    """The provider lost everything: under this account nothing is left."""
    campaign.batch("march", people(4))
    campaign.key += "_new"
    run = campaign.plan()
    assert run.code == 3
    assert "dialctl state rm batch/march" in run.said
    assert campaign.run("state", "rm", "batch/march", FORGET).code == 0
    assert len(follow_advice(campaign, "apply", "-y")) == 1
    campaign.check_calls(once(people(4)))


def test_what_was_forgotten_too_early_is_found_again_by_its_mark(campaign: Project) -> None:
    assert "its people are not called twice" in campaign.run("state", "rm", "batch/march", FORGET).said
    assert "batch/march" not in campaign.run("state", "list").said
    assert campaign.run("state", "rm", "batch/march", FORGET).code == 64
    assert "foreign_mark" in campaign.run("drift").said
    assert "4 waiting" in campaign.run("status").said
    sent = len(campaign.posts())
    assert campaign.apply().code == 0
    assert len(campaign.posts()) == sent + 1, "for the three who are new"
    follow_advice(campaign, "apply", "-y")
    campaign.check_calls(once(people(7)))


def test_whoever_was_called_by_a_forgotten_batch_that_is_still_there_is_not_called_again(campaign: Project) -> None:
    campaign.advance(AFTER_THE_GUARD)
    campaign.run("state", "rm", "batch/march", FORGET)
    campaign.batch("march", people(6))
    follow_advice(campaign, "apply", "-y")
    campaign.check_calls(once(people(6)))


def test_whoever_waits_under_a_forgotten_address_is_taken_off_with_its_manifest(campaign: Project) -> None:
    campaign.batch("april", people(2, 50))
    campaign.run("state", "rm", "batch/march", FORGET)
    campaign.remove("march")
    follow_advice(campaign, "apply", "-y")
    campaign.check_calls(never(people(4)) | once(people(2, 50)))


def test_a_forgotten_campaign_under_another_name_looks_renamed_all_the_same(campaign: Project) -> None:
    campaign.run("state", "rm", "batch/march", FORGET)
    campaign.remove("march")
    campaign.batch("spring", people(5))
    run = campaign.plan()
    assert (run.code, "metadata.previously: [batch/march]" in run.said) == (3, True), run
    manifest = campaign.directory / "spring.yaml"
    manifest.write_text(manifest.read_text().replace("{name: spring}", "{name: spring, previously: [batch/march]}"))
    follow_advice(campaign, "apply", "-y")
    campaign.check_calls(once(people(5)))


def test_somebody_elses_cancel_of_a_forgotten_batch_can_be_resumed(campaign: Project) -> None:
    campaign.batch("march", people(4))
    campaign.cancel_elsewhere()
    campaign.run("state", "rm", "batch/march", FORGET)
    assert "dialctl resolve batch/march --resume" in campaign.apply().said
    follow_advice(campaign, "apply", "-y")
    campaign.check_calls(once(people(4)))


def test_a_forgotten_call_is_found_under_the_agent_that_placed_it(tmp_path: Path) -> None:
    project = Project(tmp_path / "spring").begin()
    project.call("ada", people(1)[0])
    project.apply()
    project.run("state", "rm", "call/ada", FORGET)
    manifest = project.directory / "ada.yaml"
    manifest.write_text(manifest.read_text().replace("agent_A", "agent_B"))
    follow_advice(project, "apply", "-y")
    project.check_calls(once(people(1)))


def test_a_retry_that_may_have_arrived_is_settled_before_it_is_forgotten(tmp_path: Path) -> None:
    project, numbers = retry_in_doubt(tmp_path / "spring")
    run = project.run("state", "rm", "batch/march", FORGET)
    assert (run.code, "dialctl resolve batch/march --placed | --not-placed" in run.said) == (1, True), run
    assert project.run("resolve", "batch/march", "--not-placed").code == 0
    assert project.run("state", "rm", "batch/march", FORGET).code == 0
    follow_advice(project, "apply", "-y")
    project.check_calls(dict.fromkeys(numbers, (2, 2)))
