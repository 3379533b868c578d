"""Agents and numbers are looked up before anybody approves: a wrong one blocks, and those that exist are named."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from declarative.app import references
from declarative.app.plan import plan_project
from declarative.app.session import Session
from declarative.errors import ProviderError
from declarative.model.resource import Desired, Json, Project
from declarative.planning.decide import Reason, Verb
from declarative.providers.base import Provider
from declarative.report import text
from tests.planning.facts_fixture import resource
from tests.report.sample_plans import action, plan_of

PROJECT = "apiVersion: dialctl/v1\nkind: Project\nmetadata: {name: spring}\nspec: {defaults: {provider: cartesia}}\n"
BATCH = """apiVersion: dialctl/v1
kind: Batch
metadata: {name: NAME}
spec:
  agent_id: AGENT
  from_number_id: ap_Q8PRh7lXyZsawXJmN2KcT5
  retry: {max_retries: 2, on: [dial_busy], after: 4h}
  recipients: [{to_number: "+14155550101"}]
"""


def plan_text(directory: Path, **agents: str) -> tuple[str, dict[str, Verb]]:
    (directory / "project.yaml").write_text(PROJECT)
    for name, agent in agents.items():
        (directory / f"{name}.yaml").write_text(BATCH.replace("NAME", name).replace("AGENT", agent))
    with Session(directory=directory, sandbox=True, environment={}) as session:
        plan = plan_project(session)
    reasons = {action.address: action.reason for action in plan.actions_with_verb(Verb.BLOCK)}
    assert set(reasons.values()) <= {Reason.MISSING_REFERENCE}
    return text.format_plan(plan), {action.address: action.verb for action in plan.actions}


def test_an_unknown_agent_blocks_its_resource_alone_and_those_that_exist_are_named(tmp_path: Path) -> None:
    shown, verbs = plan_text(tmp_path, wrong="agent_missing", right="agent_Fo7pKNBUwLZxrTd6jvhpaE")
    assert verbs == {"batch/wrong": Verb.BLOCK, "batch/right": Verb.CREATE}
    assert "does not know the agent agent_missing" in shown
    assert "there are agents: Sandbox agent" in shown
    assert "numbers: ap_" in shown


def test_an_agent_whose_calls_cannot_be_read_because_it_does_not_exist_is_told_as_that(tmp_path: Path) -> None:
    call = (
        BATCH.replace("kind: Batch", "kind: Call").replace("name: NAME", "name: ada").replace("AGENT", "agent_missing")
    )
    call = re.sub(r"  retry:.*\n  recipients: .*", '  to_number: "+14155550101"', call)
    (tmp_path / "ada.yaml").write_text(call)
    shown, verbs = plan_text(tmp_path)
    assert verbs == {"call/ada": Verb.BLOCK}
    assert "does not know the agent agent_missing" in shown


def test_a_provider_that_fails_is_not_asked_for_every_agent(tmp_path: Path) -> None:
    asked: list[Json] = []

    class Failing(Provider):
        def unknown_references(self, settings: Mapping[str, Json]) -> list[str]:
            asked.append(settings["agent_id"])
            raise ProviderError("no answer")

    resources = {name: resource("a", address=name, settings={"agent_id": name}) for name in ("batch/a", "batch/b")}
    plan = plan_of(*(action(Verb.CREATE, name[6:]) for name in resources))
    desired = Desired(project=Project(), resources=resources, is_complete=True, make_digest=str)
    found = references.look_up(plan, desired, {"cartesia": cast(Provider, object.__new__(Failing))})
    assert (asked, found.blocks) == (["batch/a"], {})


def test_a_new_resource_says_who_calls_from_which_number_and_how_often(tmp_path: Path) -> None:
    shown, _ = plan_text(tmp_path, march="agent_SandboxSandboxSandbox1")
    assert "agent Sandbox agent ndbox1 (agent_Sand…) from +1202•••" in shown
    assert "2 retries after 4h" in shown


def test_an_unknown_number_blocks_too(tmp_path: Path) -> None:
    (tmp_path / "project.yaml").write_text(PROJECT)
    text_of_batch = BATCH.replace("NAME", "a").replace("AGENT", "agent_1")
    (tmp_path / "a.yaml").write_text(text_of_batch.replace("ap_Q8PRh7lXyZsawXJmN2KcT5", "ap_missing"))
    with Session(directory=tmp_path, sandbox=True, environment={}) as session:
        [action] = plan_project(session).actions
    assert (action.verb, action.reason) == (Verb.BLOCK, Reason.MISSING_REFERENCE)
