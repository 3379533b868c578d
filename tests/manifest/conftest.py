"""Project directories for the tests of manifests."""

from __future__ import annotations

from pathlib import Path

import pytest

from .project_fixture import CALL, HEAD, PERSON, PROJECT, ProjectFolder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProjectFolder:
    """An empty project directory."""
    (tmp_path / ".git").mkdir()  # nothing above the test's own directory is read
    monkeypatch.chdir(tmp_path)
    return ProjectFolder(tmp_path)


@pytest.fixture
def tree(folder: ProjectFolder) -> ProjectFolder:
    """A project in the subdirectory p, with a Batch and a Call further down."""
    folder.put({"p/project.yaml": PROJECT, "p/team/b.yaml": HEAD + PERSON, "p/team/sub/c.yml": CALL})
    return folder
