"""For each reason to hold people back: the advice that is printed, followed to the end, leads to an empty plan, and
no one is called more often than wanted on the way."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from declarative.model import mark
from declarative.state.base import StoredState
from declarative.state.format import parse_lock, render_lock
from tests.protocol.advice import FORGET, follow_advice
from tests.protocol.project_fixture import HEAD, Project, never, once, people
from tests.protocol.run_process import KILL, Run
from tests.protocol.scenarios import retry_in_doubt


def test_cancelled_elsewhere_can_be_resumed(campaign: Project) -> None:
    campaign.batch("march", people(4))
    campaign.cancel_elsewhere()
    run = campaign.plan()
    assert run.code == 3
    assert "dialctl resolve batch/march --resume" in run.said
    assert campaign.run("resolve", "batch/march", "--resume").code == 0
    assert len(follow_advice(campaign, "apply", "-y")) == 1
    campaign.check_calls(once(people(4)))


def test_cancelled_elsewhere_can_be_agreed_with(campaign: Project) -> None:
    campaign.batch("march", people(4))
    campaign.cancel_elsewhere()
    assert "or state: cancelled in the manifest" in campaign.plan().said
    campaign.batch("march", people(4), more="  state: cancelled\n")
    assert campaign.plan().code == 0
    assert campaign.apply().code == 0
    campaign.check_calls(never(people(4)))


def test_what_looks_renamed_can_be_said_to_be(campaign: Project) -> None:
    campaign.remove("march")
    campaign.batch("spring", people(5))
    run = campaign.plan()
    assert run.code == 3
    assert "metadata.previously: [batch/march]" in run.said
    manifest = campaign.directory / "spring.yaml"
    manifest.write_text(manifest.read_text().replace("{name: spring}", "{name: spring, previously: [batch/march]}"))
    follow_advice(campaign, "apply", "-y")
    campaign.check_calls(once(people(5)))


def test_what_looks_renamed_can_leave_first(campaign: Project) -> None:
    campaign.batch("april", people(2, 50))
    campaign.apply()
    campaign.remove("march")
    campaign.batch("spring", people(7))
    assert "apply once without batch/spring" in campaign.plan().said
    campaign.remove("spring")
    assert campaign.apply().code == 0
    campaign.batch("spring", people(7))
    follow_advice(campaign, "apply", "-y")
    campaign.check_calls(once([*people(7), *people(2, 50)]))


def test_a_changed_provider_can_be_put_back(campaign: Project) -> None:
    campaign.batch("march", people(4))
    manifest = (campaign.directory / "march.yaml").read_text()
    campaign.remove("march")
    campaign.box("march", people(4))
    run = campaign.plan()
    assert run.code == 3
    assert "put it back" in run.said
    campaign.file("march.yaml", manifest)
    campaign.file("march.csv", "\n".join(["to_number", *people(4), ""]))
    assert campaign.plan().code == 0
    campaign.check_calls(once(people(4)))


def test_a_provider_that_keeps_no_names_gets_no_second_batch_until_a_person_says_so(project: Project) -> None:
    project.batch("march", people(4))
    rewritten = {"match": {"operation": "createCallBatch", "times": 0}, "do": {"edit": {"name": "somebody's"}}}
    project.control("PUT", "faults", [rewritten])
    run = project.apply()
    assert (run.code, "mark_lost" in run.said) == (3, True), run
    sent = project.posts()
    for arguments in (("plan",), ("apply", "-y")):
        run = project.run(*arguments)
        assert (run.code, "dialctl resolve batch/march --resume" in run.said) == (3, True), run
    assert project.posts() == sent
    assert project.run("resolve", "batch/march", "--resume").code == 0
    assert project.apply().code == 3, "held back again where nothing was mended"
    project.control("PUT", "faults", [])
    follow_advice(project, "apply", "-y")
    project.check_calls(once(people(4)))


def test_people_that_cannot_be_read_hold_the_batch_until_they_can(campaign: Project) -> None:
    campaign.control("PUT", "faults", [{"match": {"operation": "getCallBatch", "times": 0}, "do": {"drop_members": 1}}])
    run = campaign.apply()
    campaign.control("PUT", "faults", [])
    assert run.code == 3
    assert "try again later" in run.said
    follow_advice(campaign, "apply", "-y")
    campaign.check_calls(once(people(7)))


def test_nothing_is_said_of_an_address_that_is_gone_altogether(campaign: Project) -> None:
    campaign.batch("april", people(2, 50))
    campaign.apply()
    campaign.run("state", "rm", "batch/march", FORGET)
    campaign.remove("march")
    campaign.run("state", "rm", "batch/april", FORGET)
    campaign.key += "_new"
    assert "batch/march" not in campaign.run("status").said
    assert "nothing of it is known any more" in campaign.plan().said
    follow_advice(campaign, "apply", "-y")
    assert "batch/march" not in campaign.plan().said


def test_an_unsure_call_is_settled_by_a_person_either_way(tmp_path: Path) -> None:
    for step, verdict in (("send:", "--not-placed"), ("answer:", "--placed")):
        project = Project(tmp_path / verdict).begin()
        project.call("ada", people(1)[0])
        project.control("PUT", "faults", [{"match": {"operation": "listCalls", "times": 0}, "do": {"lag": 600}}])
        project.apply(at=step, signum=KILL)
        run = project.apply()
        assert run.code == 3
        assert "dialctl resolve call/ada --placed | --not-placed" in run.said
        assert project.run("resolve", "call/ada", verdict).code == 0
        follow_advice(project, "apply", "-y")
        project.check_calls(once(people(1)))


def test_an_unsure_retry_is_settled_by_a_person(tmp_path: Path) -> None:
    project, numbers = retry_in_doubt(tmp_path / "spring")
    run = project.apply()
    assert run.code == 3
    assert "dialctl resolve batch/march --placed | --not-placed" in run.said
    assert project.run("resolve", "batch/march", "--not-placed").code == 0
    follow_advice(project, "apply", "-y")
    project.check_calls(dict.fromkeys(numbers, (2, 2)))


def test_a_provider_that_cannot_be_read_is_read_by_the_next_run(campaign: Project) -> None:
    campaign.control(
        "PUT",
        "faults",
        [
            {
                "match": {"operation": "listCallBatches", "times": 1},
                "do": {"status": {"code": 403, "effect": False}},
            }
        ],
    )
    sent = campaign.posts()
    run = campaign.apply()
    campaign.control("PUT", "faults", [])
    assert run.code in (1, 3), run
    assert campaign.posts() == sent
    follow_advice(campaign, "apply", "-y")
    campaign.check_calls(once(people(7)))


def _two_providers(project: Project, version: str = "2026-03-01") -> None:
    """A batch at Cartesia, single calls at CallingBox, and a call at an old Cartesia or a second account of it."""
    spec = (
        "  defaults: {provider: cartesia}\n  providers:\n    cartesia: {type: cartesia}\n"
        f'    callingbox: {{type: callingbox}}\n    old: {{type: cartesia, api_version: "{version}"}}\n'
    )
    project.file("project.yaml", HEAD.format(kind="Project", name="spring") + "  guard: 2m\n  settle: 1s\n" + spec)
    project.batch("march", people(2))
    project.box("tickets", people(2, 10))
    call = f'  provider: old\n  agent_id: agent_OLD\n  to_number: "{people(1, 20)[0]}"\n'
    numbers = "" if version == "2025-04-16" else "  from_number_id: ap_A\n"
    project.file("ada.yaml", HEAD.format(kind="Call", name="ada") + call + numbers)


@pytest.mark.parametrize("version", ["2025-04-16", "2026-03-01"])
def test_each_provider_is_asked_for_its_own_agents_by_routes_that_it_has(project: Project, version: str) -> None:
    _two_providers(project, version)
    sent = project.posts()
    assert project.apply().code == 3
    assert project.posts() == sent, "nothing goes out before it is known that there was no lock"
    run = project.run("state", "new")
    assert run.code == 0, run
    assert ("cannot be seen at old" in run.said) == (version == "2025-04-16")
    follow_advice(project, "apply", "-y")
    project.check_calls(once([*people(2), *people(2, 10), *people(1, 20)]))


def test_a_lock_of_two_providers_is_rebuilt_and_calls_nobody_twice(project: Project) -> None:
    _two_providers(project)
    project.run("state", "new")
    assert project.apply().code == 0
    project.lock.unlink()
    run = project.apply()
    assert (run.code, "dialctl state rebuild" in run.said) == (3, True), run
    assert project.run("state", "rebuild").code == 0
    follow_advice(project, "apply", "-y")
    project.check_calls(once([*people(2), *people(2, 10), *people(1, 20)]))


def test_whom_no_mark_shows_a_rebuilt_lock_holds_back_until_a_person_says(project: Project) -> None:
    _two_providers(project, "2025-04-16")
    project.remove("march")
    project.run("state", "new")
    assert project.apply().code == 0
    project.lock.unlink()
    run = project.run("state", "rebuild")
    assert "call/ada: 1 person was not found" in run.said, run
    assert project.apply().code == 3
    assert project.run("resolve", "call/ada", "--placed").code == 0
    follow_advice(project, "apply", "-y")
    project.check_calls(once([*people(2, 10), *people(1, 20)]))


def _second_lineage(project: Project) -> tuple[bytes, bytes]:
    """Two machines that never saw each other's lock have each called for one project. The locks of both."""
    project.batch("march", people(4))
    assert project.apply().code == 0
    first, batch = project.lock.read_bytes(), project.batches()[0]
    other = mark.Mark(mark.project_hash("spring"), "zzzzzz", mark.address_hash("batch/april"), 1, 1, 1, "aaaaa")
    project.batch("april", people(2, 20))
    body = {name: batch[name] for name in ("agent_id", "from_number_id", "scheduled_at")}
    recipients = [{"to_number": number} for number in people(2, 20)]
    project.cartesia("POST", "/agents/calls/batches", {**body, "name": f"april {other}", "recipients": recipients})
    kept = parse_lock(StoredState(first))
    assert kept is not None
    project.lock.write_bytes(render_lock(replace(kept, lineage="zzzzzz", resources={})))
    return first, project.lock.read_bytes()


