"""A lock that is lost, broken or of another project, another key, a folder or a disk that takes no writes: nothing is
sent, and what is printed leads back to an empty plan."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from tests.edited_lock import change_fields, replace_text
from tests.protocol.advice import follow_advice
from tests.protocol.project_fixture import HEAD, Project, once, people
from tests.protocol.run_process import KILL

Damage = Callable[[bytes], bytes]


def _changed(**fields: object) -> Damage:
    return lambda lock: change_fields(lock, **fields)


def _conflict(lock: bytes) -> bytes:
    """What git leaves where two runs wrote the same line."""
    ours, theirs = lock.replace(b'"waiting"', b'"ours"', 1), lock
    return b"<<<<<<< HEAD\n" + ours + b"=======\n" + theirs + b">>>>>>> theirs\n"


DAMAGED: dict[str, tuple[Damage, str]] = {
    "truncated": (lambda lock: lock[: len(lock) // 2], "version control"),
    "empty": (lambda lock: b"", "version control"),
    "conflict markers": (_conflict, "dialctl state merge"),
    "edited by hand": (lambda lock: lock.replace(b'"generation": 1', b'"generation": 2', 1), "version control"),
    "not JSON": (lambda lock: b"\x00" * len(lock), "version control"),
    "another project": (_changed(project="autumn"), 'of project "autumn"'),
    "a newer format": (_changed(format_version="2"), "newer"),
    "another host": (_changed(hosts={"cartesia": "api.cartesia.ai"}), "base URL"),
    "under a person key": (_changed(person_key="abcdef0123456789"), "DIALCTL_PERSON_KEY"),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_lock_stops_everything_and_says_what_to_do(campaign: Project, damage: str) -> None:
    harm, advice = DAMAGED[damage]
    whole, sent = campaign.lock.read_bytes(), campaign.posts()
    campaign.lock.write_bytes(harm(whole))
    harmed = campaign.lock.read_bytes()
    for arguments in (("apply", "-y"), ("destroy", "-y"), ("plan",), ("state", "rebuild"), ("state", "new")):
        run = campaign.run(*arguments)
        assert run.code == 1, run
        assert advice in run.said, run
        assert "bug" not in run.said
    assert campaign.posts() == sent
    assert campaign.lock.read_bytes() == harmed
    campaign.lock.write_bytes(whole)
    follow_advice(campaign, "apply", "-y")
    campaign.check_calls(once(people(7)))


def test_conflict_markers_are_merged_as_advised(campaign: Project, tmp_path: Path) -> None:
    """Two branches that each called other people."""
    campaign.batch("march", people(4))
    branch = campaign.copy(tmp_path / "branch")
    branch.batch("april", people(2, 20))
    branch.apply()
    campaign.batch("may", people(2, 30))
    campaign.apply()
    campaign.batch("april", people(2, 20))
    ours, theirs = campaign.lock.read_bytes(), branch.lock.read_bytes()
    campaign.lock.write_bytes(b"<<<<<<< HEAD\n" + ours + b"=======\n" + theirs + b">>>>>>> branch\n")
    assert "dialctl state merge" in campaign.apply().said
    assert campaign.run("state", "merge").code == 0
    assert campaign.plan().code == 0
    campaign.check_lock()
    campaign.check_calls(once([*people(4), *people(2, 20), *people(2, 30)]))


def test_a_merge_keeps_what_a_crashed_run_had_sent(campaign: Project, tmp_path: Path) -> None:
    """The list does not show it yet: the open intent alone knows that it may call."""
    campaign.batch("march", people(4))
    branch = campaign.copy(tmp_path / "branch")
    branch.batch("april", people(2, 20))
    branch.apply()
    campaign.batch("may", people(2, 30))
    campaign.control("PUT", "faults", [{"match": {"operation": "listCallBatches", "times": 0}, "do": {"lag": 600}}])
    campaign.apply(at="answer: submit", signum=KILL)
    campaign.batch("april", people(2, 20))
    ours, theirs = campaign.lock.read_bytes(), branch.lock.read_bytes()
    campaign.lock.write_bytes(b"<<<<<<< HEAD\n" + ours + b"=======\n" + theirs + b">>>>>>> branch\n")
    run = campaign.run("state", "merge")
    campaign.control("PUT", "faults", [])
    assert run.code == 0, run
    assert "1 open intent" in run.said
    campaign.check_lock()
    follow_advice(campaign, "apply", "-y")
    campaign.check_calls(once([*people(4), *people(2, 20), *people(2, 30)]))


def test_a_truncated_lock_can_be_rebuilt_as_advised(campaign: Project) -> None:
    campaign.lock.write_bytes(campaign.lock.read_bytes()[:200])
    assert "move it away and run dialctl state rebuild" in campaign.apply().said
    campaign.lock.rename(campaign.lock.with_suffix(".broken"))
    assert campaign.run("state", "rebuild").code == 0
    follow_advice(campaign, "apply", "-y")
    campaign.check_calls(once(people(7)))


def test_a_lost_lock_is_rebuilt_from_the_marks_as_advised(campaign: Project) -> None:
    campaign.lock.unlink()
    sent = campaign.posts()
    run = campaign.apply()
    assert run.code == 3
    assert "dialctl state rebuild" in run.said
    assert campaign.run("state", "new").code == 1
    assert campaign.posts() == sent
    follow_advice(campaign, "apply", "-y")
    campaign.check_lock()
    campaign.check_calls(once(people(7)))


def test_a_first_direct_call_asks_for_a_memory_and_a_new_one_will_do(project: Project) -> None:
    project.call("ada", people(1)[0])
    run = project.apply()
    assert run.code == 3
    assert "dialctl state new" in run.said
    assert not project.calls()
    assert project.run("state", "new").code == 0
    follow_advice(project, "apply", "-y")
    project.check_calls(once(people(1)))


def test_a_lost_lock_is_rebuilt_from_calls_of_an_agent_that_no_manifest_names_any_more(project: Project) -> None:
    project.batch("march", people(1, 50), agent="agent_B")
    project.apply()
    project.call("ada", people(1)[0])
    assert project.apply().code == 0
    manifest = project.directory / "ada.yaml"
    manifest.write_text(manifest.read_text().replace("agent_A", "agent_B"))
    project.lock.unlink()
    assert project.run("state", "new").code == 1
    assert project.run("state", "rebuild").code == 0
    follow_advice(project, "apply", "-y")
    project.check_calls(once([*people(1), *people(1, 50)]))


def test_where_no_call_shows_a_mark_none_is_taken_for_proof(project: Project) -> None:
    legacy = '  providers: {old: {type: cartesia, api_version: "2025-04-16", defaults: {agent_id: agent_A}}}\n'
    project.file("project.yaml", HEAD.format(kind="Project", name="spring") + "  defaults: {provider: old}\n" + legacy)
    number = people(1)[0]
    project.file("ada.yaml", HEAD.format(kind="Call", name="ada") + f'  to_number: "{number}"\n')
    run = project.run("state", "rebuild")
    assert (run.code, "call/ada: 1 person was not found" in run.said) == (0, True), run
    assert project.apply().code == 3
    project.lock.unlink()
    run = project.run("state", "new")
    assert (run.code, "cannot be seen at old" in run.said) == (0, True), run


def test_a_lock_of_another_lineage_holds_everything_back_until_the_right_one_is_brought(
    campaign: Project,
) -> None:
    right = campaign.lock.read_bytes()
    campaign.lock.write_bytes(replace_text(right, orjson.loads(right)["lineage"], "zzzzzz"))
    run = campaign.apply()
    assert run.code == 3
    assert "bring back the lock that placed them" in run.said
    campaign.lock.write_bytes(right)
    follow_advice(campaign, "apply", "-y")
    campaign.check_calls(once(people(7)))


def test_the_lock_of_the_sandbox_is_refused_against_another_host(campaign: Project, tmp_path: Path) -> None:
    assert campaign.url is not None
    embedded = Project(tmp_path / "embedded").begin()
    embedded.batch("march", people(4))
    embedded.apply()
    real = replace(embedded, url=campaign.url.replace("127.0.0.1", "localhost"), key="sk_other")
    shutil.copy(embedded.lock, real.lock)
    run = real.apply()
    assert run.code == 1
    assert "calls of another host need a lock of their own" in run.said
    assert embedded.plan().code == 0


def test_another_key_looks_empty_and_calls_nobody(campaign: Project) -> None:
    stranger = replace(campaign, key="sk_stranger")
    run = stranger.apply()
    assert run.code == 3
    assert "the provider does not know" in run.said
    assert "another key or host?" in run.said
    assert not stranger.calls()
    follow_advice(campaign, "apply", "-y")
    campaign.check_calls(once(people(7)))


def test_another_key_over_people_called_long_ago_calls_nobody(campaign: Project) -> None:
    """A settled batch is not asked for in an unchanged plan; for an added person it has to be."""
    campaign.apply()
    campaign.advance(600)
    assert campaign.apply().code == 0
    shutil.rmtree(campaign.directory / ".dialctl" / "cache", ignore_errors=True)
    stranger = replace(campaign, key="sk_stranger")
    stranger.batch("march", people(8))
    run = stranger.apply()
    assert run.code == 3, run
    assert not stranger.calls()


def test_a_read_only_folder_stops_an_apply_before_it_sends(campaign: Project) -> None:
    sent = campaign.posts()
    campaign.directory.chmod(0o555)
    run = campaign.apply(obedient=True)
    campaign.directory.chmod(0o755)
    assert run.code == 1
    assert "no request goes out without its record" in run.said
    assert "writable" in run.said
    assert campaign.posts() == sent
    follow_advice(campaign, "apply", "-y")
    campaign.check_calls(once(people(7)))


def test_a_folder_of_leases_that_cannot_be_written_stops_an_apply_before_it_sends(campaign: Project) -> None:
    home = campaign.directory / ".dialctl"
    shutil.rmtree(home)
    home.mkdir(mode=0o555)
    sent = campaign.posts()
    run = campaign.apply(obedient=True)
    home.chmod(0o755)
    assert run.code == 1
    assert "bug" not in run.said
    assert "writable" in run.said
    assert campaign.posts() == sent
    follow_advice(campaign, "apply", "-y")


def test_a_plan_needs_nothing_to_be_written(campaign: Project) -> None:
    campaign.apply()
    home = campaign.directory / ".dialctl"
    shutil.rmtree(home)
    campaign.directory.chmod(0o555)
    run = campaign.run("plan", "--detailed-exitcode", obedient=True)
    campaign.directory.chmod(0o755)
    assert run.code == 0, run


def test_caches_that_another_user_keeps_for_itself_are_done_without(campaign: Project) -> None:
    campaign.apply()
    home = campaign.directory / ".dialctl"
    home.chmod(0)
    run = campaign.run("plan", "--detailed-exitcode", obedient=True)
    home.chmod(0o700)
    assert run.code == 0, run


@pytest.mark.parametrize("largest_file", [0, 1, 100, 300, 700, 1200, 1500, 2000])
def test_a_full_disk_stops_an_apply_and_loses_nothing(campaign: Project, largest_file: int) -> None:
    """The limit cuts the journal's first line, a later one, or the lock itself when it is folded."""
    run = campaign.apply(largest_file=largest_file)
    if run.code:
        assert run.code in (1, 3)
        assert "make room on the disk" in run.said, run
        assert "bug" not in run.said
    follow_advice(campaign, "apply", "-y")
    campaign.check_lock()
    campaign.check_calls(once(people(7)))


