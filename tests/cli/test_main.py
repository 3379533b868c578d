"""The root command: which commands there are, their variables, and what they import."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from declarative.cli.main import dialctl, run_command
from tests.command import ROOT


def options(command: click.Command) -> dict[str, object]:
    return {max(param.opts, key=len): param.envvar for param in command.params if isinstance(param, click.Option)}


def command_at(*names: str) -> click.Command:
    command: click.Command = dialctl
    for name in names:
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), name)
        assert found is not None
        command = found
    return command


def test_every_listed_command_can_be_imported() -> None:
    for name in dialctl.list_commands(click.Context(dialctl)):
        assert command_at(name).name == name


def test_an_unknown_command_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["plna"]) == 64
    assert "plna" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("names", "flag", "variable"),
    [
        ((), "--var-file", "DIALCTL_VAR_FILE"),
        (("plan",), "--detailed-exitcode", "DIALCTL_PLAN_DETAILED_EXITCODE"),
        (("state", "rm"), "--lock-timeout", "DIALCTL_STATE_RM_LOCK_TIMEOUT"),
        (("sandbox", "serve"), "--port", "DIALCTL_SANDBOX_SERVE_PORT"),
    ],
)
def test_a_flag_has_a_variable_named_after_its_command(names: tuple[str, ...], flag: str, variable: str) -> None:
    assert options(command_at(*names))[flag] == variable


def test_help_is_printed_with_exit_code_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["plan", "--help"]) == 0
    assert capsys.readouterr().out.startswith("Usage: dialctl plan")


def test_a_command_imports_no_other_command() -> None:
    program = (
        "import sys; from declarative.cli.main import run_command; run_command(['version']);"
        "print([name for name in ('polars', 'httpx', 'declarative.cli.apply') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