def test_of_two_lineages_one_goes_on_and_says_what_it_takes_over(project: Project) -> None:
    first, second = _second_lineage(project)
    lineages = [orjson.loads(lock)["lineage"] for lock in (first, second)]
    run = project.apply()
    assert (run.code, f"dialctl state rebuild --keep {lineages[1]}" in run.said) == (3, True), run
    run = project.run("state", "rebuild", "--keep", lineages[1])
    assert (run.code, "taken over from another lineage" in run.said, "4 still wait there" in run.said) == (
        0,
        True,
        True,
    )
    follow_advice(project, "apply", "-y")
    project.check_lock()
    project.check_calls(once([*people(4), *people(2, 20)]))


def test_two_lineages_without_a_lock_are_named_and_either_goes_on(project: Project) -> None:
    first, _ = _second_lineage(project)
    project.advance(600)
    project.lock.unlink()
    lineage = orjson.loads(first)["lineage"]
    run = project.run("state", "rebuild")
    assert (run.code, f"dialctl state rebuild --keep {lineage} (" in run.said) == (1, True), run
    run = project.run("state", "rebuild", "--keep", lineage)
    assert (run.code, "people count as called, 0 still wait there" in run.said) == (0, True), run
    follow_advice(project, "apply", "-y")
    project.check_calls(dict.fromkeys(people(4), (1, 2)) | once(people(2, 20)))


