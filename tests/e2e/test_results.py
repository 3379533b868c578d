"""What `status` and `results` say of people is what is known of them, and no more."""

from __future__ import annotations

import json
from typing import Any

import pytest

from declarative.sandbox import SANDBOX_KEY

from . import manifests
from .cli_project import CliProject

ADA, BOB = "+14155550101", "+14155550102"
SILENT = "+14155550191"
DAY = 86_400
RETRY = {"max_retries": 1, "on": ["dial_no_answer"]}


@pytest.fixture
def campaign(project: CliProject) -> CliProject:
    """One person who answers, and one who does not."""
    project.write("project.yaml", manifests.project_yaml())
    project.write("march.yaml", manifests.batch_yaml("march", [ADA, SILENT], retry=RETRY))
    project.apply()
    return project


def standings(project: CliProject, exits: int = 0) -> dict[str, Any]:
    return {one["address"]: one["standing"] for one in project.run("status", "--json", exits=exits).json["resources"]}


def cancel_elsewhere(project: CliProject) -> None:
    headers = {"Authorization": f"Bearer {SANDBOX_KEY}", "Cartesia-Version": "2026-03-01"}
    url = "cartesia/agents/calls/batches"
    for batch in project.sandbox.get(url, headers=headers).raise_for_status().json()["data"]:
        project.sandbox.post(f"{url}/{batch['id']}/cancel", headers=headers).raise_for_status()


def test_attempts_are_exact_where_they_are_known(campaign: CliProject) -> None:
    """After a retry request no answer tells whether a person who was reached was called by it."""
    campaign.advance(DAY)
    campaign.apply()
    campaign.advance(DAY)
    rows = {row["number"]: (row["attempts"], row["attempts_at_most"]) for row in campaign.results()}
    assert campaign.calls() == {ADA: 1, SILENT: 2}
    assert rows == {ADA: (None, 2), SILENT: (2, 2)}
    assert "at most 2" in campaign.run("results").out


@pytest.mark.parametrize("via", ["direct", "batch"])
def test_an_edited_call_shows_the_number_that_was_called(via: str, project: CliProject) -> None:
    project.write("project.yaml", manifests.project_yaml())
    project.write("ada.yaml", manifests.call_yaml("ada", ADA, via=via))
    project.apply()
    project.advance(DAY)
    project.write("ada.yaml", manifests.call_yaml("ada", BOB, via=via))
    for _ in range(2):
        assert [(row["number"], row["standing"]) for row in project.results()] == [(ADA, "dialed")]
        project.apply()
    assert project.calls() == {ADA: 1}


def test_a_named_layout_goes_before_the_files_ending(campaign: CliProject) -> None:
    campaign.run("results", "-o", "a.jsonl", "--format", "csv")
    assert (campaign.directory / "a.jsonl").read_text().startswith("address,number,")


def test_people_who_may_be_in_a_lost_batch_are_not_said_to_be_unsubmitted(served_project: CliProject) -> None:
    served_project.write("project.yaml", manifests.project_yaml())
    served_project.write("march.yaml", manifests.batch_yaml("march", [ADA, BOB]))
    served_project.apply()
    served_project.environment["CARTESIA_API_KEY"] = f"{served_project.key}_another"
    assert standings(served_project, exits=3) == {"batch/march": {"unknown": 2}}
    rows = served_project.run("results", "--format", "jsonl", exits=3).out.splitlines()
    assert {json.loads(row)["standing"] for row in rows} == {"unknown"}


def test_people_taken_off_elsewhere_are_not_said_to_have_been_dialed(campaign: CliProject) -> None:
    cancel_elsewhere(campaign)
    assert standings(campaign, exits=3) == {"batch/march": {"cancelled": 2}}
    assert {(row["standing"], row["attempts"]) for row in campaign.results()} == {("cancelled", 0)}
    campaign.run("resolve", "batch/march", "--resume")
    assert standings(campaign) == {"batch/march": {"unsubmitted": 2}}


def test_status_names_calls_that_may_be_the_lost_one(served_project: CliProject) -> None:
    """Where a provider gives no marks back, a person has to find out."""
    version = {"cartesia": {"type": "cartesia", "api_version": "2025-04-16"}}
    served_project.write("project.yaml", manifests.project_yaml(providers=version))
    for name, number in (("ada", ADA), ("bob", BOB)):
        served_project.write(
            f"{name}.yaml", manifests.call_yaml(name, number, provider="cartesia", agent_id=manifests.AGENT)
        )
    served_project.run("state", "new")
    served_project.apply("--target", "call/bob")
    served_project.faults({"match": {"operation": "legacyOutboundCall"}, "do": "lost_answer"})
    served_project.apply(exits=3)
    served_project.advance(DAY)
    [called] = [dial["call_id"] for dial in served_project.dials() if dial["number"] == ADA]
    told = {
        one["address"]: one["candidates"] for one in served_project.run("status", "--json", exits=3).json["resources"]
    }
    assert [one["id"] for one in told["call/ada"]] == [called]
    assert told["call/bob"] == []
    assert f"candidate: {called}, placed " in served_project.run("status", "call/ada", exits=3).out
    served_project.run("resolve", "call/ada", "--placed")
    assert "candidate: " not in served_project.run("status").out
