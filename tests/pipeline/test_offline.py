"""`plan --offline`: for people who have no key. No provider is read, nothing is written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.project_fixture import BATCH, CAY, PROJECT, ProjectFixture

CALL = """\
apiVersion: dialctl/v1
kind: Call
metadata: {name: one}
spec: {to_number: "+14155550109", agent_id: agent_one, from_number_id: ap_one}
"""


def test_it_needs_no_key_and_no_sandbox(project: ProjectFixture) -> None:
    said = project.run("plan", "--offline")
    assert (said.exit, said.err) == (0, "")
    assert "offline" in said.out.splitlines()[1]
    assert "2 people" in said.out


def test_without_it_a_missing_key_names_the_variable_and_the_sandbox(project: ProjectFixture) -> None:
    said = project.run("plan")
    assert said.exit == 1
    assert "CARTESIA_API_KEY" in said.err
    assert "--sandbox" in said.err


def test_it_writes_nothing_but_its_cache(project: ProjectFixture) -> None:
    before = project.snapshot()
    project.run("plan", "--offline")
    assert {name: digest for name, digest in project.snapshot().items() if "cache" not in name} == before


def test_json_and_markdown_say_so_too(project: ProjectFixture) -> None:
    assert project.run("plan", "--offline", "--json").json["offline"] is True
    assert "**Offline:**" in project.run("plan", "--offline", "--format", "markdown").out


def test_a_state_kept_elsewhere_is_not_asked(project: ProjectFixture) -> None:
    project.write(project_yaml=f'{PROJECT}  state: {{url: "s3://bucket-of-a-stranger/prefix"}}\n')
    assert project.run("plan", "--offline").exit == 0


@pytest.mark.parametrize("manifest", [BATCH, CALL])
def test_detailed_exit_code_tells_that_requests_would_be_sent(project: ProjectFixture, manifest: str) -> None:
    project.write(batch_yaml=manifest)
    assert project.run("plan", "--offline", "--detailed-exitcode").exit == 2


def _expiring(agent: str, left: timedelta) -> str:
    expiry = f'  expires_at: "{datetime.now(UTC) + left:%Y-%m-%dT%H:%M:%SZ}"\n'
    return BATCH.replace("agent_one", agent) + expiry


def test_people_who_could_be_called_only_after_the_expiry_do_not_count_as_to_call(project: ProjectFixture) -> None:
    project.write(batch_yaml=_expiring("agent_one", timedelta(minutes=1)))
    said = project.run("plan", "--offline", "--json").json
    assert [(a["verb"], a["reason"]) for a in said["actions"]] == [("keep", "expired")]
    assert said["summary"]["people_to_call"] == 0


def test_people_in_the_lock_who_could_move_only_after_the_expiry_are_cancelled(project: ProjectFixture) -> None:
    _with_a_lock(project)
    project.write(batch_yaml=_expiring("agent_two", timedelta(minutes=1)))
    said = project.run("plan", "--offline", "--json").json
    assert [(a["verb"], a["reason"]) for a in said["actions"]] == [("cancel", "expired")]


def _with_a_lock(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    kept = project.root / ".dialctl" / "sandbox" / "dialctl.lock"
    (project.root / "dialctl.lock").write_bytes(kept.read_bytes())


def test_over_the_lock_what_was_done_is_kept(project: ProjectFixture) -> None:
    _with_a_lock(project)
    assert project.run("plan", "--offline", "--json").json["summary"]["keep"] == 1


def test_over_the_lock_more_people_are_at_most_all_of_them(project: ProjectFixture) -> None:
    _with_a_lock(project)
    project.people("+14155550101", "+14155550102", CAY)
    said = project.run("plan", "--offline", "--json").json
    assert [(a["verb"], a["reason"], a["people"]) for a in said["actions"]] == [("create", "added", 3)]
    assert "at most" in said["actions"][0]["detail"]


def test_over_the_lock_a_removed_manifest_cancels_unless_it_looks_renamed(project: ProjectFixture) -> None:
    _with_a_lock(project)
    project.write(batch_yaml=BATCH.replace("name: outreach", "name: other"))
    verbs = {a["address"]: (a["verb"], a["reason"]) for a in project.run("plan", "--offline", "--json").json["actions"]}
    assert set(verbs.values()) == {("block", "looks_renamed")}
    project.people(CAY)
    verbs = {a["address"]: (a["verb"], a["reason"]) for a in project.run("plan", "--offline", "--json").json["actions"]}
    assert verbs == {"batch/outreach": ("cancel", "removed"), "batch/other": ("create", "new")}
