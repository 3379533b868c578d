"""The exit codes of README, command by command, in each situation that a pipeline tells apart by them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.command import run_in_process

from .cli_project import CliProject, numbers
from .manifests import batch_yaml, call_yaml, project_yaml

PEOPLE = numbers(415, 2)
Exits = Mapping[str, int]

NEVER_APPLIED: Exits = {
    "validate": 0,
    "plan": 0,
    "plan --detailed-exitcode": 2,
    "plan --detailed-exitcode --offline": 2,
    "plan --detailed-exitcode --destroy": 0,
    "plan --max-dials 1": 1,
    "plan --detailed-exitcode --max-dials 1": 1,
    "apply": 1,
    "apply -y --max-dials 1": 1,
    "destroy": 1,
    "status": 0,
    "results": 0,
    "drift": 0,
    "agents": 0,
    "numbers": 0,
    "state list": 0,
    "state show": 1,
    "state merge": 1,
    "force-unlock 6f1c0c6e": 1,
    "show nowhere.json": 1,
    "version": 0,
    "explain": 0,
    "explain Batch.retry": 0,
    "schema": 0,
}
WRONG_USAGE: Exits = dict.fromkeys(
    [
        "plna",
        "plan --frobnicate",
        "plan nowhere",
        "plan --offline --out plan.json",
        "plan --destroy --out plan.json",
        "plan --target",
        "apply --max-dials many",
        "apply --wait=soon",
        "status batch/nobody",
        "status -l team=hr",
        "results batch/nobody",
        "resolve batch/march",
        "resolve batch/nobody --placed",
        "state rm batch/nobody --yes-forget-who-was-called",
        "state rm --yes-forget-who-was-called",
        "schema nothing",
        "explain nothing",
        "agents --provider nobody",
        "sandbox advance soon",
        "--chdir nowhere plan",
        "--var novalue plan",
    ],
    64,
)
OVER: Exits = {
    "plan": 0,
    "plan --detailed-exitcode": 0,
    "apply -y": 0,
    "apply -y --wait": 0,
    "status": 0,
    "results": 0,
    "drift": 0,
    "destroy -y": 0,
    "state show": 0,
    "state new": 1,
    "state rebuild": 1,
    "resolve batch/march --placed": 64,
    "resolve batch/march --resume": 64,
}
WAITING: Exits = {
    "plan --detailed-exitcode": 0,
    "plan --detailed-exitcode --destroy": 2,
    "drift": 0,
    "status": 0,
}
CANCELLED_BY_SOMEBODY: Exits = {
    "plan": 3,
    "plan --detailed-exitcode": 3,
    "plan --offline": 0,
    "apply -y": 3,
    "status": 3,
    "drift": 2,
    "drift --json": 2,
    "destroy -y": 0,
}
UNSURE: Exits = {
    "plan": 3,
    "plan --detailed-exitcode": 3,
    "plan --offline": 3,
    "plan --max-dials 0": 3,
    "apply -y": 3,
    "apply -y --json": 3,
    "status": 3,
    "status --json": 3,
    "results": 3,
    "drift": 0,
    "validate": 0,
    "resolve call/ada --placed": 0,
}
INVALID: Exits = {
    "validate": 1,
    "validate --json": 1,
    "plan": 1,
    "plan --detailed-exitcode": 1,
    "plan --offline": 1,
    "apply -y": 1,
    "destroy -y": 1,
    "status": 1,
    "results": 1,
    "drift": 1,
    "agents": 1,
}
WITHOUT_KEY: Exits = {
    "validate": 0,
    "plan": 1,
    "plan --detailed-exitcode": 1,
    "plan --offline --detailed-exitcode": 2,
    "apply -y": 1,
    "destroy -y": 1,
    "status": 1,
    "results": 1,
    "drift": 1,
    "agents": 1,
    "state list": 0,
}


@pytest.fixture
def campaign(project: CliProject, monkeypatch: pytest.MonkeyPatch) -> CliProject:
    """A batch of two people in the current directory, under --sandbox, with no key in the environment."""
    project.write("project.yaml", project_yaml())
    project.write("march.yaml", batch_yaml("march", PEOPLE))
    monkeypatch.chdir(project.directory)
    for name in ("CARTESIA_API_KEY", "CALLINGBOX_API_KEY", "DIALCTL_STATE", "DIALCTL_PERSON_KEY"):
        monkeypatch.delenv(name, raising=False)
    return project


def is_applied(campaign: CliProject) -> None:
    assert run_in_process("--sandbox", "apply", "-y", "-q").exit == 0


def is_over(campaign: CliProject) -> None:
    assert run_in_process("--sandbox", "apply", "-y", "-q", "--wait").exit == 0


def is_cancelled_by_somebody(campaign: CliProject) -> None:
    is_applied(campaign)
    (batch,) = campaign.batches()
    campaign.cartesia("POST", f"/agents/calls/batches/{batch['id']}/cancel")


def is_unsure(campaign: CliProject) -> None:
    campaign.write("march.yaml", call_yaml("ada", PEOPLE[0]))
    campaign.faults({"match": {"operation": "createOutboundCalls"}, "do": "lost_request"})
    assert run_in_process("--sandbox", "apply", "-y").exit == 3


def is_invalid(campaign: CliProject) -> None:
    campaign.edit("march.yaml", "agent_id", "agent_idd")


@pytest.mark.parametrize(
    ("prepare", "exits"),
    [
        (None, NEVER_APPLIED),
        (None, WRONG_USAGE),
        (is_applied, WAITING),
        (is_over, OVER),
        (is_cancelled_by_somebody, CANCELLED_BY_SOMEBODY),
        (is_unsure, UNSURE),
        (is_invalid, INVALID),
    ],
    ids=["never applied", "wrong usage", "waiting", "over", "cancelled by somebody", "unsure", "invalid"],
)
def test_each_command_exits_as_the_readme_says(
    prepare: Callable[[CliProject], None] | None, exits: Exits, campaign: CliProject
) -> None:
    if prepare is not None:
        prepare(campaign)
    assert {words: run_in_process("--sandbox", *words.split()).exit for words in exits} == exits


def test_a_key_that_is_missing_is_a_failure_wherever_a_provider_is_asked(campaign: CliProject) -> None:
    assert {words: run_in_process(*words.split()).exit for words in WITHOUT_KEY} == WITHOUT_KEY


def test_a_saved_plan_that_is_stale_is_a_failure_and_shown_as_it_was(campaign: CliProject) -> None:
    assert run_in_process("--sandbox", "plan", "--out", "plan.json").exit == 0
    campaign.write("march.yaml", batch_yaml("march", numbers(212, 3)))
    assert run_in_process("show", "plan.json").exit == 0
    assert run_in_process("--sandbox", "apply", "plan.json").exit == 1
    is_unsure(campaign)
    assert run_in_process("--sandbox", "plan", "--out", "plan.json").exit == 3
    assert run_in_process("show", "plan.json").exit == 3
    assert Path("plan.json").exists()
