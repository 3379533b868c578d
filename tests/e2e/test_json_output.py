"""What --json prints is what the published schemas describe, no more and no less, whatever the plan holds."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry

from declarative import schemas
from declarative.engine.results import RequestStatus
from declarative.planning.decide import Reason, Verb

from .cli_project import CliProject, numbers
from .manifests import AGENT, CALLINGBOX, batch_yaml, call_yaml, project_yaml

Schema = Mapping[str, Any]
PLAN, REPORT = schemas.load_schema("plan.v1"), schemas.load_schema("report.v1")


def valid(document: Any, schema: Schema) -> None:
    """Fails on what the schema forbids, and on any key that it does not name."""
    registry: Registry[Any] = Registry().with_contents((one["$id"], closed(one)) for one in (PLAN, REPORT))
    checker = Draft202012Validator(closed(schema), registry=registry, format_checker=FormatChecker())
    wrong = [f"{error.json_path}: {error.message}" for error in checker.iter_errors(document)]
    assert wrong == []


def closed(schema: Any) -> Any:
    """The schema with no room for keys that it does not name; what others refer to stays open for theirs."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    copy = {name: closed(inner) for name, inner in schema.items()}
    if "$defs" in copy:
        copy["$defs"] = {name: {**one, "unevaluatedProperties": True} for name, one in copy["$defs"].items()}
    return {"unevaluatedProperties": False, **copy} if "properties" in schema and "type" in schema else copy


def described(schema: Schema) -> dict[str, str]:
    return {one["const"]: one["description"] for one in schema["oneOf"]}


@pytest.mark.parametrize(("words", "place"), [(Verb, "Verb"), (Reason, "Reason")])
def test_the_schema_lists_and_describes_every_verb_and_reason(words: type[StrEnum], place: str) -> None:
    listed = described(PLAN["$defs"][place])
    assert list(listed) == [str(word) for word in words]
    assert all(listed.values())


def test_a_reason_names_the_verbs_that_it_goes_with() -> None:
    for reason, text in described(PLAN["$defs"]["Reason"]).items():
        verbs = text.partition(":")[0].split(", ")
        assert set(verbs) <= {str(verb) for verb in Verb}, reason


def test_the_report_lists_every_result_of_a_request_that_failed() -> None:
    problems = REPORT["properties"]["actions"]["items"]["properties"]["problems"]
    listed = described(problems["items"]["properties"]["result"])
    assert set(listed) == {str(result) for result in RequestStatus} - {"done"}


def test_a_plan_of_many_verbs_its_report_and_both_schemas_agree(project: CliProject) -> None:
    people = numbers(415, 30)
    project.write("project.yaml", project_yaml(policy={"countries": ["US"]}))
    project.write("grow.yaml", batch_yaml("grow", people[:3]))
    project.write("gone.yaml", batch_yaml("gone", people[3:6]))
    retry = {"max_retries": 1, "on": ["dial_no_answer"]}
    project.write("again.yaml", batch_yaml("again", ["+14155550191"], retry=retry))
    project.write("ada.yaml", call_yaml("ada", people[8]))
    report = project.apply("--json").json
    valid(report, REPORT)
    project.edit("again.yaml", AGENT, f"{AGENT}2")
    project.write("grow.yaml", batch_yaml("grow", [*people[:3], people[9], "+442079460123"], agent_id="agent_other"))
    project.write("later.yaml", batch_yaml("later", people[10:12], scheduled_at="2099-01-01T00:00:00Z"))
    (project.directory / "gone.yaml").unlink()
    planned = project.plan().json
    valid(planned, PLAN)
    assert {one["verb"] for one in planned["actions"]} >= {"create", "replace", "cancel", "wait", "keep"}
    assert planned["held"] == {"other_country": 1}
    counts = {str(verb): sum(one["verb"] == verb for one in planned["actions"]) for verb in Verb}
    assert planned["summary"].items() >= counts.items()
    assert planned["next_at"] == "2098-12-03T00:00:00Z"
    done = project.apply("--json").json
    valid(done, REPORT)
    assert done["checksum"] == planned["checksum"]


def test_what_is_over_and_gone_is_reported_as_forgotten(project: CliProject) -> None:
    project.write("project.yaml", project_yaml())
    for name, people in (("march", numbers(415, 2)), ("april", numbers(212, 2))):
        project.write(f"{name}.yaml", batch_yaml(name, people))
    project.apply("--wait")
    (project.directory / "march.yaml").unlink()
    report = project.apply("--json").json
    valid(report, REPORT)
    outcomes = {one["verb"]: (one["address"], one["outcome"]) for one in report["actions"]}
    assert outcomes == {"forget": ("batch/march", "done"), "keep": ("batch/april", "done")}


def test_a_report_of_failures_and_a_plan_of_blocks_agree_with_the_schemas(project: CliProject) -> None:
    project.write("project.yaml", project_yaml())
    project.write("ada.yaml", call_yaml("ada", "+14155550101"))
    project.write("bad.yaml", batch_yaml("bad", numbers(212, 2), agent_id="agent_missing"))
    project.write("poor.yaml", batch_yaml("poor", numbers(312, 2), **CALLINGBOX))
    project.limits(balance_cents=0)
    project.faults({"match": {"operation": "createOutboundCalls"}, "do": "lost_request"})
    report = project.apply("--json", exits=3).json
    valid(report, REPORT)
    outcomes = {one["address"]: one["outcome"] for one in report["actions"]}
    assert outcomes == {"call/ada": "unsure", "batch/bad": "blocked", "batch/poor": "failed"}
    assert report["unsure"] == ["call/ada"]
    assert report["exit_code"] == 3
    valid(project.plan(exits=3).json, PLAN)
    valid(project.plan("--offline", exits=3).json, PLAN)


def test_a_refused_plan_agrees_with_the_schema(project: CliProject) -> None:
    project.write("project.yaml", project_yaml())
    project.write("march.yaml", batch_yaml("march", numbers(415, 3)))
    planned = project.plan("--max-dials", "1", exits=1).json
    valid(planned, PLAN)
    assert planned["refusals"]
