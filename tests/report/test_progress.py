"""Progress goes to stderr alone, and not at all under -q or for what is quick."""

from __future__ import annotations

import io
import threading
from contextlib import redirect_stderr
from queue import Queue

import pytest

from declarative.report import progress
from declarative.report.progress import ProgressLine


class Stderr(io.TextIOBase):
    """Hands on every line as it is written, from whatever thread."""

    def __init__(self) -> None:
        self.lines: Queue[str] = Queue()
        self._begun = ""

    def write(self, text: str) -> int:
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self.lines.put(line)
        return len(text)

    def next(self) -> str:
        """The next line. Raises Empty where none comes."""
        return self.lines.get(timeout=30)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LINE_INTERVAL", 0.001)


def test_quiet_shows_nothing_for_however_long_it_takes() -> None:
    with redirect_stderr(Stderr()) as stderr:
        quiet, loud = ProgressLine(quiet=True), ProgressLine(quiet=False)
        quiet("reading quietly")
        loud("reading")
        assert [stderr.next(), stderr.next()] == ["reading ...", "reading ..."]
        loud.end()
        quiet.end()


def test_what_is_quick_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LINE_INTERVAL", 60.0)
    with redirect_stderr(Stderr()) as stderr:
        shown = ProgressLine(quiet=False)
        shown("reading")
        shown.end()
        assert stderr.lines.empty()


def test_one_long_step_shows_itself_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with redirect_stderr(Stderr()) as stderr:
        shown = ProgressLine(quiet=False)
        shown("reading")
        assert stderr.next() == "reading ..."
        shown.end()
        assert capsys.readouterr().out == ""


def test_it_can_begin_again_after_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "REPEAT_AFTER", 1_000_000)
    with redirect_stderr(Stderr()) as stderr:
        shown = ProgressLine(quiet=False)
        for doing in ("reading", "sending"):
            shown(doing)
            assert stderr.next() == f"{doing} ..."
            shown.end()
        shown.end()


def test_the_same_is_said_again_only_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "REPEAT_AFTER", 1_000_000)
    with redirect_stderr(Stderr()) as stderr:
        shown = ProgressLine(quiet=False)
        shown("looking")
        assert stderr.next() == "looking ..."
        shown.end()
        shown("looking")
        shown("sending")
        assert stderr.next() == "sending ..."
        shown.end()


def test_once_hushed_it_begins_no_more() -> None:
    with redirect_stderr(Stderr()):
        shown = ProgressLine(quiet=False)
        shown("reading")
        shown.silence()
        others = threading.active_count()
        shown("sending")
        assert threading.active_count() == others


@pytest.mark.parametrize(("encoding", "spinner"), [("utf-8", "dots"), ("UTF8", "dots"), ("latin-1", "line")])
def test_the_spinner_is_one_that_the_terminal_can_show(
    encoding: str, spinner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    assert progress.choose_spinner() == spinner