def test_a_lock_that_is_gone_with_its_runner_is_made_up_for(project: Project) -> None:
    """A second run adds a batch, a person and a call, and its lock is never pushed."""
    project.batch("b", people(1))
    project.call("ada", people(1, 20)[0])
    project.run("state", "new")
    assert project.apply().code == 0
    pushed = project.lock.read_bytes()
    project.batch("b", people(2))
    project.batch("c", people(1, 10))
    project.call("ben", people(1, 21)[0])
    assert project.apply().code == 0
    project.lock.write_bytes(pushed)
    shutil.rmtree(project.directory / ".dialctl")
    for arguments in (("plan",), ("apply", "-y")):
        run = project.run(*arguments)
        assert (run.code, "dialctl state rebuild --over-older" in run.said) == (3, True), run
    assert project.run("state", "rebuild").code == 1
    assert project.run("state", "rebuild", "--over-older").code == 0
    follow_advice(project, "apply", "-y")
    project.check_lock()
    project.check_calls(once([*people(2), *people(1, 10), *people(2, 20)]))


def test_what_the_old_lock_alone_knew_is_kept_over_a_gone_one(project: Project) -> None:
    project.batch("gone", people(1, 30))
    project.batch("b", people(1))
    assert project.apply().code == 0
    project.advance(3600)
    project.remove("gone")
    assert project.apply().code == 0
    pushed = project.lock.read_bytes()
    assert orjson.loads(pushed)["resources"]["batch/gone"]["tombstone"]
    project.batch("b", people(2))
    assert project.apply().code == 0
    project.lock.write_bytes(pushed)
    assert project.run("state", "rebuild", "--over-older").code == 0
    assert project.remembered()["resources"]["batch/gone"] == orjson.loads(pushed)["resources"]["batch/gone"]
    follow_advice(project, "apply", "-y")
    project.batch("gone", people(1, 30))
    follow_advice(project, "apply", "-y")
    project.check_calls(once([*people(2), *people(1, 30)]))


