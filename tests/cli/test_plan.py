"""Which exit code a plan has."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from declarative.cli.plan import plan_exit_code
from declarative.errors import Exit
from declarative.planning.decide import Reason, Verb
from declarative.planning.plan import Action
from tests.command import ROOT, run_in_process
from tests.report.sample_plans import action, plan_of

CREATE, KEEP = action(Verb.CREATE), action(Verb.KEEP)
UNSURE = action(Verb.BLOCK, "unsure", reason=Reason.UNSURE)
UNREAD = action(Verb.BLOCK, "unread", reason=Reason.NOT_READ)
BEING_APPLIED = action(Verb.BLOCK, "applied", reason=Reason.BEING_APPLIED)


@pytest.mark.parametrize(
    ("actions", "refusals", "plain", "detailed"),
    [
        ((KEEP,), (), Exit.DONE, Exit.DONE),
        ((CREATE,), (), Exit.DONE, Exit.CHANGES),
        ((action(Verb.ADOPT),), (), Exit.DONE, Exit.DONE),
        ((CREATE,), ("too many",), Exit.FAILED, Exit.FAILED),
        ((CREATE, UNREAD), (), Exit.FAILED, Exit.FAILED),
        ((CREATE, BEING_APPLIED), (), Exit.DONE, Exit.CHANGES),
        ((CREATE, UNREAD, UNSURE), ("too many",), Exit.NEEDS_HUMAN, Exit.NEEDS_HUMAN),
    ],
)
def test_a_person_who_is_needed_wins_over_failures_and_these_over_changes(
    actions: tuple[Action, ...], refusals: tuple[str, ...], plain: Exit, detailed: Exit
) -> None:
    plan = plan_of(*actions, refusals=refusals)
    assert plan_exit_code(plan, detailed=False) == plain
    assert plan_exit_code(plan, detailed=True) == detailed


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "examples" / "march-outreach", tmp_path / "here", ignore=shutil.ignore_patterns(".dialctl"))
    monkeypatch.chdir(tmp_path / "here")


@pytest.mark.usefixtures("example")
def test_a_saved_plan_is_shown_in_every_format_as_it_was() -> None:
    planned = run_in_process("plan", "--sandbox", "--out", "plan.json").out.splitlines()
    shown = run_in_process("show", "plan.json").out.splitlines()
    assert shown[1].startswith("made at ")
    assert [shown[0], *shown[2:]] == planned
    markdown = run_in_process("show", "plan.json", "--format", "markdown").out
    assert markdown.startswith("<!-- dialctl plan march-outreach -->\n### Plan: 3 people to call")
    shown = run_in_process("show", "plan.json", "--json").json
    again = run_in_process("plan", "--sandbox", "--json").json
    assert shown["checksum"] == again["checksum"]
    assert run_in_process("show", "plan.json", "--format", "github").out.startswith("::notice title=dialctl plan")
    assert "5550101" not in Path("plan.json").read_text()


@pytest.mark.usefixtures("example")
def test_a_saved_plan_holds_no_value_that_a_variable_brought_in() -> None:
    manifest = next(path for path in Path().glob("*.yaml") if "agent_id" in path.read_text())
    manifest.write_text(re.sub(r"agent_id: .*", "agent_id: ${var.AGENT}", manifest.read_text()))
    agent = ("--var", "AGENT=agent_SandboxSandboxSandbox1")
    assert "(agent_Sand…)" in run_in_process("plan", "--sandbox", *agent, "--out", "plan.json").out
    assert "agent_Sandbox" not in Path("plan.json").read_text()
    assert "agent Sandbox agent ndbox1 from +1" in run_in_process("show", "plan.json").out


@pytest.mark.usefixtures("example")
def test_a_file_that_is_no_saved_plan_is_said() -> None:
    assert "is not a whole saved plan" in run_in_process("show", "project.yaml").err
    assert "is not a whole saved plan" in run_in_process("show", "nowhere.json").err


@pytest.mark.usefixtures("example")
def test_what_destroy_would_do_is_planned_and_not_saved() -> None:
    assert run_in_process("apply", "--sandbox", "-y", "-q").exit == 0
    summary = run_in_process("plan", "--sandbox", "--destroy", "--json").json["summary"]
    assert (summary["cancel"], summary["people_to_call"]) == (1, 0)
    assert run_in_process("plan", "--sandbox", "--destroy", "--out", "plan.json").exit == 64


@pytest.mark.usefixtures("example")
@pytest.mark.parametrize("command", [["plan", "--sandbox"], ["validate"]])
def test_wrong_manifests_are_annotations_in_a_workflow(command: list[str]) -> None:
    Path("wrong.yaml").write_text("apiVersion: dialctl/v1\nkind: Batch\nmetadata: {name: a}\nspec: {agent_idd: x}\n")
    ran = run_in_process(*command, "--format", "github")
    assert ran.exit == 1
    assert "::error file=wrong.yaml,line=4,col=8::spec.agent_idd: unknown field" in ran.out
