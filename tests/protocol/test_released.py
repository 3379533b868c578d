"""An opt-out is never undone in silence, in whole commands: a shorter do-not-call list holds back whom it guards."""

from __future__ import annotations

import hashlib
import os
from datetime import timedelta
from pathlib import Path

import obstore
import orjson
import pytest

from tests.protocol.project_fixture import HEAD, InProcessProject, never, once, people
from tests.s3server import S3Server

LISTED, OTHERS = people(6), people(4, 6)
EVERYBODY = [*LISTED, *OTHERS]


@pytest.fixture
def project(tmp_path: Path) -> InProcessProject:
    """Six of ten people are on the list of the project; the others wait at the provider."""
    project = InProcessProject(tmp_path / "it")
    project.begin(extra="  policy: {suppress_from: [{file: dnc.csv}]}\n")
    write_list(project, LISTED)
    project.batch("march", EVERYBODY)
    assert project.apply().code == 0
    return project


def write_list(project: InProcessProject, numbers: list[str], name: str = "dnc.csv") -> None:
    project.file(name, "\n".join(["to_number", *numbers]) + "\n")


def write_policy(project: InProcessProject, policy: str) -> None:
    spec = f"  guard: 2m\n  settle: 3m\n  defaults: {{provider: cartesia}}\n  policy: {policy}\n"
    project.file("project.yaml", HEAD.format(kind="Project", name="spring") + spec)


def check_blocked(project: InProcessProject) -> None:
    for command in (("plan",), ("plan", "--offline"), ("apply", "-y"), ("status",)):
        run = project.run(*command)
        assert (run.code, "--allow-release dnc.csv" in run.said) == (3, True), (command, run.said)
    assert project.remembered()["lists"]["dnc.csv"] == 6
    project.check_calls({**once(OTHERS), **never(LISTED)})


def test_a_broken_export_calls_nobody(project: InProcessProject) -> None:
    write_list(project, LISTED[:1])
    assert "dnc.csv holds 1 number; it held 6 when it was last applied" in project.plan().said
    check_blocked(project)


@pytest.mark.parametrize("policy", ["{}", "{suppress_from: [{file: optouts.csv}]}"], ids=["dropped", "renamed"])
def test_a_list_that_is_no_longer_named_calls_nobody(project: InProcessProject, policy: str) -> None:
    write_list(project, LISTED[:1], "optouts.csv")
    write_policy(project, policy)
    assert "dnc.csv is no do-not-call list here any more" in project.plan().said
    check_blocked(project)


def test_a_new_batch_in_the_same_change_is_held_back_too(project: InProcessProject) -> None:
    write_list(project, [])
    project.batch("april", LISTED)
    run = project.apply()
    assert (run.code, "batch/april" in run.said) == (3, True)
    project.check_calls({**once(OTHERS), **never(LISTED)})


def test_the_way_out_by_flag_ends_the_block_for_good(project: InProcessProject) -> None:
    write_list(project, LISTED[:2])
    assert project.apply("--allow-release", "dnc.csv").code == 0
    assert project.remembered()["lists"] == {"dnc.csv": 2}
    assert project.plan().code == 0
    write_list(project, LISTED[:1])
    assert project.plan().code == 3, "the next release is one of its own"
    project.check_calls({**once([*LISTED[2:], *OTHERS]), **never(LISTED[:2])})


def test_the_way_out_by_policy_warns_once_it_is_done(project: InProcessProject) -> None:
    write_list(project, LISTED[:2])
    write_policy(project, "{suppress_from: [{file: dnc.csv}], allow_release: [dnc.csv]}")
    assert project.apply().code == 0
    run = project.plan()
    assert (run.code, "allow_release names dnc.csv, which holds no fewer" in run.said) == (0, True)
    project.check_calls({**once([*LISTED[2:], *OTHERS]), **never(LISTED[:2])})


def test_a_plan_that_is_refused_releases_nobody(project: InProcessProject) -> None:
    write_list(project, LISTED[:2])
    assert project.apply("--allow-release", "dnc.csv", "--max-dials", "1").code == 1
    assert project.remembered()["lists"] == {"dnc.csv": 6}
    assert project.plan().code == 3


def test_a_saved_plan_carries_the_release_that_it_showed(project: InProcessProject) -> None:
    write_list(project, LISTED[:2])
    assert project.run("plan", "--out", "blocked.plan").code == 3
    assert project.run("apply", "blocked.plan").code == 3
    plan_file = str(project.directory / "plan")
    assert project.run("plan", "--out", plan_file, "--allow-release", "dnc.csv").code == 0
    assert project.run("apply", plan_file).code == 0
    project.check_calls({**once([*LISTED[2:], *OTHERS]), **never(LISTED[:2])})


