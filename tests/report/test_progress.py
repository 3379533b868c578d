"""Progress goes to stderr alone, and not at all under -q or for what is quick."""

from __future__ import annotations

import pytest

from declarative.report import progress
from declarative.report.progress import Progress


def test_quiet_shows_nothing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "NOW_AND_THEN", 0.001)
    shown = Progress(quiet=True)
    shown("reading")
    shown.end()
    assert capsys.readouterr() == ("", "")


def test_what_is_quick_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    shown = Progress(quiet=False)
    shown("reading")
    shown.end()
    assert capsys.readouterr() == ("", "")


def test_one_long_step_shows_itself_on_stderr(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "NOW_AND_THEN", 0.001)
    shown = Progress(quiet=False)
    shown("reading")
    said = ""
    while not said:
        said = capsys.readouterr().err
    shown.end()
    assert said.startswith("reading ...\n")
    assert capsys.readouterr().out == ""


def test_it_can_begin_again_after_its_end() -> None:
    shown = Progress(quiet=False)
    for doing in ("reading", "sending"):
        shown(doing)
        shown.end()
    shown.end()
