"""`dialctl status --watch`: the status again and again, until everything is over or a signal comes."""

from __future__ import annotations

import subprocess

import pytest

from . import manifests
from .cli_project import CliProject

ADA = "+14155550101"
DAY = 86_400


@pytest.fixture
def campaign(project: CliProject) -> CliProject:
    project.write("project.yaml", manifests.project_yaml())
    project.write("march.yaml", manifests.batch_yaml("march", [ADA]))
    project.apply()
    return project


def test_it_ends_by_itself_when_everything_is_over(campaign: CliProject) -> None:
    campaign.advance(DAY)
    watched = campaign.run("status", "--watch=1")
    assert watched.out == campaign.run("status").out
    assert watched.out.startswith("batch/march · over\n")


def test_it_goes_on_while_people_wait_and_ends_at_a_signal(campaign: CliProject) -> None:
    process = subprocess.Popen(
        campaign.command("status", "--watch=0.1s"),
        cwd=campaign.directory,
        env=campaign.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        assert process.stdout is not None
        headlines = 0
        while headlines < 2:
            headlines += process.stdout.readline().startswith("batch/march · starts at ")
        process.terminate()
        process.stdout.read()
        assert process.wait(60) == 143


def test_it_makes_no_document_of_json(campaign: CliProject) -> None:
    assert "--watch shows text" in campaign.run("status", "--watch", "--json", exits=64).text