def test_a_saved_plan_releases_no_more_than_it_showed(project: InProcessProject) -> None:
    project.batch("april", people(1, 40))
    write_list(project, [*LISTED, *people(1, 50)])
    assert project.apply().code == 0
    write_list(project, LISTED)
    plan_file = str(project.directory / "plan")
    assert project.run("plan", "--out", plan_file, "--allow-release", "dnc.csv").code == 0
    write_list(project, LISTED[1:])
    assert project.run("apply", plan_file).code in (1, 3)
    assert project.remembered()["lists"] == {"dnc.csv": 7}
    project.check_calls({**once([*OTHERS, *people(1, 40)]), **never(LISTED)})


def test_taking_off_goes_on_while_a_list_is_short(project: InProcessProject) -> None:
    write_list(project, [OTHERS[0]])
    run = project.apply()
    assert (run.code, "1 taken off" in run.said or "taken off" in run.said) == (3, True), run.said
    project.check_calls(never(EVERYBODY[:7]) | dict.fromkeys(OTHERS[1:], (0, 1)))


def test_a_manifest_that_left_and_returns_without_its_own_list_is_held_back(tmp_path: Path) -> None:
    project = InProcessProject(tmp_path / "it").begin()
    own = "  policy: {suppress_from: [{file: dnc.csv}]}\n"
    write_list(project, LISTED)
    project.batch("march", EVERYBODY, more=own)
    assert project.apply("--wait").code == 0
    project.remove("march")
    project.batch("april", people(1, 40))
    assert project.apply().code == 0
    project.batch("march", EVERYBODY)
    run = project.apply()
    assert (run.code, "released" in run.said or "any more; it held 6" in run.said) == (3, True)
    assert project.run("state", "rm", "batch/march", "--yes-forget-who-was-called").code == 0
    assert project.apply().code == 3, "what was forgotten is who was called, not what the list held"
    project.check_calls(once([*OTHERS, *people(1, 40)]) | never(LISTED))


def test_a_list_under_a_url_that_cannot_be_read_calls_nobody_new_and_takes_off(
    project: InProcessProject, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"s3://{s3.bucket}/{project.directory.parent.name}/dnc.csv"
    monkeypatch.setenv("DIALCTL_RECIPIENTS", f"s3://{s3.bucket}")
    put_object(url, ["to_number", *LISTED])
    write_policy(project, f"{{suppress_from: [{{file: '{url}'}}, {{file: dnc.csv}}]}}")
    run = project.apply()
    assert (run.code, f"Do-not-call list {url}: 6 numbers, sha256 " in run.said) == (0, True)
    project.batch("first", people(1, 60))
    assert project.apply().code == 0
    history = orjson.loads(project.run("history", "--json").said)["runs"][0]
    digest = hashlib.sha256("\n".join(["to_number", *LISTED]).encode()).hexdigest()
    assert history["lists"][url] == digest
    assert f"do-not-call list {url}, sha256 {digest}" in project.run("history").said
    project.remove("first")
    for broken, message in ((["to_number", "nobody"], "is damaged"), (["to_number"], "is empty; it held 6")):
        put_object(url, broken)
        project.batch("april", people(2, 40))
        project.batch("march", [*LISTED, *OTHERS[1:]])
        run = project.apply()
        assert (run.code, message in run.said) == (1, True), run.said
        assert ("4 people taken off" in run.said) is (len(broken) == 2), "with those of the same batch"
        status = project.run("status")
        assert status.code == (0 if len(broken) == 2 else 3), "what was placed is followed"
        assert ("nobody new is called until this do-not-call list can be read" in status.said) is (len(broken) == 2)
    assert project.apply("--allow-release", url).code == 0
    assert project.remembered()["lists"] == {"dnc.csv": 6}
    project.check_calls({**once([*OTHERS[1:], *people(2, 40)]), **never([*LISTED, OTHERS[0]])})


def put_object(url: str, lines: list[str]) -> None:
    from declarative.state.objectstore_open import open_store

    bucket, _, key = url.removeprefix("s3://").partition("/")
    obstore.put(open_store(f"s3://{bucket}", os.environ, timeout=timedelta(seconds=60)), key, "\n".join(lines).encode())
