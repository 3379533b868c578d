"""Variables: where their values come from, where they are put in, and what they cannot reach."""

from __future__ import annotations

from pathlib import Path

import pytest

from declarative.manifest import Variables

from .mistakes import Mistake, find_problem
from .project_fixture import HEAD, PERSON, PROJECT, ProjectFolder

FOUND = "found the value of a variable"


def put(folder: ProjectFolder, spec: str) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + spec + PERSON})


def agent(folder: ProjectFolder, variables: Variables) -> object:
    return folder.load(variables=variables).resources["batch/b"].settings["agent_id"]


def test_the_command_line_wins_over_files_over_the_environment(folder: ProjectFolder) -> None:
    put(folder, "  agent_id: ${var.a}-${var.b}-${var.c}-${var.d}\n")
    folder.put({"one.yaml.vars": "b: file1\nc: file1\n", "two.json": '{"c": "file2"}'})
    environment = {f"DIALCTL_VAR_{name}": "env" for name in "abcd"}
    files = [folder.directory / "one.yaml.vars", folder.directory / "two.json"]
    assert agent(folder, Variables({"a": "line"}, files, environment)) == "line-file1-file2-env"


def test_nothing_else_of_the_environment_is_seen(folder: ProjectFolder) -> None:
    put(folder, "  agent_id: ${var.CARTESIA_API_KEY}\n")
    reported = folder.problems(variables=Variables(environment={"CARTESIA_API_KEY": "sk_secret"}))
    assert 'undefined variable "CARTESIA_API_KEY"' in reported[0]
    assert "sk_secret" not in "".join(reported)


def test_a_doubled_dollar_is_a_literal_one(folder: ProjectFolder) -> None:
    put(folder, "  provider: callingbox\n  instructions: Say $${var.a}, $5 and ${var.a}\n")
    batch = folder.load(variables=Variables({"a": "hi"})).resources["batch/b"]
    assert batch.settings["instructions"] == "Say ${var.a}, $5 and hi"


def test_a_value_is_not_looked_into_again(folder: ProjectFolder) -> None:
    put(folder, "  agent_id: ${var.a}\n")
    assert agent(folder, Variables({"a": "${var.b}"})) == "${var.b}"


@pytest.mark.parametrize(("value", "expected"), [("30", 30), ("007", 7)])
def test_a_whole_scalar_becomes_a_number_where_one_is_wanted(folder: ProjectFolder, value: str, expected: int) -> None:
    put(folder, "  ringing_timeout_seconds: ${var.n}\n  retry: {max_retries: '${var.n}', on: [dial_busy]}\n")
    batch = folder.load(variables=Variables({"n": value})).resources["batch/b"]
    assert batch.settings["ringing_timeout_seconds"] == expected
    assert batch.retry
    assert batch.retry.max_retries == expected


def test_a_part_of_a_scalar_stays_text(folder: ProjectFolder) -> None:
    put(folder, "  ringing_timeout_seconds: 3${var.n}\n")
    assert f"{FOUND}, expected a whole number" in folder.problems(variables=Variables({"n": "0"}))[0]


@pytest.mark.parametrize("value", ["x", "1_000", " 7", "٣٠", "9" * 19, "1e1", "5.0", ""])
def test_a_text_that_is_not_a_whole_number_is_reported(folder: ProjectFolder, value: str) -> None:
    put(folder, "  target_concurrency_limit: ${var.n}\n")
    found = FOUND if value else 'found ""'
    assert f"{found}, expected a whole number" in folder.problems(variables=Variables({"n": value}))[0]


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1_0", "0x1", ""])
def test_a_text_that_is_not_a_number_is_reported(folder: ProjectFolder, value: str) -> None:
    put(folder, "  provider: callingbox\n  pace: {calls_per_second: '${var.n}'}\n")
    found = FOUND if value else 'found ""'
    assert f"{found}, expected a number" in folder.problems(variables=Variables({"n": value}))[0]


@pytest.mark.parametrize(
    "spec",
    [
        "  provider: callingbox\n  webhook_url: ${var.s}\n",
        "  provider: callingbox\n  webhook_url: 'https://x.example/ ${var.s}'\n",
        "  expires_at: ${var.s}\n",
        "  scheduled_at: '${var.s}'\n",
        "  state: ${var.s}\n",
        "  retry: {max_retries: 1, on: ['${var.s}'], after: '${var.s}'}\n",
        "  policy: {calling_hours: {from: '${var.s}', to: '20:00', zone: '${var.s}'}, countries: ['${var.s}']}\n",
        "  recipients_from: [{file: '${var.s}.csv', encoding: '${var.s}', default_region: '${var.s}'}]\n",
        "  recipients: [{to_number: '${var.s}'}]\n",
        "  also: ['../${var.s}']\n",
        "  provider: callingbox\n  pace: {calls_per_second: '${var.s}'}\n",
        "  provider: ${var.s}\n",
    ],
)
def test_what_is_wrong_with_a_value_of_a_variable_does_not_show_it(folder: ProjectFolder, spec: str) -> None:
    """It may be a secret, and these messages are in the log of a pipeline."""
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + spec})
    reported = folder.problems(variables=Variables({"s": "s3cr3t t0ken"}))
    assert any(each.startswith("b.yaml:") and ": spec." in each for each in reported), reported
    assert "s3cr3t" not in "".join(reported)


