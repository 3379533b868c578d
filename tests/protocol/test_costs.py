"""What calls will cost and did cost, in whole commands; without a price not a word."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import orjson
import pytest
from jsonschema import Draft202012Validator

from declarative import schemas
from tests.command import run_in_process
from tests.protocol.project_fixture import InProcessProject, people

PRICE = '  providers: {cartesia: {type: cartesia, price: {per_minute: "0.14", per_call: "0.01", currency: USD}}}\n'
PLANS = (["plan"], ["plan", "--format", "markdown"], ["plan", "--json"])
COMMANDS = (*PLANS, ["status"], ["status", "--json"], ["results"])


def begin(directory: Path, extra: str) -> InProcessProject:
    project = InProcessProject(directory / "it").begin(extra=extra)
    project.batch("march", people(10), more="  expected_call: 2m\n")
    return project


def document(project: InProcessProject, *command: str, schema: str) -> dict[str, object]:
    run = run_in_process("--sandbox", "-C", str(project.directory), *command, "--json")
    found: dict[str, object] = orjson.loads(run.out)
    Draft202012Validator(schemas.load_schema(schema)).validate(found)
    return found


def test_without_a_price_nothing_is_said_of_cost(tmp_path: Path) -> None:
    project = begin(tmp_path, "")
    before = [project.run(*command).said for command in PLANS]
    assert project.apply("--wait").code == 0
    after = [project.run(*command).said for command in COMMANDS]
    assert not [text for text in (*before, *after) if "cost" in text or "USD" in text]


def test_a_plan_says_what_it_will_cost(tmp_path: Path) -> None:
    project = begin(tmp_path, PRICE)
    assert "through by" in (text := project.plan().said)
    assert ", about 2.90 USD" not in text
    assert ", about 3 USD" in text
    assert "Plan: 10 people to call (10 new). About 3 USD." in text
    assert "; about 1 minute at" in (markdown := project.run("plan", "--format", "markdown").said)
    assert ", about 3 USD |" in markdown
    found = document(project, "plan", schema="plan.v1")
    expected = {"amount": "2.90", "currency": "USD"}
    assert found["summary"]["costs"] == [expected]  # type: ignore[index]
    assert found["actions"][0]["forecast"]["cost"] == expected  # type: ignore[index]
    plan_file = str(project.directory / "plan")
    project.run("plan", "--out", plan_file)
    assert "About 3 USD." in project.run("show", plan_file).said


def test_status_results_and_report_say_what_calls_cost(tmp_path: Path) -> None:
    project = begin(tmp_path, PRICE)
    assert project.apply("--wait").code == 0
    assert "cost at least 0.10 USD so far: the minutes of 8 calls are not known here" in project.run("status").said
    project.advance(3_600)
    known = project.run("results", "--details").said
    assert "The calls of all these people cost " in known
    amount = known.partition("people cost ")[2].partition(" USD")[0]
    assert Decimal(amount) > Decimal("0.10")
    assert f"cost {amount} USD so far" in project.run("status").said
    found = document(project, "status", schema="status.v1")
    expected = [{"amount": amount, "currency": "USD", "calls_without_length": 0}]
    assert found["resources"][0]["costs"] == found["total"]["costs"] == expected  # type: ignore[index]
    report = project.directory / "r.html"
    assert project.run("report", "-o", str(report)).code == 0
    assert f"The calls cost {amount} USD so far." in report.read_text()


@pytest.mark.parametrize(
    ("price", "message"),
    [
        ("{per_minute: 0.14, currency: USD}", 'found the number 0.14, expected an amount in quotes, such as "0.14"'),
        ('{per_minute: "1e3", currency: USD}', "expected an amount in quotes"),
        ('{per_minute: "0.14", currency: dollars}', "expected a code of ISO 4217, such as USD"),
        ('{per_minute: "0.14"}', "currency"),
        ("{currency: USD}", "expected per_minute, per_call or both, and currency"),
    ],
)
def test_a_wrong_price_is_an_error_at_its_place(tmp_path: Path, price: str, message: str) -> None:
    project = begin(tmp_path, f"  providers: {{cartesia: {{type: cartesia, price: {price}}}}}\n")
    run = project.run("validate")
    assert (run.code, message in run.said, "project.yaml:" in run.said) == (1, True, True), run.said