def test_a_lost_lock_is_not_begun_anew_because_somebody_is_to_be_called_elsewhere(project: Project) -> None:
    """Nothing at the new provider bears a mark; what the lost lock knew is at the old one."""
    project.box("tickets", people(2, 10))
    project.run("state", "new")
    assert project.apply().code == 0
    project.lock.unlink()
    project.batch("march", people(2))
    sent = project.posts()
    for arguments in (("apply", "-y"), ("apply", "-y", "--target", "batch/march"), ("apply", "-y", "march.yaml")):
        run = project.run(*arguments)
        assert run.code in (1, 3), run
        assert "there is no lock" in run.said, run
    assert project.posts() == sent
    assert not project.lock.exists()
    assert project.run("state", "rebuild").code == 0
    follow_advice(project, "apply", "-y")
    project.check_calls(once([*people(2), *people(2, 10)]))


def test_a_lock_is_not_begun_while_one_provider_cannot_be_read(project: Project) -> None:
    project.batch("march", people(2))
    second = "  providers: {cartesia: {type: cartesia}, second: {type: cartesia}}\n"
    project.file("project.yaml", (project.directory / "project.yaml").read_text() + second)
    project.batch("april", people(2, 20), more="  provider: second\n")
    fault = {"match": {"operation": "listCallBatches", "times": 1}, "do": {"status": {"code": 403, "effect": False}}}
    project.control("PUT", "faults", [fault])
    sent = project.posts()
    run = project.apply()
    assert (run.code, "the first run of a project reads all of its providers" in run.said) == (1, True), run
    assert project.posts() == sent
    project.control("PUT", "faults", [])
    follow_advice(project, "apply", "-y")
    project.check_calls(once([*people(2), *people(2, 20)]))


_PLACED = re.compile(r"dialctl resolve (\S+) --placed \(all of it counts as called")


def _place_as_advised(project: Project) -> Run:
    """Say of what the plan names as lost or unreadable that it was placed."""
    run = project.plan()
    assert run.code == 3, run
    (named,) = set(_PLACED.findall(run.said))
    run = project.run("resolve", named, "--placed")
    assert run.code == 0, run
    return run


def test_a_batch_that_the_provider_has_forgotten_counts_as_called(project: Project) -> None:
    """The account was moved: nothing of the old one is there, and three more people are wanted."""
    project.batch("march", people(4))
    assert project.apply().code == 0
    old_id = project.batches()[0]["id"]
    moved = replace(project, key=f"{project.key}_moved")
    moved.batch("march", people(7))
    assert f"batch/march#{old_id}" in moved.plan().said
    assert "4 people count as called" in _place_as_advised(moved).said
    moved.check_lock()
    assert moved.remembered()["resources"]["batch/march"]["remotes"][old_id]["numbers"], "the digests are kept"
    follow_advice(moved, "apply", "-y")
    moved.check_calls(once(people(3, 4)) | never(people(4)))
    project.check_calls(once(people(4)))


def test_all_that_a_provider_has_forgotten_counts_as_called_at_once(project: Project) -> None:
    project.batch("march", people(2))
    assert project.apply().code == 0
    project.batch("march", people(4))
    assert project.apply().code == 0
    moved = replace(project, key=f"{project.key}_moved")
    moved.batch("march", people(5))
    assert "dialctl resolve batch/march --placed" in moved.plan().said
    run = _place_as_advised(moved)
    assert run.said.count("2 people count as called") == 2, run
    follow_advice(moved, "apply", "-y")
    moved.check_calls(once(people(1, 4)) | never(people(4)))


def test_of_a_forgotten_batch_nobody_is_forgotten_because_the_manifest_left_them_out(project: Project) -> None:
    project.batch("march", people(4))
    assert project.apply().code == 0
    moved = replace(project, key=f"{project.key}_moved")
    moved.batch("march", people(3))
    run = moved.run("resolve", "batch/march", "--placed")
    assert (run.code, "the manifest has changed since" in run.said) == (64, True), run
    assert moved.plan().code == 3
    moved.batch("march", people(4))
    _place_as_advised(moved)
    moved.batch("march", people(3))
    follow_advice(moved, "apply", "-y")
    moved.batch("march", people(4))
    follow_advice(moved, "apply", "-y")
    moved.check_calls(never(people(4)))