@pytest.mark.parametrize(("value", "expected"), [("5", 5.0), ("0.5", 0.5), (".5", 0.5), ("1.", 1.0), ("5e-1", 0.5)])
def test_a_whole_scalar_becomes_a_decimal_where_one_is_wanted(
    folder: ProjectFolder, value: str, expected: float
) -> None:
    put(folder, "  provider: callingbox\n  pace: {calls_per_second: '${var.n}'}\n")
    assert folder.load(variables=Variables({"n": value})).resources["batch/b"].pace.calls_per_second == expected


def test_text_stays_text_whatever_it_looks_like(folder: ProjectFolder) -> None:
    put(folder, "  agent_id: ${var.a}\n")
    assert agent(folder, Variables({"a": "5"})) == "5"


def test_numbers_and_data_of_people_take_variables_and_keys_do_not(folder: ProjectFolder) -> None:
    people = "  recipients: [{to_number: '${var.n}', metadata: {'${var.k}': '${var.v}'}}]\n"
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + people})
    batch = folder.load(variables=Variables({"n": "+14155550101", "v": "x"})).resources["batch/b"]
    assert batch.recipients.frame.rows() == [("+14155550101", '{"metadata":{"${var.k}":"x"}}')]


def test_the_project_takes_variables_but_not_for_its_name(folder: ProjectFolder) -> None:
    folder.put(
        {
            "project.yaml": PROJECT.replace("agent_id: agent_1", "agent_id: '${var.a}'"),
            "b.yaml": HEAD + PERSON,
        }
    )
    assert agent(folder, Variables({"a": "agent_9"})) == "agent_9"


def test_undefined_variables_are_reported_once_with_a_suggestion(folder: ProjectFolder) -> None:
    put(folder, "  agent_id: ${var.agnet}\n  ringing_timeout_seconds: ${var.seconds}\n")
    reported = folder.problems(variables=Variables({"agent": "x"}))
    assert [each.partition(" ")[0] for each in reported] == ["b.yaml:5:13:", "b.yaml:6:28:"]
    assert 'did you mean "agent"?' in reported[0]


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
def test_what_is_wrong_with_a_var_file(folder: ProjectFolder, text: str | bytes | None, words: str) -> None:
    put(folder, "  agent_id: ${var.a}\n")
    if text is not None:
        folder.put({".vars/v.yml": text})
    reported = folder.problems(variables=Variables(files=[Path(".vars/v.yml")]))
    assert any(words in each for each in reported), reported


def test_a_value_that_is_not_text_is_refused(folder: ProjectFolder) -> None:
    put(folder, "  agent_id: ${var.a}\n")
    assert "is not UTF-8" in folder.problems(variables=Variables(environment={"DIALCTL_VAR_a": "\udce9"}))[0]


MISTAKES = [
    Mistake(
        "undefined variable",
        f"  agent_id: ${{var.agent}}\n{PERSON}",
        "b.yaml:5:13",
        'undefined variable "agent" (give it with --var agent=VALUE, --var-file or DIALCTL_VAR_agent)',
    ),
    Mistake("not a variable", f"  agent_id: ${{HOME}}\n{PERSON}", "b.yaml:5:13", '"${HOME}" is not a variable'),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_each_mistake_has_its_own_message_at_its_place(folder: ProjectFolder, mistake: Mistake) -> None:
    find_problem(folder, mistake)


def test_settings_that_a_variable_is_a_part_of_are_known(folder: ProjectFolder) -> None:
    """Also where the Project gives them: each may hold a secret, and the lock keeps a digest of it."""
    project = PROJECT.replace("from_number_id: ap_1", "from_number_id: 'ap_${var.b}'", 1)
    folder.put({"project.yaml": project, "b.yaml": f"{HEAD}  ringing_timeout_seconds: ${{var.a}}\n{PERSON}"})
    resource = folder.load(variables=Variables({"a": "20", "b": "x"})).resources["batch/b"]
    assert (resource.settings["ringing_timeout_seconds"], resource.settings["from_number_id"]) == (20, "ap_x")
    assert resource.variable_settings == {"ringing_timeout_seconds", "from_number_id"}
