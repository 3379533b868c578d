"""Saved plans through the real command: what was reviewed is what is done, or less, or nothing."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from declarative.app import saved_plan
from declarative.app.plan import plan_project
from declarative.errors import DialctlError
from declarative.model.digest import PersonKey, canonical_json
from tests.command import CommandResult
from tests.edited_lock import replace_text
from tests.project_fixture import ADA, BATCH, BEN, CAY, PROJECT, ProjectFixture

FILE = "saved.plan"
LATER = BATCH.replace("agent_id: agent_one", "agent_id: agent_two")


@pytest.fixture
def saved(project: ProjectFixture) -> Path:
    assert project.dialctl("plan", "--out", FILE).exit == 0
    return project.root / FILE


def refused(project: ProjectFixture, *words: str) -> CommandResult:
    """The file is refused with these words, and nothing was sent."""
    before = project.dials()
    said = project.dialctl("apply", FILE)
    assert said.exit == 1
    assert [word for word in words if word not in said.err] == []
    assert project.dials() == before
    return said


def later(project: ProjectFixture, seconds: float = 3600) -> None:
    with project.world() as world:
        world.advance(seconds)


def test_what_was_reviewed_is_done_without_asking(project: ProjectFixture, saved: Path) -> None:
    assert project.dialctl("apply", FILE).exit == 0
    later(project)
    assert project.called() == [ADA, BEN]


def test_a_second_time_it_does_nothing(project: ProjectFixture, saved: Path) -> None:
    assert project.dialctl("apply", FILE).exit == 0
    again = project.dialctl("apply", FILE)
    assert again.exit == 0
    assert "batch/outreach: create of 2 people is not called for any more" in again.out
    entries = json.loads(project.dialctl("apply", FILE, "--json").out)["actions"]
    assert [(one["verb"], one["outcome"], one["people"]) for one in entries] == [
        ("keep", "done", 2),
        ("create", "skipped", 2),
    ]
    later(project)
    assert project.called() == [ADA, BEN]


@pytest.mark.parametrize("command", ["plan", "validate"])
def test_given_as_a_manifest_it_says_what_it_is_for(project: ProjectFixture, saved: Path, command: str) -> None:
    said = project.dialctl(command, FILE)
    assert said.exit == 1
    assert f"{FILE}:1:1: a saved plan, not a manifest (to run it: dialctl apply {FILE})" in said.err
    assert said.err.count(FILE) == 2


def test_the_file_is_its_owners_alone_even_over_a_file_that_was_not(project: ProjectFixture) -> None:
    target = project.root / FILE
    target.write_text("old")
    target.chmod(0o644)
    assert project.dialctl("plan", "--out", FILE).exit == 0
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_no_number_no_data_and_no_variable_value_is_in_the_file(project: ProjectFixture) -> None:
    project.write(people_csv=f"to_number,city\n{ADA},Samarkand\n", batch_yaml=BATCH.replace("agent_one", "${var.WHO}"))
    assert project.run("--sandbox", "--var", "WHO=agent_secret", "plan", "--out", FILE).exit == 0
    text = (project.root / FILE).read_text()
    assert [word for word in (ADA, ADA[1:], ADA[2:], "Samarkand", "agent_secret") if word in text] == []


def test_what_a_variable_brings_into_a_setting_is_in_no_file_and_no_plan(
    project: ProjectFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token in an address, say: a digest in lock, journal and plan file, and masked in what is shown."""
    call = (
        "apiVersion: dialctl/v1\nkind: Call\nmetadata: {name: ada}\nspec:\n  provider: callingbox\n"
        "  agent_id: 7b1f4c7e-52a4-4b0e-9c53-6d1e2a8f0c11\n  to_number: '+14155550101'\n"
        "  webhook_url: 'https://hooks.example.com/${var.HOOK}'\n  instructions: 'say ${var.WORD}'\n"
    )
    project.write(batch_yaml=call)
    monkeypatch.setenv("DIALCTL_VAR_HOOK", "t0ken")
    monkeypatch.setenv("DIALCTL_VAR_WORD", "passw0rd")
    layouts = ([], ["--json"], ["--format", "markdown"], ["--format", "github"], ["--out", FILE])
    shown = [project.dialctl("plan", *layout).text for layout in layouts]
    shown += [project.dialctl(*command).text for command in (["show", FILE], ["apply", FILE], ["status", "--json"])]
    assert "(secret)" in shown[0] + shown[1]
    lock = project.root / ".dialctl" / "sandbox" / "dialctl.lock"
    assert "webhook_url" in lock.read_text()
    files = [file.read_text(errors="replace") for file in project.root.rglob("*") if file.suffix in (".lock", ".plan")]
    assert [word for word in ("t0ken", "passw0rd") if word in "".join(shown + files)] == []


