"""The shell steps of the action and the templates, run for real: bash, git, and the sandbox."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.project_fixture import ADA, BATCH, BEN, CAY, PROJECT, ProjectFixture

from .ci_runner import Runner, gitlab

MARKER = "<!-- dialctl at . -->"


@pytest.fixture
def runner(project: ProjectFixture) -> Runner:
    return Runner.at(project.root, project.root.parent / "bin")


def body(runner: Runner) -> str:
    return (runner.directory / "plan.md").read_text()


def test_a_plan_becomes_a_comment(runner: Runner) -> None:
    done = runner.step("plan.sh", SANDBOX="true")
    assert (done.returncode, done.stderr) == (0, "")
    assert body(runner).startswith(f"{MARKER}\n<!-- dialctl plan spring -->\n### Plan: 2 people to call")


def test_without_a_key_it_is_made_offline_and_not_saved(runner: Runner) -> None:
    done = runner.step("plan.sh", CARTESIA_API_KEY="", PLAN_FILE="saved.plan")
    assert done.returncode == 0, done.stderr
    assert "**Offline:**" in body(runner)
    assert not (runner.directory / "saved.plan").exists()


def test_a_plan_that_fails_says_why_in_the_comment(runner: Runner, project: ProjectFixture) -> None:
    project.write(batch_yaml=BATCH.replace("agent_id", "agent_ID # @everyone </details>"))
    done = runner.step("plan.sh", SANDBOX="true")
    assert done.returncode == 1
    assert body(runner).startswith(f"{MARKER}\n### The plan failed (exit 1)\n")
    assert all(not line or line.startswith("    ") for line in body(runner).splitlines()[3:])


def test_a_blocked_plan_is_shown_and_fails(runner: Runner, project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    (project.root / ".dialctl" / "sandbox" / "dialctl.lock").unlink()
    done = runner.step("plan.sh", SANDBOX="true")
    assert done.returncode == 3
    assert "#### Blocked" in body(runner)


def test_the_path_cannot_end_the_comment_that_holds_it(runner: Runner) -> None:
    runner.step("plan.sh", SANDBOX="true", PROJECT_PATH="nowhere --> <b>")
    assert body(runner).splitlines()[0] == "<!-- dialctl at nowhere-b -->"


def test_what_was_saved_is_applied_and_nothing_else(runner: Runner, project: ProjectFixture) -> None:
    assert runner.step("plan.sh", SANDBOX="true", PLAN_FILE="saved.plan").returncode == 0
    project.people(ADA, BEN, CAY)
    assert runner.step("apply.sh", SANDBOX="true", PLAN_FILE="saved.plan").returncode == 1
    project.people(ADA, BEN)
    done = runner.step("apply.sh", SANDBOX="true", PLAN_FILE="saved.plan")
    assert (done.returncode, "2 people submitted" in done.stdout) == (0, True)


def test_apply_plans_afresh_and_exits_as_dialctl_did(runner: Runner, project: ProjectFixture) -> None:
    assert runner.step("apply.sh", SANDBOX="true").returncode == 0
    (project.root / ".dialctl" / "sandbox" / "dialctl.lock").unlink()
    assert runner.step("apply.sh", SANDBOX="true").returncode == 3
    assert runner.step("apply.sh", SANDBOX="true", PROJECT_PATH="nowhere").returncode == 64


@pytest.mark.skipif(shutil.which("jq") is None, reason="the stand-in for gh filters by jq")
class TestComments:
    WHERE = {"REPOSITORY": "o/r", "PULL_REQUEST": "7", "GH_TOKEN": "t"}  # noqa: RUF012

    def post(self, runner: Runner, text: str, marker: str = MARKER) -> None:
        (runner.directory / "plan.md").write_text(f"{marker}\n{text}\n")
        done = runner.step("comment-github.sh", **self.WHERE)
        assert done.returncode == 0, done.stderr

    def test_one_comment_is_kept_up_to_date(self, runner: Runner) -> None:
        for text in ("### Plan: 2 people to call", "### The plan failed", "### Plan: 1 person to call"):
            self.post(runner, text)
        assert [comment["body"] for comment in runner.comments] == [f"{MARKER}\n### Plan: 1 person to call\n"]

    def test_each_project_has_a_comment_of_its_own(self, runner: Runner) -> None:
        for name in ("a", "b", "a"):
            self.post(runner, name, f"<!-- dialctl at {name} -->")
        assert len(runner.comments) == 2

    def test_what_others_wrote_is_left_alone(self, runner: Runner) -> None:
        theirs = {"id": 1, "user": {"login": "mallory"}, "body": f"{MARKER}\n### Plan: nobody is called."}
        quoted = {"id": 2, "user": {"login": "github-actions[bot]"}, "body": f"> {MARKER}"}
        runner.found(theirs, quoted)
        self.post(runner, "### Plan: 2 people to call")
        assert runner.comments[:2] == [theirs, quoted]
        assert len(runner.comments) == 3


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_a_note_on_a_merge_request_is_kept_up_to_date(runner: Runner) -> None:
    with gitlab() as server:
        server.notes.append({"id": 1, "author": {"id": 2}, "body": f"{MARKER} by somebody else"})
        where = {"CI_API_V4_URL": server.url, "CI_PROJECT_ID": "5", "CI_MERGE_REQUEST_IID": "7", "GITLAB_TOKEN": "s3"}
        for text in ("2 people to call & @all", "1 person to call"):
            (runner.directory / "plan.md").write_text(f"{MARKER}\n{text}\n")
            done = runner.step("comment-gitlab.sh", **where)
            assert done.returncode == 0, done.stderr
    assert [note["body"] for note in server.notes[1:]] == [f"{MARKER}\n1 person to call\n"]
    assert server.tokens == {"s3"}


class TestCommitsOfTheLock:
    @pytest.fixture
    def checkout(self, runner: Runner, project: ProjectFixture) -> Runner:
        runner.run("git", "init", "--quiet", "--bare", "-b", "main", "../origin.git")
        runner.run("git", "init", "--quiet", "-b", "main")
        project.write(_gitignore=".dialctl/\n")
        runner.git("add", ".")
        runner.git("commit", "-qm", "first")
        runner.git("remote", "add", "origin", "../origin.git")
        runner.git("push", "-q", "origin", "main")
        return runner

    def clone(self, runner: Runner, name: str) -> Runner:
        runner.git("clone", "-q", "../origin.git", f"../{name}")
        return Runner(runner.directory.parent / name, runner.bin)

    def pushed(self, runner: Runner) -> str:
        return runner.git("--git-dir", "../origin.git", "log", "--format=%s", "main")

    def test_nothing_new_commits_nothing(self, checkout: Runner) -> None:
        done = checkout.step("commit-lock.sh")
        assert (done.returncode, done.stdout) == (0, "The lock did not change.\n")

    def test_the_lock_and_the_journal_of_a_dead_run_are_pushed_and_nothing_else(self, checkout: Runner) -> None:
        for name in ("dialctl.lock", "dialctl.lock.journal", "people.csv"):
            (checkout.directory / name).write_text("{}\n")
        assert checkout.step("commit-lock.sh").returncode == 0
        assert checkout.git("show", "--format=", "--name-only").split() == ["dialctl.lock", "dialctl.lock.journal"]
        assert self.pushed(checkout).splitlines()[0] == "Remember who was called [skip ci]"

    def test_a_journal_that_was_folded_in_is_removed(self, checkout: Runner) -> None:
        for name in ("dialctl.lock", "dialctl.lock.journal"):
            (checkout.directory / name).write_text("{}\n")
        checkout.step("commit-lock.sh")
        (checkout.directory / "dialctl.lock.journal").unlink()
        assert checkout.step("commit-lock.sh").returncode == 0
        assert checkout.git("ls-files", "dialctl.lock*") == "dialctl.lock"

    def test_a_push_that_came_between_is_taken_in(self, checkout: Runner) -> None:
        other = self.clone(checkout, "other")
        (other.directory / "batch.yaml").write_text(f"# edited\n{BATCH}")
        other.git("commit", "-qam", "meanwhile")
        other.git("push", "-q", "origin", "main")
        (checkout.directory / "dialctl.lock").write_text("{}\n")
        assert checkout.step("commit-lock.sh", BRANCH="main").returncode == 0
        assert self.pushed(checkout).splitlines()[:2] == ["Remember who was called [skip ci]", "meanwhile"]

    def test_a_conflict_fails_and_keeps_the_lock(self, checkout: Runner) -> None:
        other = self.clone(checkout, "other")
        (other.directory / "dialctl.lock").write_text('{"theirs": 1}\n')
        other.step("commit-lock.sh")
        (checkout.directory / "dialctl.lock").write_text('{"ours": 1}\n')
        done = checkout.step("commit-lock.sh")
        assert (done.returncode, "could not be pushed" in done.stderr) == (1, True)
        assert (checkout.directory / "dialctl.lock").read_text() == '{"ours": 1}\n'

    def test_the_lock_of_a_folder_is_that_folders(self, checkout: Runner, project: ProjectFixture) -> None:
        calls = Path(checkout.directory / "calls")
        calls.mkdir()
        (calls / "project.yaml").write_text(PROJECT)
        (calls / "dialctl.lock").write_text("{}\n")
        assert checkout.step("commit-lock.sh", PROJECT_PATH="calls").returncode == 0
        assert checkout.git("show", "--format=", "--name-only") == "calls/dialctl.lock"
