"""The action, the workflows and the templates, as YAML: what they name is there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
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
    counts = (STEPS / "plan.sh").read_text()  # written to PLAN_COUNTS, which the step hands on
    by_id = {step["id"]: step["run"] + counts for step in action_steps() if "id" in step and "run" in step}
    for step, output in OUTPUT.findall(yaml.dump(ACTION)):
        assert step == "python" or f"{output}=" in by_id[step]


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
            text += (STEPS / "dialctl.sh").read_text()
            read = text + step["run"] + "STEPS PIP_CACHE_DIR"
            unread = [key for key in step["env"] if key not in read and not key.startswith("GIT_")]
            assert unread == [], name
            assert step["env"]["STEPS"] == "${{ github.action_path }}/" + str(STEPS.relative_to(ROOT))


@pytest.mark.parametrize("script", sorted({*STEPS.glob("*.sh")} - {STEPS / "dialctl.sh"}), ids=lambda path: path.name)
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


def test_what_applies_never_runs_beside_another_and_is_never_displaced() -> None:
    jobs = [
        yaml.safe_load((WORKFLOWS[0].parent / f"{name}.yaml").read_text())["jobs"] for name in ("apply", "schedule")
    ]
    groups = [job["apply"]["concurrency"] for job in jobs]
    assert groups == [{"group": "dialctl-apply", "queue": "max", "cancel-in-progress": False}] * 2
    assert GITLAB[".apply"]["resource_group"] == "dialctl-apply"
    assert GITLAB["workflow"]["auto_cancel"]["on_new_commit"] == "none"


def test_a_schedule_applies_only_what_was_approved_and_an_apply_what_was_looked_at() -> None:
    apply, schedule = (
        yaml.safe_load((WORKFLOWS[0].parent / f"{name}.yaml").read_text())["jobs"] for name in ("apply", "schedule")
    )
    assert schedule["apply"]["steps"][-1]["with"]["only-approved"] == "true"
    assert apply["apply"]["steps"][-1]["with"]["approved-commit"] == "${{ github.sha }}"
    assert apply["apply"]["needs"] == "approve"
    assert "concurrency" not in apply["approve"]  # who waits for a person holds up no schedule
    assert GITLAB["scheduled"]["variables"]["ONLY_APPROVED"] == "true"
    assert GITLAB["apply"]["variables"]["APPROVED_COMMIT"] == "$CI_COMMIT_SHA"


def test_no_workflow_hands_a_key_to_a_fork() -> None:
    assert [path.name for path in WORKFLOWS if "pull_request_target" in path.read_text()] == []


def test_every_ending_of_a_recipients_file_triggers_an_apply() -> None:
    (rule,) = GITLAB["apply"]["rules"]
    assert rule["changes"] == GITLAB["plan"]["rules"][0]["changes"] == ["calls/**/*"]


def test_no_job_of_a_merge_request_has_a_token_in_reach() -> None:
    def text_of(name: str) -> str:
        job = GITLAB[name]
        return yaml.dump(job) + (text_of(job["extends"]) if "extends" in job else "")

    merge_requests = [name for name in GITLAB if "merge_request_event" in str(GITLAB[name])]
    assert merge_requests == ["plan"]
    assert "TOKEN" not in text_of("plan")
    environments = {name: GITLAB[name]["environment"]["name"] for name in ("plan", ".apply", "drift")}
    assert environments == {"plan": "dialctl-plan", ".apply": "dialctl", "drift": "dialctl"}


def test_the_gitlab_template_names_jobs_stages_and_steps_that_are_there() -> None:
    jobs = {name: job for name, job in GITLAB.items() if name not in ("stages", "variables", "workflow")}
    for job in jobs.values():
        assert job.get("extends", ".dialctl") in jobs
        assert job.get("stage", "plan") in GITLAB["stages"]
        for name in re.findall(r"ci/([a-z-]+\.sh)", " ".join(job.get("script", []))):
            assert (STEPS / name).is_file()
    assert (EXAMPLES / "gitlab" / GITLAB["variables"]["PROJECT_PATH"] / "project.yaml").is_file()


def test_git_gets_the_token_past_command_line_and_files(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    repository.mkdir()
    runner = Runner.at(repository, tmp_path / "bin")
    runner.git("init", "-q", "-b", "main")
    runner.git("remote", "add", "origin", "http://127.0.0.1:9/calls.git")
    runner.git("commit", "-q", "--allow-empty", "-m", "first")
    (repository / "dialctl.lock").write_text("{}\n")
    # A git that tells what it was called with, and what its helper would answer.
    spy = runner.bin / "git"
    spy.write_text(f"""#!/bin/sh
echo "$*" >>{tmp_path}/arguments
case "$*" in *push*|*pull*) echo "url=http://127.0.0.1:9/" | {shutil.which("git")} "$1" "$2" "$3" "$4" credential fill \
  >>{tmp_path}/credentials; exit 1;; esac
exec {shutil.which("git")} "$@"
""")
    spy.chmod(0o755)
    done = runner.step("commit-lock.sh", PUSH_USER="dialctl", PUSH_TOKEN="glpat-secret")
    assert done.returncode == 1
    assert "glpat-secret" not in (tmp_path / "arguments").read_text() + (repository / ".git" / "config").read_text()
    said = (tmp_path / "credentials").read_text().splitlines()
    assert {"username=dialctl", "password=glpat-secret"} <= set(said)


def test_what_is_not_published_yet_has_one_placeholder() -> None:
    files = [ROOT / "README.md", *(path for path in EXAMPLES.rglob("*") if path.is_file())]
    text = "\n".join(path.read_text() for path in files)
    assert {"".join(sorted(set(ref))) for ref in re.findall(r"dialctl/dialctl@([\w.]+)", text)} == {"0"}


@pytest.mark.parametrize("tool", ["zizmor", "actionlint"])
def test_the_workflows_have_no_findings(tool: str) -> None:
    """As .ci/static asks for them."""
    found = shutil.which(tool, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        pytest.skip(f"{tool} is not installed")
    (line,) = [
        line
        for line in (ROOT / ".ci" / "static").read_text().replace(".venv/bin/", "").splitlines()
        if line.strip().startswith(tool)
    ]
    command = ["bash", "-c", line.strip().replace(tool, found, 1)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


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