def test_a_batch_that_is_never_answered_in_full_counts_as_called(campaign: Project) -> None:
    fault = {"match": {"operation": "getCallBatch", "times": 0}, "do": {"drop_members": 1}}
    campaign.control("PUT", "faults", [fault])
    assert campaign.apply().code == 3
    run = _place_as_advised(campaign)
    assert "4 people count as called" in run.said
    campaign.control("PUT", "faults", [])
    follow_advice(campaign, "apply", "-y")
    campaign.check_calls(once(people(7)))


def test_a_forgotten_call_counts_as_called(project: Project) -> None:
    project.call("ada", people(1)[0])
    project.run("state", "new")
    assert project.apply().code == 0
    moved = replace(project, key=f"{project.key}_moved")
    if moved.plan().code == 3:
        _place_as_advised(moved)
    follow_advice(moved, "apply", "-y")
    moved.check_calls(never(people(1)))


def test_of_a_batch_only_that_it_was_placed_can_be_said(campaign: Project) -> None:
    remote_id = campaign.batches()[0]["id"]
    for verdict in ("--not-placed", "--resume"):
        run = campaign.run("resolve", f"batch/march#{remote_id}", verdict)
        assert run.code == 64, run
    run = campaign.run("resolve", "batch/march#acb_unknown", "--placed")
    assert (run.code, "has no batch or call acb_unknown" in run.said) == (64, True), run


def _rename(project: Project, old: str, new: str, numbers: list[str], *, previously: bool) -> None:
    project.remove(old)
    project.batch(new, numbers)
    manifest = project.directory / f"{new}.yaml"
    if previously:
        named = manifest.read_text().replace(f"{{name: {new}}}", f"{{name: {new}, previously: [batch/{old}]}}")
        manifest.write_text(named)


def test_a_name_can_be_used_again_after_its_campaign_was_renamed(project: Project) -> None:
    """`previously` was tidied away after the first apply; an answer is lost on the way."""
    project.batch("march", people(2))
    assert project.apply().code == 0
    _rename(project, "march", "spring", people(2), previously=True)
    assert project.apply().code == 0
    project.batch("spring", people(2))
    project.batch("march", people(3, 20))
    assert project.plan().code == 2
    project.apply(at="answer: submit", signum=KILL)
    follow_advice(project, "apply", "-y")
    project.check_lock()
    project.batch("march", people(4, 20))
    assert project.apply("--target", "batch/march").code == 0
    follow_advice(project, "apply", "-y")
    assert project.plan().code == 0
    project.check_calls(once([*people(2), *people(4, 20)]))


def test_both_of_two_twins_given_way_are_submitted_again_once(campaign: Project) -> None:
    """Two runs each took the other's batch for the younger, and both cancelled."""
    campaign.batch("march", people(4))
    first = campaign.batches()[0]
    body = {name: first[name] for name in ("name", "agent_id", "from_number_id", "scheduled_at")}
    body["recipients"] = [{"to_number": number} for number in people(4)]
    twin = campaign.cartesia("POST", "/agents/calls/batches", body)
    for batch in (first, twin):
        campaign.cartesia("POST", f"/agents/calls/batches/{batch['id']}/cancel")
    runs = follow_advice(campaign, "apply", "-y")
    assert any("resume" in run.said for run in runs), runs
    campaign.check_calls(once(people(4)))


def test_a_project_that_init_wrote_calls_at_once_by_single_calls_too(project: Project) -> None:
    directory = project.directory.parent / "fresh"
    project.run("init", str(directory))
    fresh = replace(project, directory=directory)
    lineage = fresh.remembered()["lineage"]
    fresh.file("project.yaml", HEAD.format(kind="Project", name="renamed") + "  defaults: {provider: cartesia}\n")
    fresh.remove("first-campaign")
    fresh.call("ada", people(1)[0])
    assert fresh.plan().code == 2
    follow_advice(fresh, "apply", "-y")
    fresh.check_lock()
    assert (fresh.remembered()["lineage"], fresh.remembered()["project"]) == (lineage, "renamed")
    fresh.check_calls(once(people(1)))


def test_that_there_is_no_lock_is_told_once_for_the_whole_project(project: Project) -> None:
    for place, number in enumerate(people(5)):
        project.call(f"call{place}", number)
    for layout, others in (("text", "and 4 more"), ("markdown", "and 2 more")):
        run = project.run("plan", "--format", layout)
        assert (run.code, run.said.count("there is no lock"), others in run.said) == (3, 1, True), run
