"""What keeps a slip from becoming a campaign: limits of calls, of people taken off, of a run."""

from __future__ import annotations

import pytest

from .cli_project import CliProject, numbers
from .manifests import CARTESIA, batch_yaml, project_yaml

THIRTY = numbers(415, 30)


@pytest.fixture
def campaign(project: CliProject) -> CliProject:
    project.write("project.yaml", project_yaml())
    project.write("march.yaml", batch_yaml("march", THIRTY))
    return project


def test_a_plan_over_max_dials_is_shown_and_refused_before_anything_is_sent(campaign: CliProject) -> None:
    shown = campaign.plan("--max-dials", "29", exits=1)
    (refusal,) = shown.json["refusals"]
    assert refusal.startswith("the plan calls 30 people, max_dials allows 29")
    refused = campaign.apply("--max-dials", "29", exits=1)
    assert refused.text.count("max_dials allows 29") == 1, "said once, as the error"
    assert "max_dials allows 29" in refused.err
    campaign.write("project.yaml", project_yaml(policy={"max_dials": 29}))
    campaign.apply(exits=1)
    assert all(one["method"] == "GET" for one in campaign.requests())
    campaign.write("project.yaml", project_yaml(policy={"max_dials": 30}))
    campaign.apply("--max-dials", "30")


def test_taking_off_most_of_the_waiting_people_needs_to_be_said(campaign: CliProject) -> None:
    campaign.apply()
    campaign.write("march.yaml", batch_yaml("march", THIRTY[:10]))
    shown = campaign.plan(exits=1)
    (refusal,) = shown.json["refusals"]
    assert "20 of 30 waiting people" in refusal
    assert "--allow-shrink batch/march" in refusal
    campaign.apply(exits=1)
    assert [one["status"] for one in campaign.batches()] == ["pending"]
    campaign.plan("--allow-shrink", "batch/march")
    campaign.apply("--allow-shrink", "batch/march")
    campaign.advance(600)
    assert set(campaign.calls()) == set(THIRTY[:10])


def test_the_project_may_allow_it_and_says_when_that_is_idle(campaign: CliProject) -> None:
    campaign.write("project.yaml", project_yaml(policy={"allow_shrink": ["batch/march"]}))
    (idle,) = [one["message"] for one in campaign.plan().json["warnings"] if "allow_shrink" in one["message"]]
    assert idle.endswith("where most of the waiting people stay: take it out again")
    campaign.apply()
    campaign.write("march.yaml", batch_yaml("march", THIRTY[:10]))
    warnings = [one["message"] for one in campaign.plan().json["warnings"]]
    assert "20 of 30 waiting people are taken off, as allow_shrink allows" in warnings
    campaign.apply()
    campaign.advance(600)
    assert set(campaign.calls()) == set(THIRTY[:10])


def test_a_saved_plan_carries_what_it_was_allowed(campaign: CliProject) -> None:
    campaign.apply()
    campaign.write("march.yaml", batch_yaml("march", THIRTY[:10]))
    campaign.plan("--allow-shrink", "batch/march", "--out", "allowed.plan")
    campaign.run("apply", "allowed.plan", "-y")
    campaign.advance(600)
    assert set(campaign.calls()) == set(THIRTY[:10])


def test_leave_to_shrink_something_that_is_not_there_is_refused(campaign: CliProject) -> None:
    campaign.write("april.yaml", batch_yaml("april", numbers(212, 3)))
    campaign.apply("--target", "batch/march", "--allow-shrink", "batch/april")
    (campaign.directory / "march.yaml").unlink()
    campaign.plan("--allow-shrink", "batch/march")
    (refusal,) = campaign.plan("--allow-shrink", "batch/march", "--allow-shrink", "april", exits=1).json["refusals"]
    assert 'no resource has the address "april"' in refusal
    campaign.apply("--allow-shrink", "batch/march", "--allow-shrink", "april", exits=1)
    assert [one["status"] for one in campaign.batches()] == ["pending"]


def test_a_narrower_run_leaves_every_other_address_alone(campaign: CliProject) -> None:
    campaign.write("april.yaml", batch_yaml("april", numbers(212, 3)))
    campaign.apply("--target", "batch/april")
    campaign.apply("march.yaml")
    assert {one["name"].partition(" ")[0] for one in campaign.batches()} == {"march", "april"}
    for gone in ("march.yaml", "april.yaml"):
        (campaign.directory / gone).unlink()
    campaign.write("may.yaml", batch_yaml("may", numbers(646, 1)))
    assert campaign.plan("--target", "batch/may").verbs == {"create batch/may": ("new", 1)}
    assert campaign.plan("may.yaml").verbs == {"create batch/may": ("new", 1)}
    whole = campaign.plan(exits=1)
    assert whole.verbs["cancel batch/april"] == ("removed", 3)
    assert "--allow-shrink batch/march" in whole.json["refusals"][0]


def test_an_unknown_target_calls_nobody(campaign: CliProject) -> None:
    ran = campaign.apply("--target", "batch/marhc", exits=1)
    assert 'no resource has the address "batch/marhc"' in ran.err
    assert campaign.requests() == []


def test_without_a_project_document_a_plan_at_a_real_provider_is_shown_refused(served_project: CliProject) -> None:
    """The plan of a pull request tells what the apply after its merge would."""
    served_project.write("march.yaml", batch_yaml("march", THIRTY[:2], provider="cartesia", **CARTESIA))
    said = "a real provider needs a Project document"
    for flags in ((), ("--offline",)):
        shown = served_project.plan(*flags, exits=1)
        assert "create batch/march" in shown.verbs
        assert [said in refusal for refusal in shown.json["refusals"]] == [True]
    assert f"Error: {said}" in served_project.apply(exits=1).err
    served_project.flags = ("--sandbox",)
    assert served_project.plan().json["refusals"] == served_project.plan("--offline").json["refusals"] == []


def test_a_project_without_resources_is_an_error_and_takes_nobody_off(campaign: CliProject) -> None:
    campaign.apply()
    (campaign.directory / "march.yaml").unlink()
    campaign.apply(exits=1)
    assert [one["status"] for one in campaign.batches()] == ["pending"]


def test_a_renamed_campaign_calls_nobody_again_however_often_it_is_applied(campaign: CliProject) -> None:
    campaign.apply()
    campaign.advance(3600)
    early = campaign.calls()
    campaign.edit("march.yaml", "name: march", "name: spring-march")
    for _ in range(2):
        assert campaign.plan(exits=3).verbs["block batch/spring-march"] == ("looks_renamed", 30)
        campaign.apply(exits=3)
        campaign.advance(3600)
    campaign.edit("march.yaml", "name: spring-march", "name: spring-march\n  previously: [batch/march]")
    campaign.apply()
    assert campaign.plan("--detailed-exitcode").verbs == {}
    campaign.advance(3600)
    assert campaign.calls() == early == dict.fromkeys(THIRTY, 1)
