"""Saved plans through the real command: what was reviewed is what is done, or less, or nothing."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tests.command import CommandResult

from .house import ADA, BATCH, BEN, CAY, PROJECT, Team

FILE = "saved.plan"
LATER = BATCH.replace("agent_id: agent_one", "agent_id: agent_two")


@pytest.fixture
def saved(team: Team) -> Path:
    assert team.dialctl("plan", "--out", FILE).exit == 0
    return team.root / FILE


def refused(team: Team, *words: str) -> CommandResult:
    """The file is refused with these words, and nothing was sent."""
    before = team.dials()
    said = team.dialctl("apply", FILE)
    assert said.exit == 1
    assert [word for word in words if word not in said.err] == []
    assert team.dials() == before
    return said


def later(team: Team, seconds: float = 3600) -> None:
    with team.world() as world:
        world.advance(seconds)


def test_what_was_reviewed_is_done_without_asking(team: Team, saved: Path) -> None:
    assert team.dialctl("apply", FILE).exit == 0
    later(team)
    assert team.called() == [ADA, BEN]


def test_a_second_time_it_does_nothing(team: Team, saved: Path) -> None:
    assert team.dialctl("apply", FILE).exit == 0
    again = team.dialctl("apply", FILE)
    assert again.exit == 0
    assert "batch/outreach: create of 2 people is not called for any more" in again.out
    entries = json.loads(team.dialctl("apply", FILE, "--json").out)["actions"]
    assert [(one["verb"], one["outcome"], one["people"]) for one in entries] == [
        ("keep", "done", 2),
        ("create", "skipped", 2),
    ]
    later(team)
    assert team.called() == [ADA, BEN]


@pytest.mark.parametrize("command", ["plan", "validate"])
def test_given_as_a_manifest_it_says_what_it_is_for(team: Team, saved: Path, command: str) -> None:
    said = team.dialctl(command, FILE)
    assert said.exit == 1
    assert f"{FILE}:1:1: a saved plan, not a manifest (dialctl apply {FILE} carries it out)" in said.err
    assert said.err.count(FILE) == 2


def test_the_file_is_its_owners_alone_even_over_a_file_that_was_not(team: Team) -> None:
    target = team.root / FILE
    target.write_text("old")
    target.chmod(0o644)
    assert team.dialctl("plan", "--out", FILE).exit == 0
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_no_number_no_data_and_no_variable_value_is_in_the_file(team: Team) -> None:
    team.write(people_csv=f"to_number,city\n{ADA},Samarkand\n", batch_yaml=BATCH.replace("agent_one", "${var.WHO}"))
    assert team.run("--sandbox", "--var", "WHO=agent_secret", "plan", "--out", FILE).exit == 0
    text = (team.root / FILE).read_text()
    assert [word for word in (ADA, ADA[1:], ADA[2:], "Samarkand", "agent_secret") if word in text] == []


def test_it_remembers_where_the_manifests_are_and_which_were_chosen(team: Team) -> None:
    team.write(other_yaml=BATCH.replace("name: outreach", "name: other").replace("people.csv", "others.csv"))
    team.write(others_csv=f"to_number\n{CAY}\n")
    assert team.dialctl("plan", "--target", "batch/other", "--out", FILE).exit == 0
    assert team.dialctl("apply", FILE).exit == 0
    later(team)
    assert team.called() == [CAY]


def test_a_target_beside_it_is_refused_not_passed_over(team: Team, saved: Path) -> None:
    said = team.dialctl("apply", FILE, "--target", "batch/outreach")
    assert (said.exit, "applied as a whole" in said.err, team.dials()) == (64, True, [])


def test_one_person_more_in_the_file_of_people_makes_it_stale(team: Team, saved: Path) -> None:
    team.people(ADA, BEN, CAY)
    refused(team, "stale plan", "recipients")


def test_another_setting_makes_it_stale(team: Team, saved: Path) -> None:
    team.write(batch_yaml=LATER)
    refused(team, "stale plan", "dialctl plan --out")


def test_another_value_of_a_variable_makes_it_stale(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    team.write(batch_yaml=BATCH.replace("agent_one", "${var.WHO}"))
    monkeypatch.setenv("DIALCTL_VAR_WHO", "agent_one")
    assert team.dialctl("plan", "--out", FILE).exit == 0
    monkeypatch.setenv("DIALCTL_VAR_WHO", "agent_two")
    refused(team, "stale plan", "variables")


def test_comments_and_order_of_rows_make_nothing_stale(team: Team, saved: Path) -> None:
    team.write(batch_yaml=f"# reviewed\n{BATCH}")
    team.people(BEN, ADA)
    assert team.dialctl("apply", FILE).exit == 0


def test_an_apply_in_between_makes_it_stale(team: Team) -> None:
    assert team.apply().exit == 0
    team.people(ADA, BEN, CAY)
    assert team.dialctl("plan", "--out", FILE).exit == 0
    assert team.apply().exit == 0
    team.people(ADA, BEN, CAY, "+14155550104")
    refused(team, "stale plan")


def test_generations_are_bound_where_the_manifests_went_back(team: Team) -> None:
    assert team.apply().exit == 0
    team.people(ADA, BEN, CAY)
    assert team.dialctl("plan", "--out", FILE).exit == 0
    team.people(ADA, BEN, "+14155550104")
    assert team.apply().exit == 0
    team.people(ADA, BEN, CAY)
    refused(team, "stale plan", "batch/outreach")


def test_another_lock_is_another_lineage(team: Team, saved: Path) -> None:
    assert team.apply().exit == 0
    team.people(ADA, BEN, CAY)
    assert team.dialctl("plan", "--out", FILE).exit == 0
    lock = team.root / ".dialctl" / "sandbox" / "dialctl.lock"
    document = json.loads(lock.read_bytes())
    lineage = document["lineage"]
    lock.write_text(lock.read_text().replace(lineage, "".join(reversed(lineage))))
    assert team.dialctl("apply", FILE).exit != 0
    later(team)
    assert CAY not in team.called()


def test_whoever_was_dialed_since_drops_out(team: Team) -> None:
    assert team.apply().exit == 0
    team.write(batch_yaml=LATER)
    planned = team.dialctl("plan", "--json", "--out", FILE).json
    assert planned["summary"]["people_moved"] == 2
    later(team, 600)
    said = team.dialctl("apply", FILE)
    assert said.exit == 0, said.err
    later(team)
    assert team.called() == [ADA, BEN]


def test_an_address_that_is_no_longer_called_for_is_skipped(team: Team) -> None:
    team.write(other_yaml=BATCH.replace("name: outreach", "name: other").replace("people.csv", "others.csv"))
    team.write(others_csv=f"to_number\n{CAY}\n")
    assert team.apply("--target", "batch/outreach").exit == 0
    team.write(batch_yaml=LATER)
    assert team.plan("--out", FILE)["summary"]["people_to_call"] == 3
    later(team, 600)
    said = team.dialctl("apply", FILE, "--json")
    assert said.exit == 0, said.err
    outcomes = {(one["address"], one["verb"]): one["outcome"] for one in json.loads(said.out)["actions"]}
    assert outcomes[("batch/outreach", "replace")] == "skipped"
    assert outcomes[("batch/other", "create")] == "done"
    later(team)
    assert team.called() == [ADA, BEN, CAY]


def test_a_retry_that_came_due_since_is_not_in_it(team: Team) -> None:
    team.people(ADA, "+14155550191")
    team.write(batch_yaml=f"{BATCH}  retry: {{max_retries: 1, on: [dial_no_answer], after: 1h}}\n")
    assert team.apply().exit == 0
    later(team, 1200)
    team.write(other_yaml=BATCH.replace("name: outreach", "name: other").replace("people.csv", "others.csv"))
    team.write(others_csv=f"to_number\n{CAY}\n")
    assert team.plan("--out", FILE)["summary"]["retry"] == 0
    later(team, 7200)
    refused(team, "batch/outreach", "1 person who is not in it")


def _edited(saved: Path, **changes: object) -> None:
    saved.write_text(json.dumps({**json.loads(saved.read_bytes()), **changes}, separators=(",", ":")))


def test_a_file_that_was_tampered_with_is_refused(team: Team, saved: Path) -> None:
    body = json.loads(saved.read_bytes())["body"]
    _edited(saved, body={**body, "targets": ["batch/outreach"]})
    refused(team, "was changed after it was saved")


def test_a_seal_made_without_the_key_does_not_pass_for_one_with_it(
    team: Team, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIALCTL_PERSON_KEY", "a key that the pipeline holds")
    refused(team, "DIALCTL_PERSON_KEY")


def test_a_newer_format_is_named_whatever_else_changed_in_it(team: Team, saved: Path) -> None:
    document = json.loads(saved.read_bytes())
    saved.write_text(json.dumps({"kind": document["kind"], "format_version": 2, "contents": {}}, separators=(",", ":")))
    refused(team, "format 2", "one version of dialctl")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused(team: Team, saved: Path, share: float) -> None:
    whole = saved.read_bytes()
    saved.write_bytes(whole[: int(len(whole) * share)])
    refused(team, "not a whole saved plan")


def test_the_plan_of_another_project_is_refused(team: Team, saved: Path) -> None:
    team.write(project_yaml=PROJECT.replace("name: spring", "name: autumn"))
    refused(team, 'project "spring"', '"autumn"')


def test_the_plan_of_another_project_is_refused_even_where_nothing_would_be_sent(team: Team, saved: Path) -> None:
    assert team.apply().exit == 0
    kept = saved.read_bytes()
    other = Team(team.root.parent / "autumn")
    other.root.mkdir()
    other.write(project_yaml=PROJECT.replace("name: spring", "name: autumn"), batch_yaml=BATCH)
    other.people(ADA, BEN)
    assert other.apply().exit == 0
    (other.root / FILE).write_bytes(kept)
    said = other.dialctl("apply", FILE)
    assert (said.exit, 'project "spring"' in said.err) == (1, True)


def test_a_file_that_is_no_plan_is_said_to_be_none(team: Team) -> None:
    (team.root / FILE).write_bytes(b"\x00\x01 not a plan")
    assert team.dialctl("apply", FILE, "--auto-approve").exit == 1


def test_a_plan_of_a_project_that_is_not_here_says_which(team: Team) -> None:
    for folder in ("calls", "elsewhere"):
        (team.root / folder).mkdir()
    for file in [*team.root.glob("*.yaml"), *team.root.glob("*.csv")]:
        file.rename(team.root / "calls" / file.name)
    team.dialctl("plan", "calls", "--out", FILE)
    said = team.run("-C", str(team.root / "elsewhere"), "--sandbox", "apply", f"../{FILE}")
    assert (said.exit, 'is a plan of "calls", which is not here' in said.err) == (1, True), said.err


def test_an_offline_plan_cannot_be_saved(team: Team) -> None:
    said = team.dialctl("plan", "--offline", "--out", FILE)
    assert (said.exit, "cannot be saved" in said.err) == (64, True)
    assert not (team.root / FILE).exists()


def test_a_place_that_cannot_be_written_is_named(team: Team) -> None:
    said = team.dialctl("plan", "--out", "nowhere/saved.plan")
    assert (said.exit, "nowhere/saved.plan cannot be written" in said.err) == (1, True)
