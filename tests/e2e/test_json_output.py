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

from .bench import Bench, numbers
from .manifests import AGENT, CALLINGBOX, batch, call, project

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


def test_a_plan_of_many_verbs_its_report_and_both_schemas_agree(bench: Bench) -> None:
    people = numbers(415, 30)
    bench.write("project.yaml", project(policy={"countries": ["US"]}))
    bench.write("grow.yaml", batch("grow", people[:3]))
    bench.write("gone.yaml", batch("gone", people[3:6]))
    retry = {"max_retries": 1, "on": ["dial_no_answer"]}
    bench.write("again.yaml", batch("again", ["+14155550191"], retry=retry))
    bench.write("ada.yaml", call("ada", people[8]))
    report = bench.apply("--json").json
    valid(report, REPORT)
    bench.edit("again.yaml", AGENT, f"{AGENT}2")
    bench.write("grow.yaml", batch("grow", [*people[:3], people[9], "+442079460123"], agent_id="agent_other"))
    bench.write("later.yaml", batch("later", people[10:12], scheduled_at="2099-01-01T00:00:00Z"))
    (bench.directory / "gone.yaml").unlink()
    planned = bench.plan().json
    valid(planned, PLAN)
    assert {one["verb"] for one in planned["actions"]} >= {"create", "replace", "cancel", "wait", "keep"}
    assert planned["held"] == {"countries": 1}
    counts = {str(verb): sum(one["verb"] == verb for one in planned["actions"]) for verb in Verb}
    assert planned["summary"].items() >= counts.items()
    assert planned["next_at"] == "2098-12-03T00:00:00Z"
    done = bench.apply("--json").json
    valid(done, REPORT)
    assert done["checksum"] == planned["checksum"]


def test_what_is_over_and_gone_is_reported_as_forgotten(bench: Bench) -> None:
    bench.write("project.yaml", project())
    for name, people in (("march", numbers(415, 2)), ("april", numbers(212, 2))):
        bench.write(f"{name}.yaml", batch(name, people))
    bench.apply("--wait")
    (bench.directory / "march.yaml").unlink()
    report = bench.apply("--json").json
    valid(report, REPORT)
    outcomes = {one["verb"]: (one["address"], one["outcome"]) for one in report["actions"]}
    assert outcomes == {"forget": ("batch/march", "done"), "keep": ("batch/april", "done")}


def test_a_report_of_failures_and_a_plan_of_blocks_agree_with_the_schemas(bench: Bench) -> None:
    bench.write("project.yaml", project())
    bench.write("ada.yaml", call("ada", "+14155550101"))
    bench.write("bad.yaml", batch("bad", numbers(212, 2), agent_id="agent_missing"))
    bench.write("poor.yaml", batch("poor", numbers(312, 2), **CALLINGBOX))
    bench.limits(balance_cents=0)
    bench.faults({"match": {"operation": "createOutboundCalls"}, "do": "lost_request"})
    report = bench.apply("--json", exits=3).json
    valid(report, REPORT)
    outcomes = {one["address"]: one["outcome"] for one in report["actions"]}
    assert outcomes == {"call/ada": "unsure", "batch/bad": "failed", "batch/poor": "failed"}
    assert report["unsure"] == ["call/ada"]
    assert report["exit_code"] == 3
    valid(bench.plan(exits=3).json, PLAN)
    valid(bench.plan("--offline", exits=3).json, PLAN)


def test_a_refused_plan_agrees_with_the_schema(bench: Bench) -> None:
    bench.write("project.yaml", project())
    bench.write("march.yaml", batch("march", numbers(415, 3)))
    planned = bench.plan("--max-dials", "1", exits=1).json
    valid(planned, PLAN)
    assert planned["refusals"]
