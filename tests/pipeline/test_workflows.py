"""The workflows as they stand in the examples, run step by step over a repository and a served sandbox."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import yaml

from tests.command import served_sandbox

from .ci_runner import ROOT, STEPS, Runner
from .workflow_runner import WorkflowRunner, evaluate, run_gitlab_job

EXAMPLES = ROOT / "examples" / "gitops"
WORKFLOWS = EXAMPLES / "github" / ".github" / "workflows"
EVE = "+13125550105,Eve,Dr. Osei\n"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served_sandbox("--speed", "0") as found:
        yield found


@dataclass
class Repository:
    """A team's repository with the example in it, its clone, and the account at the provider."""

    hub: WorkflowRunner
    """GitHub."""
    clone: Runner
    """The checkout of a person."""
    client: httpx.Client
    """The account."""

    def commit(self, branch: str = "main", **files: str) -> str:
        """Commits and pushes files below calls/ (`a_csv` stands for a.csv) and returns the commit."""
        self.clone.git("pull", "-q", "--rebase", "origin", "main")
        self.clone.git("checkout", "-q", "-B", branch)
        for name, text in files.items():
            (self.clone.directory / "calls" / name.replace("_", ".", 1)).write_text(text)
        self.clone.git("commit", "-qam", "change")
        self.clone.git("push", "-q", "-f", "origin", branch)
        return self.clone.git("rev-parse", "HEAD")

    def run(self, workflow: str, sha: str, **event: Any) -> bool:
        known = {"sha": sha, "ref_name": "main", "base_ref": "", "event": {}, **event}
        return self.hub.run(WORKFLOWS / f"{workflow}.yaml", **known)

    def posted(self) -> list[int]:
        """How many people each batch of the account holds, the oldest first."""
        answer = self.client.get("/agents/calls/batches", params={"limit": 100}).json()
        return [batch["total_calls_scheduled"] for batch in reversed(answer["data"])]

    def said(self) -> str:
        return "".join(step.said for step in self.hub.steps)


def people(*rows: str) -> str:
    return "phone,patient,doctor\n" + "".join(rows)


def begin(tmp_path: Path, url: str, layout: str) -> tuple[Runner, httpx.Client, dict[str, str]]:
    """A bare origin.git with the example of a layout in it, and a clone."""
    clone = Runner.at(tmp_path / "clone", tmp_path / "bin")
    shutil.copytree(EXAMPLES / layout, clone.directory)
    project = clone.directory / "calls" / "project.yaml"
    hours = '    calling_hours: {from: "09:00", to: "18:00", zone: recipient}\n'
    project.write_text(project.read_text().replace(hours, ""))  # the sandbox's clock stands at any hour
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "first"]):
        clone.git(*command)
    clone.git("clone", "-q", "--bare", ".", "../origin.git")
    clone.git("remote", "add", "origin", "../origin.git")
    key = f"sk_{uuid4().hex}"
    headers = {"Authorization": f"Bearer {key}", "Cartesia-Version": "2026-03-01"}
    client = httpx.Client(base_url=url, headers=headers, trust_env=False)
    return clone, client, {"CARTESIA_API_KEY": key, "DIALCTL_PERSON_KEY": "a long random text"}


@pytest.fixture
def repository(tmp_path: Path, url: str) -> Iterator[Repository]:
    clone, client, secrets = begin(tmp_path, url, "github")
    (tmp_path / "jobs").mkdir()
    machine = Runner(tmp_path / "jobs", tmp_path / "bin")
    tools = {"CARTESIA_BASE_URL": url, "RUNNER_OS": "Linux"}
    with client:
        yield Repository(WorkflowRunner(machine, tmp_path / "origin.git", secrets, tools), clone, client)


needs_jq = pytest.mark.skipif(shutil.which("jq") is None, reason="the stand-in for gh filters by jq")


@needs_jq
def test_a_pull_request_is_planned_with_counts_and_one_comment(repository: Repository) -> None:
    sha = repository.commit("branch", checkups_csv=people("+12125550101,Ada,Dr. Reyes\n", EVE))
    asked = {"number": 7, "head": {"repo": {"full_name": "o/r"}}}
    assert repository.run("plan", sha, base_ref="main", event={"pull_request": asked}), repository.said()
    outputs = repository.hub.steps[-1].outputs
    assert (outputs["exit-code"], outputs["people-to-call"], outputs["blocked"]) == ("0", "2", "0")
    (comment,) = repository.clone.comments
    assert "2 people to call" in comment["body"]
    assert repository.posted() == []


