"""The root command: which commands there are, their variables, and what they import."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from declarative import __version__
from declarative.cli import examples
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


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        (["pln"], "Did you mean 'plan'"),
        (["state", "lits"], "Did you mean 'list'?"),
        (["plan", "--targte", "x"], "'--target'"),
        (["plan", "--sandbx"], "Did you mean '--sandbox'?"),
        (["xyzzy"], "No such command 'xyzzy'.\n"),
    ],
)
def test_a_mistyped_command_or_flag_is_answered_with_the_near_one(
    typed: list[str], near: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(typed) == 64
    assert near in capsys.readouterr().err


def list_commands(command: click.Command = dialctl, name: str = "") -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        for subname in command.list_commands(click.Context(command)):
            subcommand = command.get_command(click.Context(command), subname)
            assert subcommand is not None
            yield from list_commands(subcommand, f"{name} {subname}".strip())


@pytest.mark.parametrize("name", [name for name, _ in list_commands()])
def test_every_help_text_ends_with_examples_that_parse(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command([*name.split(), "--help"]) == 0
    assert "Examples:" in capsys.readouterr().out
    for line in examples.list_examples(name):
        parse(line.partition(" > ")[0])


def parse(line: str) -> None:
    """Parse a command line with every check of its flags, and run nothing."""
    words = shlex.split(line)
    while "=" in words[0]:  # a variable of this command alone
        words.pop(0)
    program, *words = words
    assert program == "dialctl"
    context = dialctl.make_context("dialctl", words)
    remaining = [*context._protected_args, *context.args]
    command: click.Command = dialctl
    while isinstance(command, click.Group) and remaining:
        name, found, remaining = command.resolve_command(context, remaining)
        assert found is not None
        context = found.make_context(name, remaining, parent=context)
        remaining = [*context._protected_args, *context.args] if isinstance(found, click.Group) else []
        command = found


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["-C", "there"], []),
        ([], ["-C", "there"]),
        (["--var", "a=1", "-C", "nowhere"], ["--chdir", "there"]),
    ],
)
def test_a_global_flag_may_stand_before_or_after_the_command(
    before: list[str], after: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path)
    assert run_command([*before, "version", *after]) == 0
    assert Path.cwd() == tmp_path / "there"


def test_variables_before_and_after_the_command_add_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "calls.yaml").write_text(
        "apiVersion: dialctl/v1\nkind: Call\nmetadata: {name: ada}\nspec: {provider: callingbox, "
        "agent_id: '${var.a}', to_number: '${var.b}'}\n"
    )
    variables = ["--var", f"a={'7b1f4c7e-52a4-4b0e-9c53-6d1e2a8f0c11'}"]
    assert run_command([*variables, "validate", "--var", "b=+14155550101"]) == 0
    assert run_command(["validate", *variables]) == 1


def test_the_version_is_a_flag_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert (run_command(["version"]), run_command(["--version"])) == (0, 0)
    first, *rest = capsys.readouterr().out.splitlines()
    assert first.startswith(f"dialctl {__version__}")
    assert [first, *rest][: len(rest) // 2 + 1] * 2 == [first, *rest]


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


@pytest.mark.parametrize("arguments", [["validate"], ["plan", "--json"], ["--help"]], ids=" ".join)
def test_a_system_without_file_locks_is_refused_in_a_friendly_way(arguments: list[str]) -> None:
    missing = "import sys; sys.modules['fcntl'] = sys.modules['resource'] = None; sys.argv[0] = 'dialctl'"
    program = f"{missing}; from declarative.cli.main import main; main({arguments!r})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    said = json.loads(done.stdout)["error"]["message"] if "--json" in arguments else done.stderr
    assert "runs on Linux and macOS, and on Windows under WSL" in said


def test_the_sandbox_s_server_parts_cost_nothing_where_they_are_not_used(tmp_path: Path) -> None:
    assert run_command(["-C", str(tmp_path), "init", "calls"]) == 0
    program = (
        "import sys; from declarative.cli.main import run_command; run_command(sys.argv[1:]); "
        "print([name for name in ('starlette', 'uvicorn') if name in sys.modules])"
    )
    for flags, loaded in (["plan", "--offline"], "[]"), (["--sandbox", "plan"], "['starlette']"):
        command = [sys.executable, "-c", program, "-C", str(tmp_path / "calls"), *flags]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
        assert done.stdout.splitlines()[-1] == loaded
