"""How a failure is printed: in words on stderr, or as one JSON document, and with which exit code."""

from __future__ import annotations

import errno
import json
import os

import click
import pytest

from declarative.cli import error_output
from declarative.cli.main import dialctl, run_command
from declarative.errors import Exit, ManifestError, Problem, Refused


def context_of(*words: str) -> click.Context:
    root = dialctl.make_context("dialctl", ["plan"], resilient_parsing=True)
    command = dialctl.get_command(root, "plan")
    assert command is not None
    return command.make_context("plan", list(words), parent=root, resilient_parsing=True)


def test_an_error_is_its_message_and_below_it_the_hint(capsys: pytest.CaptureFixture[str]) -> None:
    code = error_output.print_failure(Refused("not \x1b[31mnow", hint="run dialctl plan"), context_of())
    assert (code, *capsys.readouterr()) == (Exit.FAILED, "", "Error: not [31mnow\n  run dialctl plan\n")


def test_under_json_an_error_is_one_document_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    error = ManifestError([Problem("a.yaml", 2, 3, "spec", "is missing")])
    error_output.print_failure(error, context_of("--json"))
    out, err = capsys.readouterr()
    [problem] = json.loads(out)["error"]["problems"]
    assert (problem["line"], problem["column"], err) == (2, 3, "")
    error_output.print_failure(error, context_of("--format", "json"))
    assert capsys.readouterr().out == out


def test_an_error_of_a_file_is_told_in_the_words_of_the_system(capsys: pytest.CaptureFixture[str]) -> None:
    error = OSError(errno.EACCES, "Permission denied", "people.csv")
    assert error_output.print_failure(error, context_of()) == Exit.FAILED
    hint = "make people.csv readable and writable for this user, then run again"
    assert capsys.readouterr().err == f"Error: people.csv: Permission denied\n  {hint}\n"


@pytest.mark.parametrize("error", [OSError(errno.EBADF, "Bad file descriptor"), KeyError("+14155550101")])
def test_a_bug_shows_its_place_and_no_value(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(type(error)) as raised:
        raise error
    assert error_output.print_failure(raised.value, context_of()) == Exit.FAILED
    err = capsys.readouterr().err
    assert f"dialctl has a bug: {type(error).__name__} at test_error_output.py:" in err
    assert "5550101" not in err


def test_an_abort_is_an_interruption(capsys: pytest.CaptureFixture[str]) -> None:
    assert error_output.print_failure(click.Abort(), context_of()) == Exit.INTERRUPTED
    assert capsys.readouterr().err == "Aborted.\n"


@pytest.mark.parametrize(
    ("flags", "variable", "traced"),
    [
        ((), None, False),
        (("-v",), None, False),
        (("-vv",), None, True),
        (("-v", "--verbose"), None, True),
        (("-qvv",), None, True),
        ((), "2", True),
    ],
)
def test_a_bug_shows_its_traceback_when_asked_for_twice(
    flags: tuple[str, ...],
    variable: str | None,
    traced: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def broken(directory: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(os, "chdir", broken)
    if variable is not None:
        monkeypatch.setenv("DIALCTL_VERBOSE", variable)
    assert run_command([*flags, "-C", "anywhere", "plan"]) == 1
    err = capsys.readouterr().err
    assert "dialctl has a bug: ZeroDivisionError at test_error_output.py:" in err
    assert ("Traceback" in err) is traced


def test_bytes_that_are_no_utf_8_do_not_break_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    error_output.print_failure(Refused("not \udcff", hint="\udcff"), context_of("--json"))
    told = json.loads(capsys.readouterr().out)["error"]
    assert (told["message"], told["hint"]) == ("not \ufffd", "\ufffd")


def test_a_file_of_very_many_problems_does_not_flood_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [Problem("a.yaml", line, 1, "", "is wrong") for line in range(1, 5001)]
    error_output.print_failure(ManifestError([*problems, Problem("b.yaml", 1, 1, "", "is wrong")]), context_of())
    *first, last, more, total = capsys.readouterr().err.splitlines()
    assert (len(first), last) == (200, "b.yaml:1:1: is wrong")
    assert (more, total) == ("a.yaml: and 4,800 more problems", "Error: 5,001 problems in the manifests")
