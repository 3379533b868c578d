"""Streams as they are in life: closed, full, of another encoding, read by a runner, and a directory that is gone."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.command import SECONDS

from .cli_project import CliProject, numbers
from .manifests import batch_yaml, project_yaml

PEOPLE = numbers(415, 3)


@pytest.fixture
def campaign(project: CliProject) -> CliProject:
    project.write("project.yaml", project_yaml())
    project.write("march.yaml", batch_yaml("march", PEOPLE))
    return project


def shell(project: CliProject, script: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Run a script in which `$DIALCTL` is the command."""
    environment = {**project.environment, **variables, "DIALCTL": " ".join(project.command())}
    return subprocess.run(
        ["bash", "-c", script], cwd=project.directory, env=environment, capture_output=True, timeout=SECONDS
    )


@pytest.mark.parametrize("redirection", [">/dev/full", ">&-", "| true; exit ${PIPESTATUS[0]}"])
def test_a_report_that_cannot_be_written_changes_nothing_about_the_calls(
    redirection: str, campaign: CliProject
) -> None:
    ended = shell(campaign, f"$DIALCTL apply -y {redirection}")
    assert ended.returncode == (0 if redirection == ">&-" else 1)
    assert b"Traceback" not in ended.stderr
    assert b"Exception ignored" not in ended.stderr
    assert (b"No space left on device" in ended.stderr) is (redirection == ">/dev/full")
    campaign.advance(600)
    campaign.apply()
    assert campaign.calls() == dict.fromkeys(PEOPLE, 1)


def test_a_terminal_of_another_encoding_shows_everything(campaign: CliProject) -> None:
    campaign.write("march.yaml", batch_yaml("march", PEOPLE) + "  display_name: 名 → x\n")
    for command in ("plan", "apply -y", "status", "results", "results --format jsonl", "plan --format markdown"):
        ended = shell(campaign, f"$DIALCTL {command}", PYTHONIOENCODING="latin-1")
        assert (ended.returncode, b"Traceback" in ended.stderr) == (0, False), (command, ended.stderr)
        assert ended.stdout.decode("latin-1")
    rows = shell(campaign, "$DIALCTL results --format jsonl", PYTHONIOENCODING="latin-1").stdout.decode("latin-1")
    assert json.loads(rows.splitlines()[0])["number"] == "+1415***0100"


def test_a_directory_that_was_deleted_is_said(campaign: CliProject, tmp_path: Path) -> None:
    ended = shell(campaign, f"mkdir {tmp_path}/gone && cd {tmp_path}/gone && rmdir {tmp_path}/gone && $DIALCTL plan")
    assert (ended.returncode, ended.stdout) == (1, b"")
    assert b"this directory does not exist any more" in ended.stderr


def test_no_line_of_a_log_is_a_command_for_the_runner(campaign: CliProject) -> None:
    campaign.write("march.yaml", batch_yaml("march", PEOPLE).replace("agent_1", '"::stop-commands::x"'))
    for command in ("plan", "-v plan", "plan --json", "plan --format markdown", "validate", "explain ::error::x"):
        ended = shell(campaign, f"$DIALCTL {command} 2>&1", GITHUB_ACTIONS="true")
        lines = ended.stdout.decode().splitlines()
        assert lines
        assert not [line for line in lines if line.lstrip().startswith("::") or "##[" in line]
