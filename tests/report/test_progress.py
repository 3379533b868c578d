"""Progress goes to stderr alone, and not at all under -q or for what is quick."""

from __future__ import annotations

import threading

import pytest

from declarative.report import progress
from declarative.report.progress import Progress


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "NOW_AND_THEN", 0.001)


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """The lines that come next on stderr."""
    shown = ""
    while not shown.endswith("\n"):
        shown += capsys.readouterr().err
    return shown


def test_quiet_shows_nothing_for_however_long_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    quiet, loud = Progress(quiet=True), Progress(quiet=False)
    quiet("reading quietly")
    loud("reading")
    shown = said(capsys) + said(capsys)
    loud.end()
    quiet.end()
    assert set(shown.splitlines()) == {"reading ..."}


def test_what_is_quick_is_not_shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "NOW_AND_THEN", 60.0)
    shown = Progress(quiet=False)
    shown("reading")
    shown.end()
    assert capsys.readouterr() == ("", "")


def test_one_long_step_shows_itself_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    shown = Progress(quiet=False)
    shown("reading")
    err = said(capsys)
    shown.end()
    assert err.startswith("reading ...\n")
    assert capsys.readouterr().out == ""


def test_it_can_begin_again_after_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    shown = Progress(quiet=False)
    for doing in ("reading", "sending"):
        shown(doing)
        assert said(capsys).startswith(f"{doing} ...\n")
        shown.end()
        capsys.readouterr()
    shown.end()


def test_once_hushed_it_begins_no_more(capsys: pytest.CaptureFixture[str]) -> None:
    shown = Progress(quiet=False)
    shown("reading")
    shown.hush()
    others = threading.active_count()
    shown("sending")
    assert threading.active_count() == others
