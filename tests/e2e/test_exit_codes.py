"""Each exit code, through the command; and under --json each failure as one document."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path

import pytest

from .cli_project import CliProject, numbers
from .manifests import batch_yaml, call_yaml, project_yaml

ADA = numbers(415, 1)[0]


@pytest.fixture
def one_call(project: CliProject) -> CliProject:
    project.write("project.yaml", project_yaml())
    project.write("ada.yaml", call_yaml("ada", ADA))
    return project


def test_a_process_exits_with_the_code_of_its_command(one_call: CliProject) -> None:
    """The other tests call the command in this process, and look at the code that it returns."""
    one_call.apart = True
    one_call.run("validate", exits=0)
    one_call.run("plan", "--detailed-exitcode", exits=2)
    one_call.run("apply", exits=1)
    one_call.run("plna", exits=64)
    one_call.faults({"match": {"operation": "createOutboundCalls"}, "do": "lost_request"})
    one_call.apply(exits=3)


@pytest.mark.parametrize(
    "arguments",
    [
        ("plna",),
        ("plan", "--frobnicate"),
        ("apply", "--max-dials", "many"),
        ("plan", "one", "two"),
        ("results", "call/nobody"),
        ("resolve", "call/ada"),
        ("resolve", "call/ada", "--placed", "--not-placed"),
        ("plan", "--offline", "--out", "plan.json"),
        ("--chdir", "nowhere", "plan"),
        ("--var", "novalue", "plan"),
        ("apply", "nofile.plan"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_64_and_calls_nobody(arguments: tuple[str, ...], one_call: CliProject) -> None:
    ran = one_call.run(*arguments, exits=64)
    assert ran.out == ""
    assert ran.err.startswith("Error: ")
    assert one_call.calls() == {}


@pytest.mark.parametrize(
    ("arguments", "exits", "code"),
    [
        (("plan", "--json", "--frobnicate"), 64, "usage"),
        (("status", "call/nobody", "--json"), 64, "usage"),
        (("apply", "--json"), 1, "refused"),
        (("plan", "nowhere", "--format", "json"), 64, "usage"),
        (("validate", "--json", "--target", "call/nobody"), 1, "invalid_manifest"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_under_json_a_failure_is_one_document(
    arguments: tuple[str, ...], exits: int, code: str, one_call: CliProject
) -> None:
    error = one_call.run(*arguments, exits=exits).json["error"]
    assert error["code"] == code
    assert error["message"]
    assert isinstance(error["problems"], list)


@pytest.mark.parametrize(
    ("variable", "value", "arguments"),
    [
        ("DIALCTL_PLAN_JSON", "1", ("plan", "nowhere")),
        ("DIALCTL_PLAN_JSON", "1", ("plan", "--frobnicate")),
        ("DIALCTL_PLAN_FORMAT", "json", ("-v", "plan", "nowhere")),
        ("DIALCTL_STATUS_JSON", "true", ("status", "call/nobody")),
    ],
)
def test_json_asked_for_by_a_variable_is_json_when_it_fails(
    variable: str, value: str, arguments: tuple[str, ...], one_call: CliProject
) -> None:
    one_call.environment[variable] = value
    assert one_call.run(*arguments, exits=64).json["error"]["code"] == "usage"


@pytest.mark.parametrize("arguments", [("plan", "--frobnicate", "--json"), ("--frobnicate", "plan", "--json")])
def test_json_is_json_wherever_the_mistake_stands(arguments: tuple[str, ...], one_call: CliProject) -> None:
    assert one_call.run(*arguments, exits=64).json["error"]["code"] == "usage"


def test_json_for_one_command_is_not_json_for_another(one_call: CliProject) -> None:
    one_call.environment["DIALCTL_PLAN_JSON"] = "1"
    assert one_call.run("status", "call/nobody", exits=64).err.startswith("Error: ")


def test_one_person_is_no_people(one_call: CliProject) -> None:
    assert one_call.run("validate").out.endswith(", 1 resource, 1 person.\n")


@pytest.mark.parametrize("command", [(), ("state",)], ids=" ".join)
def test_a_command_of_commands_alone_is_helped_and_nothing_else(command: tuple[str, ...], one_call: CliProject) -> None:
    one_call.flags = ()
    ran = one_call.run(*command, exits=64)
    assert ran.err.startswith("Usage: dialctl")
    assert ran.err == one_call.run(*command, "--help").out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_is_no_bug_of_ours(one_call: CliProject) -> None:
    ran = one_call.run("results", "--format", "csv", "-o", "/dev/full", exits=1)
    assert "/dev/full: No space left on device" in ran.err
    assert "bug" not in ran.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_a_result_that_cannot_be_printed_is_told_on_stderr(flags: tuple[str, ...], one_call: CliProject) -> None:
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            one_call.command("plan", *flags),
            cwd=one_call.directory,
            env=one_call.environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    *_, message, hint = ran.stderr.splitlines()
    assert (ran.returncode, message) == (1, "Error: cannot read or write: No space left on device")
    assert hint == "  make room on the disk of the output or the project, then run again"


def test_streams_that_are_closed_stop_no_apply(one_call: CliProject) -> None:
    command = shlex.join(one_call.command("apply", "--auto-approve"))
    subprocess.run(f"{command} >&- 2>&-", shell=True, check=True, cwd=one_call.directory, env=one_call.environment)
    assert len(one_call.calls()) == 1


def test_results_with_an_unsure_person_need_a_person_as_status_does(one_call: CliProject) -> None:
    one_call.faults({"match": {"operation": "createOutboundCalls"}, "do": "lost_request"})
    one_call.apply(exits=3)
    one_call.run("status", exits=3)
    assert [
        row["standing"]
        for row in map(json.loads, one_call.run("results", "--format", "jsonl", exits=3).out.splitlines())
    ] == ["unsure"]


def test_every_problem_of_the_manifests_comes_at_once_with_its_place(one_call: CliProject) -> None:
    one_call.write("bad.yaml", batch_yaml("bad", ["5550101"], from_numbre_id="ap_1") + "---\n" + call_yaml("ada", ADA))
    ran = one_call.run("validate", "--json", exits=1)
    problems = ran.json["error"]["problems"]
    assert len(problems) >= 3
    assert all(one["line"] > 0 and one["column"] > 0 for one in problems if one["file"] == "bad.yaml")
    told = one_call.run("validate", exits=1).err
    assert 'did you mean "from_number_id"?' in told
    assert "bad.yaml:" in told


def test_a_missing_key_names_the_variable_and_the_sandbox(one_call: CliProject) -> None:
    one_call.flags = ()
    ran = one_call.run("plan", "--json", exits=1)
    assert ran.json["error"]["code"] == "missing_key"
    told = one_call.run("apply", "--auto-approve", "--target", "call/ada", exits=1).text
    assert "CARTESIA_API_KEY" in told
    assert "--sandbox" in told


def test_a_file_that_cannot_be_written_is_no_bug_of_ours(one_call: CliProject) -> None:
    for arguments in (("results", "-o", "nowhere/people.csv"), ("plan", "--out", "nowhere/plan.json")):
        ran = one_call.run(*arguments, exits=1)
        assert "nowhere" in ran.err
        assert "bug" not in ran.err


def test_a_call_whose_answer_was_lost_is_3_until_a_person_settles_it(one_call: CliProject) -> None:
    one_call.faults({"match": {"operation": "createOutboundCalls"}, "do": "lost_request"})
    assert "not proven either way" in one_call.apply(exits=3).out
    planned = one_call.plan("--detailed-exitcode", exits=3)
    assert planned.verbs == {"block call/ada": ("unsure", 1)}
    assert "dialctl resolve call/ada --placed | --not-placed" in planned.json["actions"][0]["way_out"]
    one_call.run("status", exits=3)
    one_call.apply(exits=3)
    one_call.run("resolve", "call/ada", "--not-placed")
    one_call.apply()
    one_call.advance(60)
    assert one_call.calls() == {ADA: 1}
    one_call.plan("--detailed-exitcode")


def test_a_call_that_was_placed_though_its_answer_was_lost_is_found_by_its_mark(one_call: CliProject) -> None:
    one_call.faults({"match": {"operation": "createOutboundCalls"}, "do": "lost_answer"})
    one_call.run_unchecked("apply", "--auto-approve")
    one_call.apply()
    assert one_call.plan("--detailed-exitcode").verbs == {}
    one_call.advance(60)
    assert one_call.calls() == {ADA: 1}


def test_drift_is_2_and_a_cancel_elsewhere_blocks_until_a_person_resumes(project: CliProject) -> None:
    people = numbers(415, 3)
    project.write("project.yaml", project_yaml())
    project.write("march.yaml", batch_yaml("march", people))
    project.apply()
    project.run("drift", exits=0)
    (theirs,) = project.batches()
    project.cartesia("POST", f"/agents/calls/batches/{theirs['id']}/cancel")
    (found,) = project.run("drift", "--json", exits=2).json["drift"]
    assert (found["address"], found["what"]) == ("batch/march", "cancelled_elsewhere")
    assert project.plan(exits=3).verbs == {"block batch/march": ("cancelled_elsewhere", 3)}
    project.apply(exits=3)
    project.advance(600)
    assert project.calls() == {}
    project.run("resolve", "batch/march", "--resume")
    project.apply()
    project.advance(600)
    assert project.calls() == dict.fromkeys(people, 1)


def test_what_a_file_says_cannot_steer_the_terminal_of_its_reader(one_call: CliProject) -> None:
    one_call.write("march.yaml", batch_yaml("march", [], recipients_from=[{"file": "r.csv"}]))
    one_call.write("r.csv", "\x1b]0;owned\x07pho\x9bne\n+14155550101\n")
    ran = one_call.run("--color", "validate", exits=1)
    assert "has no column" in ran.err
    assert not [steering for steering in ("\x1b]", "\x07", "\x9b") if steering in ran.err]