def test_it_remembers_where_the_manifests_are_and_which_were_chosen(project: ProjectFixture) -> None:
    project.write(other_yaml=BATCH.replace("name: outreach", "name: other").replace("people.csv", "others.csv"))
    project.write(others_csv=f"to_number\n{CAY}\n")
    assert project.dialctl("plan", "--target", "batch/other", "--out", FILE).exit == 0
    assert project.dialctl("apply", FILE).exit == 0
    later(project)
    assert project.called() == [CAY]


def test_a_target_beside_it_is_refused_not_passed_over(project: ProjectFixture, saved: Path) -> None:
    said = project.dialctl("apply", FILE, "--target", "batch/outreach")
    assert (said.exit, "applied as a whole" in said.err, project.dials()) == (64, True, [])


def test_one_person_more_in_the_file_of_people_makes_it_stale(project: ProjectFixture, saved: Path) -> None:
    project.people(ADA, BEN, CAY)
    refused(project, "stale plan", "recipients")


def test_another_setting_makes_it_stale(project: ProjectFixture, saved: Path) -> None:
    project.write(batch_yaml=LATER)
    refused(project, "stale plan", "dialctl plan --out")


def test_another_value_of_a_variable_makes_it_stale(project: ProjectFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write(batch_yaml=BATCH.replace("agent_one", "${var.WHO}"))
    monkeypatch.setenv("DIALCTL_VAR_WHO", "agent_one")
    assert project.dialctl("plan", "--out", FILE).exit == 0
    monkeypatch.setenv("DIALCTL_VAR_WHO", "agent_two")
    refused(project, "stale plan", "variables")


def test_comments_and_order_of_rows_make_nothing_stale(project: ProjectFixture, saved: Path) -> None:
    project.write(batch_yaml=f"# reviewed\n{BATCH}")
    project.people(BEN, ADA)
    assert project.dialctl("apply", FILE).exit == 0


def test_an_apply_in_between_makes_it_stale(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    project.people(ADA, BEN, CAY)
    assert project.dialctl("plan", "--out", FILE).exit == 0
    assert project.apply().exit == 0
    project.people(ADA, BEN, CAY, "+14155550104")
    refused(project, "stale plan")


def test_generations_are_bound_where_the_manifests_went_back(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    project.people(ADA, BEN, CAY)
    assert project.dialctl("plan", "--out", FILE).exit == 0
    project.people(ADA, BEN, "+14155550104")
    assert project.apply().exit == 0
    project.people(ADA, BEN, CAY)
    refused(project, "stale plan", "batch/outreach")


def test_another_lock_is_another_lineage(project: ProjectFixture, saved: Path) -> None:
    assert project.apply().exit == 0
    project.people(ADA, BEN, CAY)
    assert project.dialctl("plan", "--out", FILE).exit == 0
    lock = project.root / ".dialctl" / "sandbox" / "dialctl.lock"
    document = json.loads(lock.read_bytes())
    lineage = document["lineage"]
    lock.write_bytes(replace_text(lock.read_bytes(), lineage, "".join(reversed(lineage))))
    assert project.dialctl("apply", FILE).exit != 0
    later(project)
    assert CAY not in project.called()


def test_people_who_were_dialed_since_drop_out(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    project.write(batch_yaml=LATER)
    planned = project.dialctl("plan", "--json", "--out", FILE).json
    assert planned["summary"]["people_moved"] == 2
    later(project, 600)
    said = project.dialctl("apply", FILE)
    assert said.exit == 0, said.err
    later(project)
    assert project.called() == [ADA, BEN]


def test_an_address_that_is_no_longer_called_for_is_skipped(project: ProjectFixture) -> None:
    project.write(other_yaml=BATCH.replace("name: outreach", "name: other").replace("people.csv", "others.csv"))
    project.write(others_csv=f"to_number\n{CAY}\n")
    assert project.apply("--target", "batch/outreach").exit == 0
    project.write(batch_yaml=LATER)
    assert project.plan("--out", FILE)["summary"]["people_to_call"] == 3
    later(project, 600)
    said = project.dialctl("apply", FILE, "--json")
    assert said.exit == 0, said.err
    outcomes = {(one["address"], one["verb"]): one["outcome"] for one in json.loads(said.out)["actions"]}
    assert outcomes[("batch/outreach", "replace")] == "skipped"
    assert outcomes[("batch/other", "create")] == "done"
    later(project)
    assert project.called() == [ADA, BEN, CAY]


def test_a_retry_that_came_due_since_is_not_in_it(project: ProjectFixture) -> None:
    project.people(ADA, "+14155550191")
    project.write(batch_yaml=f"{BATCH}  retry: {{max_retries: 1, on: [dial_no_answer], after: 1h}}\n")
    assert project.apply().exit == 0
    later(project, 1200)
    project.write(other_yaml=BATCH.replace("name: outreach", "name: other").replace("people.csv", "others.csv"))
    project.write(others_csv=f"to_number\n{CAY}\n")
    assert project.plan("--out", FILE)["summary"]["retry"] == 0
    later(project, 7200)
    refused(project, "batch/outreach", "1 person who is not in it")


def _edited(saved: Path, **changes: object) -> None:
    saved.write_text(json.dumps({**json.loads(saved.read_bytes()), **changes}, separators=(",", ":")))


def test_a_file_that_was_tampered_with_is_refused(project: ProjectFixture, saved: Path) -> None:
    body = json.loads(saved.read_bytes())["body"]
    _edited(saved, body={**body, "targets": ["batch/outreach"]})
    refused(project, "was changed after it was saved")


def test_a_seal_made_without_the_key_does_not_pass_for_one_with_it(
    project: ProjectFixture, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIALCTL_PERSON_KEY", "a key that the pipeline holds")
    refused(project, "DIALCTL_PERSON_KEY")


def test_a_newer_format_is_named_whatever_else_changed_in_it(project: ProjectFixture, saved: Path) -> None:
    document = json.loads(saved.read_bytes())
    saved.write_text(json.dumps({"kind": document["kind"], "format_version": 2, "contents": {}}, separators=(",", ":")))
    refused(project, "format 2", "one version of dialctl")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused(project: ProjectFixture, saved: Path, share: float) -> None:
    whole = saved.read_bytes()
    saved.write_bytes(whole[: int(len(whole) * share)])
    refused(project, "not a whole saved plan")


def test_the_plan_of_another_project_is_refused(project: ProjectFixture, saved: Path) -> None:
    project.write(project_yaml=PROJECT.replace("name: spring", "name: autumn"))
    refused(project, 'project "spring"', '"autumn"')


def test_the_plan_of_another_project_is_refused_even_where_nothing_would_be_sent(
    project: ProjectFixture, saved: Path
) -> None:
    assert project.apply().exit == 0
    kept = saved.read_bytes()
    other = ProjectFixture(project.root.parent / "autumn")
    other.root.mkdir()
    other.write(project_yaml=PROJECT.replace("name: spring", "name: autumn"), batch_yaml=BATCH)
    other.people(ADA, BEN)
    assert other.apply().exit == 0
    (other.root / FILE).write_bytes(kept)
    said = other.dialctl("apply", FILE)
    assert (said.exit, 'project "spring"' in said.err) == (1, True)


def test_a_file_that_is_no_plan_is_said_to_be_none(project: ProjectFixture) -> None:
    (project.root / FILE).write_bytes(b"\x00\x01 not a plan")
    assert project.dialctl("apply", FILE, "--auto-approve").exit == 1


def test_a_plan_of_a_project_that_is_not_here_says_which(project: ProjectFixture) -> None:
    for folder in ("calls", "elsewhere"):
        (project.root / folder).mkdir()
    for file in [*project.root.glob("*.yaml"), *project.root.glob("*.csv")]:
        file.rename(project.root / "calls" / file.name)
    project.dialctl("plan", "calls", "--out", FILE)
    said = project.run("-C", str(project.root / "elsewhere"), "--sandbox", "apply", f"../{FILE}")
    assert (said.exit, 'is a plan of "calls", which is not here' in said.err) == (1, True), said.err


def test_an_offline_plan_cannot_be_saved(project: ProjectFixture) -> None:
    said = project.dialctl("plan", "--offline", "--out", FILE)
    assert (said.exit, "cannot be saved" in said.err) == (64, True)
    assert not (project.root / FILE).exists()


def test_a_place_that_cannot_be_written_is_named(project: ProjectFixture) -> None:
    said = project.dialctl("plan", "--out", "nowhere/saved.plan")
    assert (said.exit, "nowhere/saved.plan cannot be written" in said.err) == (1, True)


def test_a_retry_by_request_is_approved_once(project: ProjectFixture) -> None:
    silent = "+14155550191"
    project.people(ADA, silent)
    project.write(batch_yaml=f"{BATCH}  retry: {{max_retries: 2, on: [dial_no_answer]}}\n")
    assert project.apply().exit == 0
    later(project, 1200)
    assert project.plan("--out", FILE)["summary"]["retry"] == 1
    assert project.dialctl("apply", FILE).exit == 0
    later(project, 1200)
    assert project.called() == [ADA, silent, silent]
    assert project.plan()["summary"]["retry"] == 1  # a third call is due, and this file does not approve it
    refused(project, "stale plan", "batch/outreach was applied since")


_json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(allow_nan=False) | st.text("a.\0/é", max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab", max_size=1), inner, max_size=2),
    max_leaves=3,
)


def _change_somewhere(value: Any, data: st.DataObject) -> Any:
    """The value with one part of it changed, taken out or added."""
    if isinstance(value, dict) and value and data.draw(st.booleans() | st.just(True)):
        name = data.draw(st.sampled_from(sorted(value)))
        match data.draw(st.sampled_from(["inside", "inside", "inside", "gone", "more"])):
            case "gone":
                return {key: part for key, part in value.items() if key != name}
            case "more":
                return {**value, data.draw(st.text("xy", min_size=1, max_size=2)): data.draw(_json_values)}
            case _:
                return {**value, name: _change_somewhere(value[name], data)}
    if isinstance(value, list) and value and data.draw(st.booleans()):
        place = data.draw(st.integers(0, len(value) - 1))
        return [*value[:place], _change_somewhere(value[place], data), *value[place + 1 :]]
    return data.draw(_json_values)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_forged_plan_that_is_sealed_again_is_refused_or_calls_nobody_more(
    project: ProjectFixture, data: st.DataObject
) -> None:
    """Without a person key anybody can seal a file. It can narrow what the manifests want, and nothing else."""
    key = PersonKey(None)
    file = project.root / FILE
    if not (project.root / "first.plan").exists():
        project.dialctl("plan", "--out", FILE)
        file.rename(project.root / "first.plan")
    document = json.loads((project.root / "first.plan").read_bytes())
    document["body"] = _change_somewhere(document["body"], data)
    document["seal"] = key.digest_lines([canonical_json(document["body"]).decode()])
    file.write_text(json.dumps(document))
    try:
        saved = saved_plan.read_plan_file(file, key)
        session = project.session(path=saved.path, targets=saved.targets)
    except DialctlError:
        return
    with session:
        try:
            plan = saved_plan.restrict_to_saved(saved)(session, plan_project(session))
        except DialctlError:
            return
    called = {number for task in plan.tasks.values() for number in task.numbers_to_call.to_list()}
    assert called <= {ADA, BEN}
