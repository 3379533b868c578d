"""The first apply of a project leaves a lock that wants to be committed, and says so once."""

from __future__ import annotations

from .cli_project import CliProject, numbers
from .manifests import batch_yaml, project_yaml


def test_a_lock_that_is_new_wants_to_be_committed(served_project: CliProject) -> None:
    served_project.write("project.yaml", project_yaml())
    served_project.write("march.yaml", batch_yaml("march", numbers(415, 1)))
    assert "dialctl.lock is new: commit it." in served_project.apply().err
    assert "commit it" not in served_project.apply().text
