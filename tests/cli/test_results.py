"""`dialctl results`: filters, files, and a list cut from it that is called again."""

from __future__ import annotations

import json

import pytest

from tests.project_fixture import ADA, BATCH, PROJECT, ProjectFixture

SILENT = "+14155550191"
DAY = 86_400


@pytest.fixture
def campaign(project: ProjectFixture) -> ProjectFixture:
    """One person who was reached and one who was not, a day ago."""
    project.write(people_csv=f"to_number,plan,account\n{ADA},basic,0042\n{SILENT},pro,0007\n")
    assert project.apply().exit == 0
    with project.world() as world:
        world.advance(DAY)
    return project


def test_the_unreached_are_a_recipients_file_as_they_are(campaign: ProjectFixture) -> None:
    """Another batch calls exactly those whom the first one did not reach, with their own data."""
    for name in ("again.csv", "again.jsonl", "again.xlsx", "again.parquet"):
        assert campaign.dialctl("results", "batch/outreach", "--unreached", "-o", str(campaign.root / name)).exit == 0
        source = f"recipients_from: [{{file: {name}, to_number: number, metadata: [plan, account]}}]"
        again = BATCH.replace("outreach", "again").replace("recipients_from: [{file: people.csv}]", source)
        campaign.write(again_yaml=again)
        assert campaign.dialctl("validate").exit == 0
        actions = {action["address"]: action for action in campaign.plan()["actions"]}
        assert (actions["batch/again"]["verb"], actions["batch/again"]["people"]) == ("create", 1)
    assert campaign.apply().exit == 0
    shown = campaign.dialctl("results", "batch/again", "--show-numbers", "--format", "json").json
    assert [(row["number"], row["plan"], row["account"]) for row in shown] == [(SILENT, "pro", "0007")]


@pytest.mark.parametrize(
    ("flags", "chosen"),
    [
        (["--number", "+1 415 555 0101"], [ADA]),
        (["--outcome", "no answer"], [SILENT]),
        (["--outcome", "dial_no_answer"], [SILENT]),
        (["--unreached"], [SILENT]),
        (["--standing", "dialed", "--number", SILENT], [SILENT]),
        (["--standing", "waiting"], []),
    ],
)
def test_people_are_chosen_by_number_outcome_and_standing(
    flags: list[str], chosen: list[str], campaign: ProjectFixture
) -> None:
    shown = campaign.dialctl("results", "--show-numbers", "--format", "jsonl", *flags)
    assert [json.loads(line)["number"] for line in shown.out.splitlines() if line] == chosen


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["-o", "a.xls"], '"a.xls" is no format of results'),
        (["--format", "xlsx"], "name a file: -o results.xlsx"),
        (["--outcome", "no anwser"], 'no call ends as "no anwser"'),
        (["--number", "0101"], '"0101" is no phone number'),
    ],
)
def test_what_cannot_be_meant_is_refused(flags: list[str], message: str, project: ProjectFixture) -> None:
    refused = project.dialctl("results", *flags)
    assert refused.exit == 64
    assert message in refused.err


def test_masked_is_the_default_and_a_file_holds_numbers_in_full(campaign: ProjectFixture) -> None:
    shown = campaign.dialctl("results", "--format", "csv").out
    assert "+1415•••0101" in shown
    assert ADA not in shown
    campaign.dialctl("results", "-o", str(campaign.root / "all.csv"))
    assert ADA in (campaign.root / "all.csv").read_text()
    assert PROJECT in (campaign.root / "project.yaml").read_text()


def test_people_whom_their_own_resource_calls_again_are_no_follow_up_list(project: ProjectFixture) -> None:
    """In both lists they would be called twice as often as either manifest says."""
    project.write(batch_yaml=f"{BATCH}  retry: {{max_retries: 1, on: [dial_no_answer], after: 2d}}\n")
    project.people(ADA, SILENT)
    for unreached, note in (([], "1 unreached person is left out"), ([SILENT], "")):
        project.apply()
        with project.world() as world:
            world.advance(3 * DAY if unreached else DAY)
        shown = project.dialctl("results", "--unreached", "--show-numbers", "--format", "jsonl")
        assert [json.loads(line)["number"] for line in shown.out.splitlines() if line] == unreached
        assert note in shown.err
        with project.world() as world:
            world.advance(2 * DAY)
