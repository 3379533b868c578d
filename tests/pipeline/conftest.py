"""A team with a project of two people, in a directory of its own where the test stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from .house import ADA, BATCH, BEN, PROJECT, Team


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Team:
    for name in ("DIALCTL_PERSON_KEY", "DIALCTL_STATE", "CARTESIA_API_KEY", "CALLINGBOX_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    root = tmp_path / "project"
    root.mkdir()
    monkeypatch.chdir(root)
    made = Team(root)
    made.write(project_yaml=PROJECT, batch_yaml=BATCH)
    made.people(ADA, BEN)
    return made
