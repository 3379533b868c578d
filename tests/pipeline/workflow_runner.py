"""A stand-in for GitHub's runner: jobs in their order, steps with their `if`, `env` and outputs, the shell for real.

`uses` is played: checkout clones, dialctl's action runs its own steps, what only fetches or keeps files does nothing.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .ci_runner import ROOT, Runner

Json = dict[str, Any]
_TOKEN = re.compile(r"'(?:[^']|'')*'|&&|\|\||==|!=|[()!,]|[A-Za-z_][\w.-]*")
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")


@dataclass
class Step:
    """What became of a step."""

    name: str
    """Its id, or else its name."""
    outcome: str
    """success, failure or skipped."""
    outputs: dict[str, str] = field(default_factory=dict)
    """What it wrote to GITHUB_OUTPUT."""
    said: str = ""
    """Its stdout and stderr."""


@dataclass
class WorkflowRunner:
    """One repository on GitHub."""

    runner: Runner
    """Its machine; `directory` is where checkouts are made, `bin` comes first on PATH."""
    origin: Path
    """The bare repository."""
    secrets: Mapping[str, str] = field(default_factory=dict)
    """By name."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """What the machine itself sets."""
    steps: list[Step] = field(default_factory=list)
    """Of the last run, those of the action included."""

    def run(self, workflow: Path, **event: Any) -> bool:
        """Runs a workflow for an event (values of the `github` context). Returns whether every job succeeded."""
        self.steps = []
        jobs: Json = yaml.safe_load(workflow.read_text())["jobs"]
        github = {"repository": "o/r", "token": "ghs_token", "run_id": "1", "run_attempt": "1", **event}
        done: dict[str, bool] = {}
        while len(done) < len(jobs):
            for name, job in jobs.items():
                if name not in done and all(need in done for need in [job.get("needs")] if need):
                    ready = all(done[need] for need in [job.get("needs")] if need)
                    done[name] = ready and self._run_job(job, github)
        return all(done.values())

    def _run_job(self, job: Json, github: Json) -> bool:
        workspace = self.runner.directory / f"job{len(list(self.runner.directory.iterdir()))}"
        temp = workspace.with_suffix(".temp")
        temp.mkdir(parents=True)
        workspace.mkdir()
        context = {
            "github": github,
            "secrets": self.secrets,
            "runner": {"temp": str(temp), "os": "Linux", "arch": "X64"},
        }
        return self._run_steps(job["steps"], context, workspace, {})

    def _run_steps(self, steps: list[Json], context: Json, workspace: Path, inherited: Mapping[str, str]) -> bool:
        context = {**context, "steps": {}}
        failed = False
        for step in steps:
            condition = str(step.get("if", "success()"))
            wanted = condition if "always()" in condition else f"success() && ({condition})"
            name = step.get("id") or step.get("name") or step.get("uses") or step["run"]
            result = Step(name, "skipped")
            if evaluate(wanted, {**context, "failed": failed}):
                env = {**inherited, **{key: fill(str(text), context) for key, text in step.get("env", {}).items()}}
                result = self._run_step(step, name, context, workspace, env)
                failed = failed or result.outcome == "failure"
            self.steps.append(result)
            context["steps"][step.get("id", "")] = {"outputs": result.outputs, "outcome": result.outcome}
        return not failed

    def _run_step(self, step: Json, name: str, context: Json, workspace: Path, env: Mapping[str, str]) -> Step:
        given = {
            key: fill(str(value).lower() if isinstance(value, bool) else str(value), context)
            for key, value in step.get("with", {}).items()
        }
        action = step.get("uses", "").split("@")[0]
        if action == "actions/checkout":
            self._check_out(given, context["github"], workspace)
        elif action == "dialctl/dialctl":
            return self._run_action(name, given, context, workspace, env)
        elif action == "actions/setup-python":
            assert given["update-environment"] == "false"  # the caller's Python stays what it is
            return Step(name, "success", {"python-path": sys.executable})
        elif name == "Install dialctl":  # the tools are this checkout
            Path(env["DIALCTL_TOOLS"]).symlink_to(self.runner.bin / "tools")
        elif "run" in step:
            return self._run_shell(step["run"], name, context, workspace, env)
        return Step(name, "success")

    def _check_out(self, given: Mapping[str, str], github: Json, workspace: Path) -> None:
        ref = given.get("ref") or github["sha"]
        for command in (
            ["clone", "-q", str(self.origin), str(workspace)],
            ["-C", str(workspace), "checkout", "-q", ref],
        ):
            done = self.runner.run("git", *command)
            assert done.returncode == 0, done.stderr
        assert given["persist-credentials"] == "false"  # no later step finds the token in the checkout

    def _run_action(
        self, name: str, given: Mapping[str, str], context: Json, workspace: Path, env: Mapping[str, str]
    ) -> Step:
        action: Json = yaml.safe_load((ROOT / "action.yml").read_text())
        defaults = {key: fill(str(one.get("default", "")), context) for key, one in action["inputs"].items()}
        assert set(given) <= set(defaults)
        github = {**context["github"], "action_path": str(ROOT)}
        inner = {**context, "github": github, "inputs": {**defaults, **given}}
        first = len(self.steps)
        succeeded = self._run_steps(action["runs"]["steps"], inner, workspace, env)
        inner["steps"] = {step.name: {"outputs": step.outputs} for step in self.steps[first:]}
        outputs = {key: fill(one["value"], inner) for key, one in action["outputs"].items()}
        return Step(name, "success" if succeeded else "failure", outputs)

    def _run_shell(self, text: str, name: str, context: Json, workspace: Path, env: Mapping[str, str]) -> Step:
        files = {key: workspace.with_suffix(f".{key.lower()}") for key in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        files["GITHUB_OUTPUT"].write_text("")
        script = workspace.with_suffix(".sh")
        script.write_text(text)
        known = {key: str(path) for key, path in files.items()}
        machine = Runner(workspace, self.runner.bin)
        done = machine.run(
            "bash", "--noprofile", "--norc", "-eo", "pipefail", str(script),
            **{**self.environment, **known, "GITHUB_ACTIONS": "true", "RUNNER_TEMP": context["runner"]["temp"], **env},
        )  # fmt: skip
        pairs = [line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text().splitlines()]
        outcome = "failure" if done.returncode else "success"
        return Step(name, outcome, dict(pairs), done.stdout + done.stderr)


def fill(text: str, context: Json) -> str:
    """A text with its expressions put in."""
    return _EXPRESSION.sub(lambda found: str(evaluate(found[1], context) or ""), text)


def evaluate(expression: str, context: Json) -> Any:
    """An expression of GitHub's, as far as these files use them."""
    words = []
    for token in _TOKEN.findall(expression):
        if token in ("&&", "||", "!"):
            words.append({"&&": " and ", "||": " or ", "!": " not "}[token])
        elif token in ("always", "success", "format") or not (token[0].isalpha() or token[0] == "_"):
            words.append(token)
        else:
            words.append(f"look({token!r})")
    functions = {
        "look": lambda path: _look(path, context),
        "always": lambda: True,
        "success": lambda: not context.get("failed"),
        "format": lambda text, *values: text.format(*values),
    }
    return eval("".join(words), {"__builtins__": {}}, functions)


def _look(path: str, context: Json) -> Any:
    value: Any = context
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return "" if value is None else value


def run_gitlab_job(
    machine: Runner, jobs: Json, name: str, given: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """A job of .gitlab-ci.yml: its script and after_script in one shell each, with its variables put in."""
    chain = [jobs[name]]
    while "extends" in chain[-1]:
        chain.append(jobs[chain[-1]["extends"]])
    variables: dict[str, str] = {**given}
    for part in [jobs, *reversed(chain)]:
        for key, value in part.get("variables", {}).items():
            variables.setdefault(key, "")
            variables[key] = re.sub(r"\$(\w+)", lambda found: variables.get(found[1], ""), str(value))
    script = next(part["script"] for part in chain if "script" in part)
    after = next((part["after_script"] for part in chain if "after_script" in part), [])
    variables["DIALCTL_TOOLS"] = given["DIALCTL_TOOLS"]
    done = machine.run("bash", "-eo", "pipefail", "-c", "\n".join(script), **variables)
    ended = machine.run("bash", "-eo", "pipefail", "-c", "\n".join(after), **variables)
    done.stderr += ended.stderr
    return done
