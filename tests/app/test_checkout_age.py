"""An older checkout sends nothing, cancels included, until a person says that it is meant."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from declarative import schemas
from tests.pipeline.ci_runner import Runner
from tests.project_fixture import ADA, BATCH, BEN, CAY, PROJECT, ProjectFixture

ADVICE = "dialctl apply --allow-older"
SECOND = BATCH.replace("name: outreach", "name: second").replace("people.csv", "second.csv")


@pytest.fixture
def git(project: ProjectFixture) -> Runner:
    """A repository whose first commit holds the project, for Ada and Ben."""
    runner = Runner.at(project.root, project.root.parent / "bin")
    project.write(_gitignore=".dialctl/\n")
    runner.git("init", "-q", "-b", "main")
    commit(runner, "first")
    return runner


def commit(git: Runner, message: str, *more: str) -> str:
    git.git("add", "--all")
    git.git("commit", "-qm", message, *more)
    return git.git("rev-parse", "HEAD")


def lock(project: ProjectFixture) -> Any:
    found = json.loads((project.root / ".dialctl" / "sandbox" / "dialctl.lock").read_text())
    Draft202012Validator(schemas.load_schema("lock.v1")).validate(found)
    return found


def called(project: ProjectFixture) -> list[str]:
    with project.world() as world:
        world.advance(7200)
    return project.called()


def test_a_block_names_the_commit_that_was_applied(project: ProjectFixture, git: Runner) -> None:
    head = git.git("rev-parse", "HEAD")
    assert project.apply().exit == 0
    block = lock(project)["resources"]["batch/outreach"]
    assert (block["commit"], block["committed_at"][-1]) == (head, "Z")


def test_an_old_pipeline_that_runs_again_sends_nothing(project: ProjectFixture, git: Runner) -> None:
    assert project.apply().exit == 0
    project.people(ADA, BEN, CAY)
    commit(git, "second")
    assert project.apply().exit == 0
    git.git("checkout", "-q", "HEAD~1")
    planned = project.dialctl("plan", "--json")
    assert planned.exit == 0
    assert any("older manifests" in one["message"] for one in planned.json["warnings"])
    refused = project.apply()
    assert (refused.exit, "manifests are older" in refused.text, ADVICE in refused.text) == (3, True, True), refused
    assert called(project) == [ADA, BEN, CAY]


def test_it_may_be_meant(project: ProjectFixture, git: Runner) -> None:
    assert project.apply().exit == 0
    project.people(ADA, BEN, CAY)
    commit(git, "second")
    assert project.apply().exit == 0
    git.git("checkout", "-q", "HEAD~1")
    assert project.apply("--allow-older").exit == 0
    assert project.apply().exit == 0, "from here on it is the newest"
    assert called(project) == [ADA, BEN]


def test_who_was_added_and_removed_since_is_not_called_by_an_old_checkout(project: ProjectFixture, git: Runner) -> None:
    project.write(second_yaml=SECOND, second_csv=f"to_number\n{CAY}\n")
    commit(git, "two batches")
    (project.root / "second.yaml").unlink()
    commit(git, "one again, before anything was applied")
    assert project.apply().exit == 0
    git.git("checkout", "-q", "HEAD~1")
    assert project.apply().exit == 3
    assert called(project) == [ADA, BEN]


def test_what_leaves_is_remembered_with_its_commit(project: ProjectFixture, git: Runner) -> None:
    project.write(second_yaml=SECOND, second_csv=f"to_number\n{CAY}\n")
    commit(git, "two batches")
    assert project.apply().exit == 0
    (project.root / "second.yaml").unlink()
    commit(git, "one again")
    assert project.apply().exit == 0
    git.git("checkout", "-q", "HEAD~1")
    assert project.apply().exit == 3
    assert called(project) == [ADA, BEN]


def test_a_change_for_which_nothing_is_sent_is_remembered_too(project: ProjectFixture, git: Runner) -> None:
    assert project.apply().exit == 0
    project.write(batch_yaml=f"{BATCH}  expires_at: 2040-01-01T00:00:00Z\n")
    head = commit(git, "an expiry")
    assert project.apply().exit == 0
    assert lock(project)["resources"]["batch/outreach"]["commit"] == head


def test_a_commit_that_means_the_same_leaves_the_lock_alone(project: ProjectFixture, git: Runner) -> None:
    assert project.apply().exit == 0
    assert project.apply().exit == 0
    before = lock(project)
    project.write(batch_yaml=f"# a word\n{BATCH}")
    commit(git, "a comment")
    assert project.apply().exit == 0
    assert lock(project) == before


def test_after_a_forced_push_nothing_is_sent(project: ProjectFixture, git: Runner) -> None:
    assert project.apply().exit == 0
    project.people(ADA, BEN, CAY)
    commit(git, "rewritten", "--amend")
    refused = project.apply()
    assert (refused.exit, "the history of" in refused.text) == (3, True), refused
    assert called(project) == [ADA, BEN]


def test_a_shallow_checkout_is_compared_by_time(project: ProjectFixture, git: Runner) -> None:
    for place, minute in enumerate((0, 10, 20)):
        project.write(batch_yaml=f"# {place}\n{BATCH}")
        git.run("git", "commit", "-qam", str(place), GIT_COMMITTER_DATE=f"2026-01-01T12:{minute:02}:00Z")
        git.git("branch", f"at{place}")
    git.git("checkout", "-q", "at1")
    assert project.apply().exit == 0
    for name, exit_code in (("at0", 3), ("at2", 0)):
        root = project.root.parent / name
        git.git("clone", "-q", "--depth", "1", "-b", name, f"file://{project.root}", str(root))
        shutil.copytree(project.root / ".dialctl", root / ".dialctl")
        shallow = ProjectFixture(root)
        shallow.people(ADA, BEN, CAY)
        assert shallow.apply().exit == exit_code


def test_without_git_nothing_is_compared_and_that_is_said_once(project: ProjectFixture, git: Runner) -> None:
    project.write(second_yaml=SECOND, second_csv=f"to_number\n{CAY}\n")
    commit(git, "two batches")
    assert project.apply().exit == 0
    shutil.rmtree(project.root / ".git")
    for said in (project.dialctl("plan"), project.apply()):
        assert (said.exit, said.text.count("is in no git repository")) == (0, 1), said


def test_to_destroy_needs_no_newest_checkout(project: ProjectFixture, git: Runner) -> None:
    assert project.apply().exit == 0
    project.write(project_yaml=f"{PROJECT}  policy: {{max_dials: 5}}\n")
    commit(git, "a policy")
    assert project.apply().exit == 0
    git.git("checkout", "-q", "HEAD~1")
    assert project.dialctl("destroy", "--auto-approve").exit == 0
    assert called(project) == []
