"""What the global flags make of a run, and which stream gets what."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from declarative.cli.context import Context
from declarative.cli.main import dialctl
from declarative.errors import UsageError

FLAGS: dict[str, Any] = {
    "chdir": None,
    "color": None,
    "verbose": 0,
    "sandbox": False,
    "variables": (),
    "variable_files": (),
    "quiet": False,
}


@pytest.fixture(autouse=True)
def click_context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[click.Context]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    with click.Context(dialctl) as context:
        yield context


def make_context(**flags: Any) -> Context:
    return Context.from_flags(**FLAGS | flags)


def test_a_value_may_hold_equals_signs_and_be_empty() -> None:
    assert make_context(variables=("a=b=c", "d=")).variables == {"a": "b=c", "d": ""}


@pytest.mark.parametrize("text", ["novalue", "=value", ""])
def test_a_variable_needs_name_and_value(text: str) -> None:
    with pytest.raises(UsageError, match="--var takes NAME=VALUE"):
        make_context(variables=(text,))


def test_chdir_is_where_paths_begin(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    assert make_context(chdir=Path("there")).directory == Path.cwd() == tmp_path / "there"


def test_a_directory_that_is_not_there_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match='cannot change to directory "nowhere"'):
        make_context(chdir=Path("nowhere"))


@pytest.mark.parametrize(
    ("flag", "variable", "color"), [(None, None, None), (None, "1", False), (True, "1", True), (False, None, False)]
)
def test_a_flag_for_color_wins_over_the_variable(
    flag: bool | None,
    variable: str | None,
    color: bool | None,
    monkeypatch: pytest.MonkeyPatch,
    click_context: click.Context,
) -> None:
    if variable is not None:
        monkeypatch.setenv("NO_COLOR", variable)
    make_context(color=flag)
    assert click_context.color is color


@pytest.mark.parametrize(("quiet", "err"), [(False, "note\n"), (True, "")])
def test_results_go_to_stdout_and_notes_to_stderr_unless_quiet(
    quiet: bool, err: str, capsys: pytest.CaptureFixture[str]
) -> None:
    context = make_context(quiet=quiet)
    context.print_data("data")
    context.print_text("text")
    context.print_note("note")
    assert capsys.readouterr() == ("data\ntext\n", err)


def test_a_note_from_a_signal_handler_survives_a_closed_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    context = make_context()
    context.print_in_handler("stopping")
    assert capfd.readouterr().err == "stopping\n"
    saved = os.dup(2)
    os.close(2)
    try:
        context.print_in_handler("stopping")
    finally:
        os.dup2(saved, 2)
        os.close(saved)
