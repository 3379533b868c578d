"""Which commit of dialctl this is."""

from __future__ import annotations

from pathlib import Path

import pytest

from declarative.app import build
from tests.command import ROOT


def test_a_checkout_names_the_commit_that_it_is_at() -> None:
    assert (len(build.find_commit()) == 12) == (ROOT / ".git").is_dir()


def test_what_a_build_wrote_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "declarative"
    package.mkdir()
    (package / "commit.txt").write_text("0123456789abcdef0123456789abcdef01234567\n")
    monkeypatch.setattr(build, "__file__", str(package / "app" / "build.py"))
    assert build.find_commit() == "0123456789ab"


def test_where_nothing_tells_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "__file__", str(tmp_path / "declarative" / "app" / "build.py"))
    monkeypatch.setattr(build, "_installed_commit", str)
    assert build.find_commit() == ""
