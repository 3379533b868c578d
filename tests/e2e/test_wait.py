"""`apply --wait` follows to the end what was submitted; whatever ends it early, the report of the apply is printed."""

from __future__ import annotations

import resource

import pytest

from .cli_project import CliProject, numbers
from .conftest import Examples
from .manifests import batch_yaml, project_yaml
from .test_json_output import REPORT, valid

PEOPLE = numbers(415, 3)
ATTEMPTS_A_LOOK = 5


@pytest.fixture
def campaign(project: CliProject) -> CliProject:
    project.write("project.yaml", project_yaml())
    project.write("march.yaml", batch_yaml("march", PEOPLE))
    return project


def unread(project: CliProject, times: int) -> None:
    """So many reads of a batch fail; 0 is all of them."""
    rule = {"operation": "getCallBatch", "times": times}
    project.faults({"match": rule, "do": {"status": {"code": 503, "effect": False}}})


def test_it_ends_when_all_people_were_called(campaign: CliProject) -> None:
    ran = campaign.apply("--wait")
    assert ran.err.splitlines()[-1] == "3 reached, 0 not reached, 0 in flight, 0 waiting"
    assert ran.out.splitlines()[-1] == "Apply: 3 people submitted."
    assert campaign.calls() == dict.fromkeys(PEOPLE, 1)


def test_a_look_that_fails_is_not_the_end(campaign: CliProject) -> None:
    unread(campaign, 2 * ATTEMPTS_A_LOOK)
    ran = campaign.apply("--wait")
    assert ran.err.splitlines()[-1] == "3 reached, 0 not reached, 0 in flight, 0 waiting"
    assert campaign.calls() == dict.fromkeys(PEOPLE, 1)


def test_looks_that_go_on_failing_end_it_with_the_report(campaign: CliProject) -> None:
    unread(campaign, 0)
    ran = campaign.apply("--wait", exits=1)
    assert "0 waiting" not in ran.err
    assert ran.out.splitlines()[-2] == "Apply: 3 people submitted."
    assert ran.out.splitlines()[-1].startswith("Not followed to the end: ")


def test_under_json_too_the_report_says_what_was_done(campaign: CliProject) -> None:
    unread(campaign, 0)
    report = campaign.apply("--wait", "--json", exits=1).json
    valid(report, REPORT)
    assert report["unfollowed"]["code"] == "provider"
    assert (report["exit_code"], report["interrupted"]) == (1, False)
    assert [(one["outcome"], one["people_done"]) for one in report["actions"]] == [("done", 3)]


def test_the_shipped_example_of_12_000_people_takes_seconds_in_the_sandbox(example: Examples) -> None:
    project, before = example("renewals"), resource.getrusage(resource.RUSAGE_CHILDREN)
    project.apart = True
    ran = project.apply("--wait")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert ran.err.splitlines()[-1].startswith("8,537 reached, 3,103 not reached, 0 in flight, 0 waiting, ")
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 10
