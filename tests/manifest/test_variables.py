"""Variables: where they come from, where they go, and what they cannot reach."""

from __future__ import annotations

from pathlib import Path

import pytest

from declarative.manifest import Variables
from declarative.privacy import mask_all

from .house import HEAD, PERSON, PROJECT, House


def put(house: House, spec: str) -> None:
    house.put({"project.yaml": PROJECT, "b.yaml": HEAD + spec + PERSON})


def agent(house: House, variables: Variables) -> object:
    return house.load(variables=variables).resources["batch/b"].settings["agent_id"]


def test_the_command_line_wins_over_files_over_the_environment(house: House) -> None:
    put(house, "  agent_id: ${var.a}-${var.b}-${var.c}-${var.d}\n")
    house.put({"one.yaml.vars": "b: file1\nc: file1\n", "two.json": '{"c": "file2"}'})
    environment = {f"DIALCTL_VAR_{name}": "env" for name in "abcd"}
    files = [house.directory / "one.yaml.vars", house.directory / "two.json"]
    assert agent(house, Variables({"a": "line"}, files, environment)) == "line-file1-file2-env"


def test_nothing_else_of_the_environment_is_seen(house: House) -> None:
    put(house, "  agent_id: ${var.CARTESIA_API_KEY}\n")
    said = house.problems(variables=Variables(environment={"CARTESIA_API_KEY": "sk_secret"}))
    assert 'undefined variable "CARTESIA_API_KEY"' in said[0]
    assert "sk_secret" not in "".join(said)


def test_a_doubled_dollar_is_a_literal_one(house: House) -> None:
    put(house, "  provider: callingbox\n  instructions: Say $${var.a}, $5 and ${var.a}\n")
    batch = house.load(variables=Variables({"a": "hi"})).resources["batch/b"]
    assert batch.settings["instructions"] == "Say ${var.a}, $5 and hi"


def test_a_value_is_not_looked_into_again(house: House) -> None:
    put(house, "  agent_id: ${var.a}\n")
    assert agent(house, Variables({"a": "${var.b}"})) == "${var.b}"


@pytest.mark.parametrize(("value", "expected"), [("30", 30), ("007", 7)])
def test_a_whole_scalar_becomes_a_number_where_one_is_wanted(house: House, value: str, expected: int) -> None:
    put(house, "  ringing_timeout_seconds: ${var.n}\n  retry: {max_retries: '${var.n}', on: [dial_busy]}\n")
    batch = house.load(variables=Variables({"n": value})).resources["batch/b"]
    assert batch.settings["ringing_timeout_seconds"] == expected
    assert batch.retry
    assert batch.retry.max_retries == expected


def test_a_part_of_a_scalar_stays_text(house: House) -> None:
    put(house, "  ringing_timeout_seconds: 3${var.n}\n")
    assert 'found "30", expected a whole number' in house.problems(variables=Variables({"n": "0"}))[0]


@pytest.mark.parametrize("value", ["x", "1_000", " 7", "٣٠", "9" * 19, "1e1", "5.0", ""])
def test_what_is_no_whole_number_is_said_to_be_none(house: House, value: str) -> None:
    put(house, "  target_concurrency_limit: ${var.n}\n")
    told = mask_all(value)  # so many digits might be somebody's number
    assert f'found "{told}", expected a whole number' in house.problems(variables=Variables({"n": value}))[0]


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1_0", "0x1", ""])
def test_what_is_no_number_is_said_to_be_none(house: House, value: str) -> None:
    put(house, "  provider: callingbox\n  pace: {calls_per_second: '${var.n}'}\n")
    assert f'found "{value}", expected a number' in house.problems(variables=Variables({"n": value}))[0]


@pytest.mark.parametrize(("value", "expected"), [("5", 5.0), ("0.5", 0.5), (".5", 0.5), ("1.", 1.0), ("5e-1", 0.5)])
def test_a_whole_scalar_becomes_a_decimal_where_one_is_wanted(house: House, value: str, expected: float) -> None:
    put(house, "  provider: callingbox\n  pace: {calls_per_second: '${var.n}'}\n")
    assert house.load(variables=Variables({"n": value})).resources["batch/b"].pace.calls_per_second == expected


def test_text_stays_text_whatever_it_looks_like(house: House) -> None:
    put(house, "  agent_id: ${var.a}\n")
    assert agent(house, Variables({"a": "5"})) == "5"


def test_numbers_and_data_of_people_take_variables_and_keys_do_not(house: House) -> None:
    people = "  recipients: [{to_number: '${var.n}', metadata: {'${var.k}': '${var.v}'}}]\n"
    house.put({"project.yaml": PROJECT, "b.yaml": HEAD + people})
    batch = house.load(variables=Variables({"n": "+14155550101", "v": "x"})).resources["batch/b"]
    assert batch.recipients.frame.rows() == [("+14155550101", '{"metadata":{"${var.k}":"x"}}')]


def test_a_variable_cannot_lead_out_of_the_project(house: House) -> None:
    house.put({"project.yaml": PROJECT, "b.yaml": f"{HEAD}  recipients_from: [{{file: '${{var.f}}'}}]\n"})
    assert "leaves its folder" in house.problems(variables=Variables({"f": "../../etc/passwd.csv"}))[0]


def test_the_project_takes_variables_but_not_for_its_name(house: House) -> None:
    house.put(
        {
            "project.yaml": PROJECT.replace("agent_id: agent_1", "agent_id: '${var.a}'"),
            "b.yaml": HEAD + PERSON,
        }
    )
    assert agent(house, Variables({"a": "agent_9"})) == "agent_9"


def test_undefined_variables_are_told_once_each_with_what_was_meant(house: House) -> None:
    put(house, "  agent_id: ${var.agnet}\n  ringing_timeout_seconds: ${var.seconds}\n")
    said = house.problems(variables=Variables({"agent": "x"}))
    assert [each.partition(" ")[0] for each in said] == ["b.yaml:5:13:", "b.yaml:6:28:"]
    assert 'did you mean "agent"?' in said[0]


def test_values_change_the_digest_of_what_is_wanted(house: House) -> None:
    put(house, "  agent_id: ${var.a}\n")
    digests = {house.load(variables=Variables({"a": value})).digest for value in ("x", "x", "y")}
    assert len(digests) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "var file: no such file"),
        ("- a\n", "v.yml:1:1: a var file holds a mapping"),
        ("a: {b: c}\n", "v.yml:1:4: expected a text, found a list or mapping"),
        ("a: 1\na: 2\n", 'v.yml:2:1: duplicate key "a"'),
        ("a: [\n", "v.yml:2:1: not YAML"),
        ("a: caf\xe9\n".encode("latin-1"), "v.yml:1:7: not UTF-8"),
    ],
)
def test_what_is_wrong_with_a_var_file(house: House, text: str | bytes | None, words: str) -> None:
    put(house, "  agent_id: ${var.a}\n")
    if text is not None:
        house.put({".vars/v.yml": text})
    said = house.problems(variables=Variables(files=[Path(".vars/v.yml")]))
    assert any(words in each for each in said), said


def test_a_var_file_within_the_project_is_no_manifest(house: House) -> None:
    put(house, "  agent_id: ${var.a}\n")
    house.put({"prod.yaml": "a: 007\n"})
    assert agent(house, Variables(files=[Path("prod.yaml")])) == "007"


def test_a_value_that_is_no_text_is_refused(house: House) -> None:
    put(house, "  agent_id: ${var.a}\n")
    assert "is not UTF-8" in house.problems(variables=Variables(environment={"DIALCTL_VAR_a": "\udce9"}))[0]
