"""The shell steps of the action and the templates, run for real: bash, git, and the sandbox."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.project_fixture import ADA, BATCH, BEN, CAY, PROJECT, ProjectFixture

from .ci_runner import ROOT, STEPS, Runner

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


def test_a_plan_is_counted_and_annotated(runner: Runner, project: ProjectFixture) -> None:
    project.write(dnc_csv=f"to_number\n{BEN}\n")
    project.policy("{suppress_from: [{file: dnc.csv}]}")
    done = runner.step("plan.sh", SANDBOX="true", PLAN_COUNTS="counts", GITHUB_ACTIONS="true")
    assert "::notice title=dialctl plan spring::Plan: 1 person to call" in done.stdout
    counts = dict(line.split("=") for line in (runner.directory / "counts").read_text().splitlines())
    others = dict.fromkeys(("people-moved", "people-taken-off", "people-waiting", "blocked"), "0")
    assert counts == {"people-to-call": "1", **others}


def test_manifests_that_are_wrong_are_annotated_and_counted_as_nothing(runner: Runner, project: ProjectFixture) -> None:
    project.write(batch_yaml=BATCH.replace("agent_id", "agent_ID"))
    done = runner.step("plan.sh", SANDBOX="true", PLAN_COUNTS="counts", GITHUB_ACTIONS="true")
    assert (done.returncode, (runner.directory / "counts").read_text()) == (1, "")
    assert "::error file=" in done.stdout


def test_what_a_plan_may_take_off_is_named_in_words(runner: Runner, project: ProjectFixture) -> None:
    project.people(*(f"+1415555{n:04}" for n in range(101, 131)))
    assert runner.step("apply.sh", SANDBOX="true").returncode == 0
    project.people(ADA)
    assert runner.step("apply.sh", SANDBOX="true").returncode == 1
    done = runner.step("apply.sh", SANDBOX="true", ALLOW_SHRINK="batch/outreach\nbatch/outreach")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("step", ["plan.sh", "apply.sh"])
def test_a_saved_plan_without_its_seal_is_refused(runner: Runner, step: str) -> None:
    done = runner.step(step, CARTESIA_API_KEY="sk_any", PLAN_FILE="saved.plan")
    assert (done.returncode, "needs DIALCTL_PERSON_KEY" in done.stderr) == (1, True)


def test_no_file_of_the_checkout_is_code(runner: Runner, project: ProjectFixture) -> None:
    for name in ("json.py", "sitecustomize.py", "declarative.py", "click.py"):
        (project.root / name).write_text("raise SystemExit('this is not ours')\n")
    done = runner.step("plan.sh", SANDBOX="true", PLAN_COUNTS="counts")
    assert (done.returncode, "not ours" in done.stderr) == (0, False)
    assert (project.root / "counts").read_text()


@pytest.mark.parametrize("as_link", [False, True], ids=["a folder", "a link"])
def test_a_committed_folder_of_this_machine_s_own_files_is_removed(
    runner: Runner, project: ProjectFixture, as_link: bool
) -> None:
    outside = project.root.parent / "outside"
    outside.mkdir()
    (outside / "kept").write_text("")
    if as_link:
        (project.root / ".dialctl").symlink_to(outside)
    else:
        (project.root / ".dialctl").mkdir()
        (project.root / ".dialctl" / "planted").write_text("")
    runner.git("init", "-q")
    runner.git("add", ".")
    done = runner.step("plan.sh")
    assert (done.returncode, "is committed" in done.stderr) == (0, True)
    assert not (project.root / ".dialctl" / "planted").exists()
    assert not (project.root / ".dialctl").is_symlink()
    assert (outside / "kept").exists()


def test_what_changed_at_the_provider_is_found(runner: Runner, project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    assert runner.step("drift.sh", SANDBOX="true", DRIFT_FILE="drift.txt").returncode == 0
    (project.root / ".dialctl" / "sandbox" / "dialctl.lock").unlink()
    done = runner.step("drift.sh", SANDBOX="true", DRIFT_FILE="drift.txt")
    assert done.returncode != 0


@pytest.mark.parametrize(
    ("source", "said"),
    [("git+https://example.com/dialctl@main", "names no commit"), ("dialctl==1.2.0", "is no directory")],
)
def test_only_what_has_a_hash_is_installed(runner: Runner, source: str, said: str) -> None:
    done = runner.step("install.sh", DIALCTL_TOOLS="tools", DIALCTL_SOURCE=source)
    assert (done.returncode, said in done.stderr, (runner.directory / "tools").exists()) == (1, True, False)


def test_what_is_installed_is_what_pyproject_asks_for_by_hash() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    text = (STEPS / "requirements.txt").read_text()
    pinned = dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", text, re.MULTILINE))
    wanted = [*pyproject["project"]["dependencies"], *pyproject["build-system"]["requires"]]
    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(pinned[requirement.name]), requirement
    assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}", text)) >= len(pinned)


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
