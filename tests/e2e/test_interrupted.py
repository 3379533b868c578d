"""A lowered Batch of hundreds of people, ended by SIGTERM in the middle: the next run calls the rest, nobody twice."""

from __future__ import annotations

import json
import re
import resource
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import SECONDS, served_sandbox

from .cli_project import CliProject, numbers, open_served
from .manifests import CALLINGBOX, batch_yaml, project_yaml

TURNED_AWAY = 94
PEOPLE = [number for area in range(201, 206) for number in numbers(area, 99, without=[TURNED_AWAY])][:400]
PACE = {"calls_per_second": 100, "max_in_flight": 400}


@pytest.fixture
def campaign(tmp_path: Path) -> Iterator[CliProject]:
    """At a sandbox of its own, whose clock runs sixty times as fast as ours."""
    home = tmp_path / "home"
    home.mkdir()
    with served_sandbox("--directory", str(tmp_path / "sandbox"), "--speed", "60") as url:
        project = open_served(home, url, "sk_hundreds")
        project.write("project.yaml", project_yaml())
        project.write("tickets.yaml", batch_yaml("tickets", PEOPLE, **CALLINGBOX, pace=PACE))
        yield project
        project.sandbox.close()


def placed(project: CliProject) -> int:
    return sum(one["operation"] == "createCall" for one in project.requests())


def test_hundreds_of_people_interrupted_at_37_percent_are_called_once_each(campaign: CliProject) -> None:
    campaign.run("state", "new")
    arguments = campaign.command("apply", "--auto-approve", "--json")
    with subprocess.Popen(
        arguments, cwd=campaign.directory, env=campaign.environment, stdout=subprocess.PIPE, text=True
    ) as apply:
        until = time.monotonic() + SECONDS
        while placed(campaign) < 148 and time.monotonic() < until:
            time.sleep(0.05)
        apply.send_signal(signal.SIGTERM)
        out, _ = apply.communicate(timeout=SECONDS)
    assert apply.returncode == 143, out
    assert json.loads(out)["interrupted"]
    early = placed(campaign)
    assert 148 <= early < 400

    again = campaign.plan("--detailed-exitcode", exits=2)
    assert again.verbs == {"create batch/tickets": ("new", 400 - early)}
    report = campaign.apply("--json").json
    assert [(one["outcome"], one["people_done"]) for one in report["actions"]] == [("done", 400 - early)]
    assert campaign.plan("--detailed-exitcode").verbs == {}
    campaign.advance(600)
    assert campaign.calls() == dict.fromkeys(PEOPLE, 1)


def test_a_disk_that_fills_up_in_the_middle_ends_it_with_what_went_out(served_project: CliProject) -> None:
    served_project.write("project.yaml", project_yaml())
    served_project.write("tickets.yaml", batch_yaml("tickets", PEOPLE[:60], **CALLINGBOX, pace=PACE))
    served_project.run("state", "new")
    placed_before = placed(served_project)  # by other tests at the same server
    ran = subprocess.run(
        served_project.command("apply", "--auto-approve", "--parallelism", "1"),
        cwd=served_project.directory,
        env=served_project.environment,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, 16_384)),
    )
    early = placed(served_project) - placed_before
    counts = re.search(r"Apply: (\d+) people submitted, (\d+) people left for the next run", ran.stdout)
    assert counts
    submitted, left = int(counts[1]), int(counts[2])
    assert left == 60 - submitted
    # Where the disk fills up between a request and the record of its answer, one person is unsure until the next run.
    is_unsure = early - submitted
    assert (is_unsure, ran.returncode) in {(0, 1), (1, 3)}, ran.stdout + ran.stderr
    assert "Ended early: " in ran.stdout
    assert "make room on the disk" in ran.stdout
    served_project.apply()
    assert placed(served_project) - placed_before == 60