@needs_jq
def test_a_fork_gets_no_key_and_no_comment(repository: Repository) -> None:
    sha = repository.commit("branch", checkups_csv=people(EVE))
    repository.hub.secrets = {}
    asked = {"number": 7, "head": {"repo": {"full_name": "mallory/r"}}}
    assert repository.run("plan", sha, base_ref="main", event={"pull_request": asked}), repository.said()
    assert repository.clone.comments == []
    assert repository.hub.steps[-1].outputs["people-to-call"] == "1"


def test_what_is_approved_is_applied_and_what_is_only_merged_is_not(repository: Repository) -> None:
    first = repository.clone.git("rev-parse", "HEAD")
    assert repository.run("apply", first), repository.said()
    assert repository.posted() == [3]
    log = repository.clone.git("--git-dir", "../origin.git", "log", "-1", "--format=%s", "main")
    assert log == "Remember who was called [skip ci]"
    assert "ghs_token" not in repository.said()

    # Eve is merged and not approved yet: neither the schedule nor an older run calls her.
    checkups = (EXAMPLES / "github" / "calls" / "checkups.csv").read_text()
    merged = repository.commit(checkups_csv=checkups + EVE)
    assert repository.run("schedule", merged), repository.said()
    assert "1 person waits for approval" in repository.said()
    assert not repository.run("apply", first)
    assert "Not applied: calls changed since" in repository.said()
    assert repository.posted() == [3]

    assert repository.run("apply", merged), repository.said()
    assert repository.posted() == [3, 1]
    assert repository.run("drift", merged), repository.said()


def test_a_lock_that_cannot_be_pushed_is_kept_and_the_way_back_is_printed(repository: Repository) -> None:
    hook = repository.hub.origin / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    assert not repository.run("apply", repository.clone.git("rev-parse", "HEAD"))
    outcomes = {step.name: step.outcome for step in repository.hub.steps}
    assert (outcomes["apply"], outcomes["commit"]) == ("success", "failure")
    assert outcomes["Keep a lock that could not be pushed"] == "success"
    assert "The way back:" in repository.said()
    assert repository.posted() == [3]


def test_the_gitlab_jobs_apply_and_go_on_without_a_token_in_reach_of_a_branch(tmp_path: Path, url: str) -> None:
    clone, client, secrets = begin(tmp_path, url, "gitlab")
    shutil.copytree(STEPS, clone.directory / "ci")
    clone.git("add", "-A")
    clone.git("commit", "-qm", "steps")
    clone.git("push", "-q", "origin", "main")
    jobs: dict[str, Any] = yaml.safe_load((clone.directory / ".gitlab-ci.yml").read_text())
    given = {
        "CI_SERVER_URL": str(tmp_path), "CI_PROJECT_PATH": "origin", "CI_DEFAULT_BRANCH": "main",
        "CI_COMMIT_SHA": clone.git("rev-parse", "HEAD"), "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        "CARTESIA_BASE_URL": url, "DIALCTL_TOOLS": str(tmp_path / "bin" / "tools"), **secrets,
    }  # fmt: skip
    with client:
        planned = run_gitlab_job(clone, jobs, "plan", given)
        assert (planned.returncode, "3 people to call" in planned.stdout) == (0, True), planned.stderr
        for job in ("apply", "scheduled", "drift"):
            done = run_gitlab_job(clone, jobs, job, given)
            assert done.returncode == 0, done.stderr
        assert [batch["total_calls_scheduled"] for batch in client.get("/agents/calls/batches").json()["data"]] == [3]
    assert clone.git("--git-dir", "../origin.git", "log", "-1", "--format=%s", "main").startswith("Remember who")


@pytest.mark.parametrize(
    ("expression", "value"),
    [("inputs.a == 'b' && !inputs.none", True), ("inputs.none || 'x'", "x"), ("format('o/{0}', inputs.a)", "o/b")],
)
def test_the_stand_in_reads_expressions(expression: str, value: object) -> None:
    assert evaluate(expression, {"inputs": {"a": "b"}}) == value