CAPPED = [{"match": {"operation": "*", "times": 0}, "do": {"cap": 1}}]


def _rebuilt_from_a_list_that_ends_early(project: Project) -> None:
    project.box("box", people(3))
    project.call("ada", people(1, 20)[0])
    project.run("state", "new")
    assert project.apply().code == 0
    project.lock.unlink()
    project.control("PUT", "faults", CAPPED)
    run = project.run("state", "rebuild")
    assert (run.code, "batch/box: 2 people were not found" in run.said) == (0, True), run
    project.control("PUT", "faults", [])


def test_nobody_is_called_again_whom_a_rebuild_did_not_find(project: Project) -> None:
    _rebuilt_from_a_list_that_ends_early(project)
    project.control("PUT", "faults", CAPPED)
    for arguments in (("plan",), ("apply", "-y"), ("status",)):
        run = project.run(*arguments)
        assert (run.code, "dialctl resolve batch/box --placed | --not-placed" in run.said) == (3, True), run
    project.check_lock()
    assert "2 people count as called" in project.run("resolve", "batch/box", "--placed").said
    assert project.apply().code == 0
    project.check_calls(once([*people(3), *people(1, 20)]))


def test_who_was_not_found_by_a_rebuild_is_called_once_a_person_says_so(project: Project) -> None:
    project.call("ada", people(1)[0])
    project.run("state", "new")
    assert project.apply().code == 0
    project.box("box", people(2, 10))
    project.lock.unlink()
    project.run("state", "rebuild")
    assert project.apply().code == 3
    assert "2 people count as not called" in project.run("resolve", "batch/box", "--not-placed").said
    assert project.apply().code == 0
    project.check_calls(once([*people(1), *people(2, 10)]))
