"""Apply at a terminal asks, and only "yes" is a yes; without a terminal it refuses."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import subprocess
import termios
import time

import pytest

from tests.command import SECONDS

from .cli_project import CliProject, numbers
from .manifests import batch_yaml, project_yaml

PEOPLE = numbers(415, 3)
INTERRUPT, END_OF_INPUT = "\x03", "\x04"  # as the keys Ctrl-C and Ctrl-D send them


@pytest.fixture
def campaign(project: CliProject) -> CliProject:
    project.write("project.yaml", project_yaml())
    project.write("march.yaml", batch_yaml("march", PEOPLE))
    return project


def at_a_terminal(
    project: CliProject, answer: str | signal.Signals, *arguments: str, columns: int = 200
) -> tuple[int, str]:
    """Runs the command in a pseudo terminal, types an answer to its question or sends a signal instead; exit code and
    everything shown."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (50, columns))
    process = subprocess.Popen(
        project.command(*arguments),
        cwd=project.directory,
        env=project.environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        close_fds=True,
        preexec_fn=_own_the_terminal,
    )
    os.close(theirs)
    shown, until, next_try = "", time.monotonic() + SECONDS, 0.0
    while time.monotonic() < until and (more := _read(ours)) is not None:
        shown += more
        if not shown.rstrip("^C").endswith("]: ") or time.monotonic() < next_try:
            continue
        # Once more after a long silence: a signal between a prompt and its read is noted by CPython, and not acted on.
        next_try = time.monotonic() + SECONDS / 4
        if isinstance(answer, signal.Signals):
            process.send_signal(answer)
        else:
            os.write(ours, answer.encode())
    code = process.wait(SECONDS)
    os.close(ours)  # before its end this would hang it up
    return code, shown


def _own_the_terminal() -> None:
    """What is typed as Ctrl-C reaches a process by the terminal that it owns."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _read(terminal: int) -> str | None:
    """What came within a moment; None once the other end is closed."""
    if not select.select([terminal], [], [], 0.2)[0]:
        return ""
    try:
        return os.read(terminal, 65_536).decode() or None
    except OSError:
        return None


def test_yes_applies_the_plan_that_was_shown(campaign: CliProject) -> None:
    code, shown = at_a_terminal(campaign, "yes\n", "apply")
    assert code == 0
    assert shown.index("batch/march") < shown.index("Call 3 people?") < shown.index("submitted")
    campaign.advance(600)
    assert campaign.calls() == dict.fromkeys(PEOPLE, 1)


def test_the_last_table_of_the_wait_stays(campaign: CliProject) -> None:
    _, shown = at_a_terminal(campaign, "yes\n", "apply", "--wait")
    end = shown.rpartition("waiting")[2]
    assert re.search(r"batch/march +acb_\S+ +3 +0 +0 +0\s", end), end
    assert "\x1b[2K" not in end, "nothing takes it away"


def test_one_person_is_asked_about_as_one(campaign: CliProject) -> None:
    campaign.write("march.yaml", batch_yaml("march", PEOPLE[:1]))
    _, shown = at_a_terminal(campaign, "no\n", "apply")
    assert "Call 1 person? Type yes to go on" in shown


@pytest.mark.parametrize("answer", ["\n", "y\n", END_OF_INPUT])
def test_anything_else_calls_nobody(answer: str, campaign: CliProject) -> None:
    code, shown = at_a_terminal(campaign, answer, "apply")
    assert code == 1
    assert "the answer was no" in shown
    assert campaign.batches() == []


@pytest.mark.parametrize(("answer", "exits"), [(INTERRUPT, 130), (signal.SIGTERM, 143)])
def test_a_signal_at_the_question_ends_it_at_once_with_nothing_sent(
    answer: str | signal.Signals, exits: int, campaign: CliProject
) -> None:
    code, shown = at_a_terminal(campaign, answer, "apply")
    assert code == exits
    assert "nothing was sent" in shown.splitlines()[-1]
    assert campaign.batches() == []
    campaign.apply()
    assert len(campaign.batches()) == 1


def test_without_a_terminal_it_refuses_and_says_how(campaign: CliProject) -> None:
    ran = campaign.run("apply", exits=1)
    assert "--auto-approve" in ran.err
    assert campaign.requests() == []


def test_destroy_asks_about_taking_off_not_about_calling(campaign: CliProject) -> None:
    campaign.apply()
    code, shown = at_a_terminal(campaign, "yes\n", "destroy")
    assert code == 0
    assert "Call " not in shown
    campaign.advance(600)
    assert campaign.calls() == {}


def test_an_empty_plan_asks_nothing(campaign: CliProject) -> None:
    campaign.apply()
    code, shown = at_a_terminal(campaign, "no\n", "apply")
    assert code == 0
    assert "? " not in shown


def test_without_a_terminal_nobody_is_forgotten_unasked(campaign: CliProject) -> None:
    campaign.apply()
    ran = campaign.run("state", "rm", "batch/march", exits=1)
    assert "--yes-forget-who-was-called" in ran.err
    assert campaign.run("state", "list").out == "batch/march\n"
    campaign.run("state", "rm", "batch/march", "--yes-forget-who-was-called")
    assert "knows no address" in campaign.run("state", "list").out


@pytest.mark.parametrize(("answer", "code"), [("n", 1), ("y", 0)])
def test_at_a_terminal_state_rm_asks(answer: str, code: int, campaign: CliProject) -> None:
    campaign.apply()
    assert at_a_terminal(campaign, f"{answer}\n", "state", "rm", "batch/march")[0] == code
    assert ("batch/march" in campaign.run("state", "list").out) == bool(code)


def test_a_plan_is_broken_between_words_and_in_a_pipe_not_at_all(campaign: CliProject) -> None:
    campaign.apply()
    campaign.run("destroy", "--auto-approve")
    long = "3 people (3 taken off earlier), at the earliest moment"
    assert long in campaign.run("plan").out
    _, shown = at_a_terminal(campaign, "", "plan", columns=60)
    lines = re.sub(r"\x1b\[[^a-zA-Z]*[a-zA-Z]|\r", "", shown.partition("dialctl plan")[2]).split("\n")
    assert max(map(len, lines)) <= 60, lines
    assert long in " ".join(" ".join(lines).split())
