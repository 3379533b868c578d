"""A provider that nobody uses is neither asked nor blamed, whatever the command: a project at Cartesia alone, with a
Cartesia key that was revoked and no CallingBox key."""

from __future__ import annotations

import pytest

from tests.command import run_in_process

from .cli_project import CliProject, numbers
from .manifests import batch_yaml, call_yaml, project_yaml

ADA, BEN = numbers(415, 2)
FORGET = "--yes-forget-who-was-called"


@pytest.fixture
def cartesia_project(served_project: CliProject, monkeypatch: pytest.MonkeyPatch) -> CliProject:
    """A project in the current directory, without a key for CallingBox. Its commands run in this process."""
    served_project.write("project.yaml", project_yaml())
    served_project.write("march.yaml", batch_yaml("march", [ADA]))
    del served_project.environment["CALLINGBOX_API_KEY"]
    monkeypatch.chdir(served_project.directory)
    monkeypatch.delenv("CALLINGBOX_API_KEY", raising=False)
    for name in ("CARTESIA_BASE_URL", "CALLINGBOX_BASE_URL", "CARTESIA_API_KEY"):
        monkeypatch.setenv(name, served_project.environment[name])
    return served_project


COMMANDS = {
    "plan": 1,
    "plan --json": 1,
    "plan --format markdown": 1,
    "plan --destroy": 1,
    "plan --offline": 0,
    "apply -y": 1,
    "apply -y --json": 1,
    "destroy -y": 1,
    "status": 1,
    "drift": 1,
    "results": 1,
    "agents": 1,
    "numbers": 1,
    "validate": 0,
    "state list": 0,
    "state show": 0,
    "state rebuild --over-older": 1,
    "resolve batch/march --placed": 1,
    "resolve batch/march --resume": 1,
    "resolve --all --placed": 64,
    "force-unlock 6f1c0c6e": 1,
    f"state rm batch/march {FORGET}": 0,
}
"""What fails for the revoked key exits with 1; what needs no provider does not fail."""
NEEDS_CARTESIA = {"plan", "apply", "destroy", "status", "drift", "results", "agents", "numbers"}


def test_with_a_lock_no_command_asks_or_blames_it(
    cartesia_project: CliProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    cartesia_project.write("ada.yaml", call_yaml("ada", BEN))
    assert run_in_process("state", "new").exit == 0
    assert run_in_process("apply", "-y", "-q").exit == 0
    monkeypatch.setenv("CARTESIA_API_KEY", "sk_revoked")
    for command, exits in COMMANDS.items():
        ran = run_in_process(*command.split())
        assert (ran.exit, "callingbox" in ran.text.lower()) == (exits, False), f"{command}: {ran.text}"
        if exits == 1 and command.split()[0] in NEEDS_CARTESIA:
            assert "401" in ran.text, command


@pytest.mark.parametrize("command", ["plan", "apply -y", "state new", "state rebuild", "status", "drift", "destroy -y"])
def test_without_a_lock_none_does_either(
    command: str, cartesia_project: CliProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARTESIA_API_KEY", "sk_revoked")
    ran = run_in_process(*command.split())
    assert (ran.exit, "callingbox" in ran.text.lower()) == (1, False), ran.text
    assert "CARTESIA_API_KEY" in ran.text


def test_a_plan_for_which_nobody_was_asked_has_the_time_of_this_machine(
    cartesia_project: CliProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARTESIA_API_KEY", "sk_revoked")
    assert run_in_process("plan", "--json").json["created_at"] > "2026"
