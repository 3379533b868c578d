"""The action, the workflows and the templates, as YAML: what they name is there."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from declarative.cli.main import run_command

from .ci_runner import ROOT, STEPS, Runner

EXAMPLES = ROOT / "examples" / "gitops"
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
INPUT = re.compile(r"inputs\.([a-z-]+)")
OUTPUT = re.compile(r"steps\.([a-z]+)\.outputs\.([a-z-]+)")
GITLAB: dict[str, Any] = yaml.safe_load((EXAMPLES / "gitlab" / ".gitlab-ci.yml").read_text())
WORKFLOWS = sorted((EXAMPLES / "github" / ".github" / "workflows").iterdir())


def action_steps() -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = ACTION["runs"]["steps"]
    return steps


def test_the_action_uses_every_input_and_no_other() -> None:
    assert set(INPUT.findall(yaml.dump(ACTION))) == set(ACTION["inputs"])


def test_the_action_reads_outputs_of_steps_that_write_them() -> None:
    by_id = {step["id"]: step["run"] for step in action_steps() if "id" in step}
    for step, output in OUTPUT.findall(yaml.dump(ACTION)):
        assert f"{output}=" in by_id[step]


def test_every_step_says_its_shell_and_lets_nothing_into_its_text() -> None:
    """What is put into a script's text is run: values come by the environment."""
    for step in action_steps():
        if "run" in step:
            assert step["shell"] == "bash"
            assert "${{" not in step["run"]


def test_the_action_runs_scripts_that_are_there_and_hands_them_what_they_read() -> None:
    for step in action_steps():
        for name in re.findall(r'"\$STEPS/([a-z-]+\.sh)"', step.get("run", "")):
            text = (STEPS / name).read_text()
            unread = [key for key in step["env"] if key not in text and key != "STEPS" and not key.startswith("GIT_")]
            assert unread == [], name
            assert step["env"]["STEPS"] == "${{ github.action_path }}/" + str(STEPS.relative_to(ROOT))


@pytest.mark.parametrize("script", sorted(STEPS.iterdir()), ids=lambda path: path.name)
def test_steps_can_be_run_and_stop_at_unset_names(script: Path) -> None:
    assert os.access(script, os.X_OK)
    assert re.search(r"^set -e?uo pipefail$", script.read_text(), re.MULTILINE)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_hand_the_action_inputs_that_it_has(workflow: Path) -> None:
    jobs = yaml.safe_load(workflow.read_text())["jobs"].values()
    used = [step for job in jobs for step in job["steps"] if step.get("uses", "").startswith("dialctl/")]
    assert len(used) == 1
    assert set(used[0]["with"]) <= set(ACTION["inputs"])
    assert (EXAMPLES / "github" / used[0]["with"]["path"] / "project.yaml").is_file()


def test_what_applies_never_runs_beside_another() -> None:
    groups = [yaml.safe_load(path.read_text()).get("concurrency") for path in WORKFLOWS if path.stem != "plan"]
    assert groups == [{"group": "dialctl-apply", "cancel-in-progress": False}] * 2
    assert GITLAB[".apply"]["resource_group"] == "dialctl-apply"


def test_no_workflow_hands_a_key_to_a_fork() -> None:
    assert [path.name for path in WORKFLOWS if "pull_request_target" in path.read_text()] == []


def test_the_gitlab_template_names_jobs_stages_and_steps_that_are_there() -> None:
    jobs = {name: job for name, job in GITLAB.items() if name not in ("stages", "variables")}
    for job in jobs.values():
        assert job.get("extends", ".dialctl") in jobs
        assert job.get("stage", "plan") in GITLAB["stages"]
        for name in re.findall(r"ci/([a-z-]+\.sh)", " ".join(job.get("script", []))):
            assert (STEPS / name).is_file()
    assert (EXAMPLES / "gitlab" / GITLAB["variables"]["PROJECT_PATH"] / "project.yaml").is_file()


def test_the_gitlab_template_hands_git_its_token_past_the_command_line(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    repository.mkdir()
    runner = Runner.at(repository, tmp_path / "bin")
    runner.git("init", "-q")
    runner.git("remote", "add", "origin", "https://gitlab-ci-token:left@gitlab.example/calls.git")
    runner.git("config", "--add", "credential.helper", "!echo password=another; :")
    known = {"GITLAB_TOKEN": "glpat-secret", "CI_SERVER_HOST": "gitlab.example", "CI_PROJECT_PATH": "team/calls"}
    for line in [one for one in GITLAB[".apply"]["script"] if re.match("git (remote|config)", one)] * 2:
        seen = runner.run("bash", "-xc", line, **known)
        assert (seen.returncode, "glpat" in seen.stderr) == (0, False)
    assert "glpat" not in (repository / ".git" / "config").read_text()
    url = runner.git("remote", "get-url", "origin")
    asked = runner.run("bash", "-c", f"echo url={url} | git credential fill", **known)
    assert set(asked.stdout.splitlines()) >= {"host=gitlab.example", "username=dialctl", "password=glpat-secret"}


def test_the_hook_runs_a_command_that_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert hook["pass_filenames"] is False
    command = hook["entry"].split()
    assert command[0] == "dialctl"
    assert run_command([*command[1:], "--help"]) == 0
    assert all(re.search(hook["files"], name) for name in ("a.yaml", "b.yml", "c.csv", "d.parquet", "calls/e.jsonl"))


@pytest.mark.parametrize("layout", ["github", "gitlab"])
def test_the_example_repositories_plan_as_they_are(
    layout: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for file in (EXAMPLES / layout / "calls").iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    assert run_command(["validate"]) == 0
    assert run_command(["plan", "--offline"]) == 0
    assert run_command(["--sandbox", "plan"]) == 0
    assert "1 person held back: on a do-not-call list" in capsys.readouterr().out


def test_the_read_me_names_what_is_there() -> None:
    text = (EXAMPLES / "README.md").read_text()
    for name in re.findall(r"\]\(([a-z/]+)\)", text):
        assert (EXAMPLES / name).is_dir()
    for reason in ("no_memory", "lock_is_older"):
        assert reason in text
