"""`dialctl init`: with a provider and a key it asks the account; what it writes is valid and runs in the sandbox."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

import pytest

from tests.command import PROGRAM, SECONDS, clean_environment, run_in_process

BATCH = "first-campaign.yaml"


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("CARTESIA_API_KEY", "CALLINGBOX_API_KEY", "DIALCTL_STATE"):
        monkeypatch.delenv(name, raising=False)


def at_a_terminal(arguments: list[str], typed: str) -> tuple[int, str]:
    """Run the command in a pseudo terminal at which everything was typed ahead; exit code and everything shown."""
    ours, theirs = pty.openpty()
    os.write(ours, typed.encode())
    with subprocess.Popen(
        [*PROGRAM, *arguments], env=clean_environment(), stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 65_536):
                shown += part
        except OSError:  # the other end is closed
            pass
        os.close(ours)
        return process.wait(SECONDS), shown.decode()


@pytest.mark.parametrize("arguments", [(), ("--provider", "cartesia"), ("--provider", "callingbox")])
def test_what_is_written_is_valid_and_runs_in_the_sandbox(arguments: tuple[str, ...]) -> None:
    assert run_in_process("init", "new", *arguments).exit == 0
    assert run_in_process("validate", "new").exit == 0
    plan = run_in_process("plan", "new", "--sandbox", "--json").json
    assert plan["summary"]["people_to_call"] == 3
    assert [action["provider"] for action in plan["actions"]] == [arguments[-1] if arguments else "cartesia"]


def test_without_a_key_it_says_what_to_set_and_asks_nobody() -> None:
    told = run_in_process("init", "new", "--provider", "callingbox")
    assert "CALLINGBOX_API_KEY is not set" in told.err
    assert "dialctl agents" in told.err
    assert "is not set" not in run_in_process("init", "plain").err


def test_without_a_terminal_the_account_is_listed_as_comments() -> None:
    assert run_in_process("init", "new", "--provider", "cartesia", "--sandbox").exit == 0
    lines = Path("new", BATCH).read_text().splitlines()
    agent = lines.index("  agent_id: agent_replace_with_yours")
    assert lines[agent - 1] == "  #   agent_SandboxSandboxSandbox1  Sandbox agent ndbox1"
    number = lines.index("  from_number_id: ap_replace_with_yours")
    assert lines[number - 1].startswith("  #   ap_SandboxSandboxSandbox1  +1202•••")
    assert run_in_process("validate", "new").exit == 0


def test_at_a_terminal_a_line_or_an_id_is_chosen_and_asked_for_until_it_is_one() -> None:
    typed = "9\nagent_SandboxSandboxSandbox1\n1\n"
    code, shown = at_a_terminal(["init", "new", "--provider", "cartesia", "--sandbox"], typed)
    assert code == 0
    assert '"9" is none of them' in shown
    text = Path("new", BATCH).read_text()
    assert "  agent_id: agent_SandboxSandboxSandbox1\n" in text
    assert "  from_number_id: ap_SandboxSandboxSandbox1\n" in text
    assert run_in_process("validate", "new").exit == 0


def test_a_number_is_masked_at_the_terminal_and_whole_in_the_manifest() -> None:
    code, shown = at_a_terminal(["init", "new", "--provider", "callingbox", "--sandbox"], "1\n1\n")
    assert code == 0
    assert "+1202•••0100" in shown
    assert "+12025550100" not in shown
    assert '  from_number: "+12025550100"\n' in Path("new", BATCH).read_text()


def test_nothing_is_written_when_the_question_is_left() -> None:
    code, _ = at_a_terminal(["init", "new", "--provider", "cartesia", "--sandbox"], "\x04")
    assert code == 130
    assert not Path("new", BATCH).exists()


def test_nothing_is_written_when_the_account_cannot_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARTESIA_API_KEY", "sk_car_test")
    monkeypatch.setenv("CARTESIA_BASE_URL", "http://cartesia.example")
    failed = run_in_process("init", "new", "--provider", "cartesia")
    assert failed.exit == 1
    assert "the key would travel unencrypted" in failed.err
    assert not Path("new").exists()


def test_files_that_are_there_are_told_before_anything_is_asked() -> None:
    Path("project.yaml").write_text("mine")
    refused = run_in_process("init", "--provider", "cartesia", "--sandbox")
    assert refused.exit == 1
    assert "already there: project.yaml; nothing was written" in refused.err
    assert not Path(".dialctl").exists()


def test_an_unknown_provider_type_names_those_there_are() -> None:
    refused = run_in_process("init", "--provider", "telephone")
    assert refused.exit == 64
    assert "cartesia, callingbox" in refused.err
