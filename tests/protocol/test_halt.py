"""The emergency stop: whoever waits is taken off, and nobody is called until it is resumed, whatever is broken."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import Pipe
from pathlib import Path

import orjson
import pytest

from declarative.app.halt import HaltOptions, halt_project
from declarative.app.session import Session
from tests.protocol.project_fixture import InProcessProject, Project, never, once, people

READS_FAIL = [
    {"match": {"operation": operation, "times": 0}, "do": {"status": {"code": 503, "effect": False}}}
    for operation in ("listCallBatches", "getCallBatch")
]


@pytest.fixture
def waiting(quick: InProcessProject) -> InProcessProject:
    """Four people wait for the guard to end."""
    quick.batch("march", people(4))
    assert quick.apply().code == 0
    return quick


def halt_lines(project: Project) -> list[str]:
    return (project.home / "dialctl.halt").read_text().splitlines()


def check_stopped(project: InProcessProject, *arguments: str, code: int = 0) -> str:
    """The stop works: what waited is taken off, and no apply calls anybody. Returns its words."""
    run = project.run("halt", *(arguments or ("--all",)))
    assert run.code == code, run.said
    assert halt_lines(project)
    project.check_calls(never(people(9)))
    return run.said


def resume(project: InProcessProject) -> None:
    """After a resume everybody is called once."""
    run = project.run("resolve", "--all", "--resume")
    assert run.code == 0, run.said
    assert project.apply().code == 0
    project.check_calls(once(people(4)))


def test_whoever_waits_is_taken_off_and_no_apply_calls_anybody_until_it_is_resumed(waiting: InProcessProject) -> None:
    said = check_stopped(waiting, "--all", "--reason", "wrong price")
    assert "cancelled, 4 people taken off" in said
    for number in range(2):  # a new commit changes nothing
        waiting.batch("march", people(4), agent=f"agent_{number}")
        run = waiting.apply()
        assert (run.code, "wrong price" in run.said) == (3, True), run.said
    assert "halted: nobody is called until a person resumes it" in waiting.run("status").said
    waiting.check_calls(never(people(4)))
    resume(waiting)


def test_the_history_tells_who_halted_and_resumed_and_why_without_a_number(waiting: InProcessProject) -> None:
    check_stopped(waiting, "--all", "--reason", "call +1 415 555 0101 first")
    assert waiting.run("resolve", "--all", "--resume", "--reason", "mended").code == 0
    runs = orjson.loads(waiting.run("history", "--json").said)["runs"]
    halted = next(run for run in runs if run["command"] == "halt")
    assert (halted["people_taken_off"], list(halted["addresses"]), halted["exit"]) == (4, ["batch/march"], 0)
    assert "555" not in halted["reason"]
    assert "555" not in " ".join(halt_lines(waiting))
    assert [run["reason"] for run in runs if run["command"] == "resolve"] == ["--resume: mended"]


def test_a_halt_of_one_address_leaves_the_others_alone(waiting: InProcessProject) -> None:
    waiting.batch("april", people(2, 20))
    assert waiting.apply().code == 0
    assert waiting.run("halt", "march").code == 0  # a bare name will do
    assert waiting.apply().code == 3
    waiting.check_calls({**never(people(4)), **once(people(2, 20))})
    assert waiting.run("resolve", "batch/march", "--resume").code == 0
    assert waiting.apply().code == 0
    waiting.check_calls(once([*people(4), *people(2, 20)]))


def test_a_halt_of_everything_holds_what_is_added_later_and_an_address_alone_does_not_end_it(
    waiting: InProcessProject,
) -> None:
    check_stopped(waiting)
    waiting.batch("april", people(2, 20))
    assert waiting.apply().code == 3
    run = waiting.run("resolve", "batch/march", "--resume")
    assert (run.code, "dialctl resolve --all --resume" in run.said) == (64, True), run.said
    assert waiting.apply().code == 3
    waiting.check_calls(never([*people(4), *people(2, 20)]))


def test_a_word_that_names_nothing_stops_nothing_and_says_what_is_near(waiting: InProcessProject) -> None:
    run = waiting.run("halt", "batch/marsh")
    assert (run.code, "did you mean batch/march" in run.said) == (64, True), run.said
    assert waiting.run("halt").code == 64
    assert not (waiting.home / "dialctl.halt").exists()


def test_a_dry_run_shows_and_does_nothing(waiting: InProcessProject) -> None:
    run = waiting.run("halt", "--all", "--dry-run")
    assert (run.code, "would be cancelled, 4 people wait in it" in run.said) == (0, True), run.said
    assert not (waiting.home / "dialctl.halt").exists()
    waiting.check_calls(once(people(4)))


def test_without_a_lock_a_halt_stands_and_starts_none(quick: InProcessProject) -> None:
    quick.batch("march", people(4))
    assert quick.run("halt", "--all").code == 0
    assert not quick.lock.exists()
    assert quick.apply().code == 3
    resume(quick)


def test_a_destroy_is_undone_by_the_next_apply_and_a_halt_is_not(waiting: InProcessProject) -> None:
    assert waiting.run("destroy", "-y").code == 0
    check_stopped(waiting)
    assert waiting.apply().code == 3
    waiting.check_calls(never(people(4)))


def test_a_machine_with_dialctl_halt_calls_nobody_and_takes_off_whoever_left(
    waiting: InProcessProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIALCTL_HALT", "payment system down")
    waiting.batch("march", people(6))
    run = waiting.apply()
    assert (run.code, "payment system down" in run.said) == (3, True), run.said
    assert [batch["status"] for batch in waiting.batches()] == ["pending"]
    assert "unset DIALCTL_HALT" in run.said + waiting.plan().said
    waiting.batch("march", people(6)[1:])
    waiting.apply()
    waiting.check_calls(never(people(6)))


@pytest.mark.parametrize("command", ["state rebuild", "state new", "state merge"])
def test_a_lock_that_is_made_anew_leaves_the_halt_as_it_stands(waiting: InProcessProject, command: str) -> None:
    check_stopped(waiting)
    before, lock = halt_lines(waiting), waiting.lock.read_text()
    waiting.lock.unlink()
    if command == "state merge":
        waiting.lock.write_text(f"<<<<<<< HEAD\n{lock}=======\n{lock.replace('agent_A', 'agent_B')}>>>>>>> other\n")
    waiting.run(*command.split())
    assert halt_lines(waiting) == before
    assert waiting.apply().code == 3
    waiting.check_calls(never(people(4)))


# A broken world. Each of these lets no other command do anything.


def test_an_old_checkout(waiting: InProcessProject) -> None:
    old = waiting.lock.read_bytes()
    waiting.batch("march", people(9))
    assert waiting.apply().code == 0
    waiting.lock.write_bytes(old)
    assert "a later run has changed it" in waiting.plan().said
    said = check_stopped(waiting)
    assert said.count("taken off") == 2


def test_reads_down_while_cancels_work(waiting: InProcessProject) -> None:
    waiting.faults(*READS_FAIL)
    said = check_stopped(waiting, code=3)
    assert "cancelled, unread" in said
    assert "cartesia  could not be read" in said
    waiting.faults()
    resume(waiting)


@pytest.mark.parametrize(
    "text",
    ["  no_such_field: 1\n", "  display_name: ${var.undefined}\n", "  recipients: [\n", "  expires_at: soon\n"],
    ids=["an unknown field", "an undefined variable", "no YAML", "a wrong value"],
)
def test_a_manifest_that_is_wrong(waiting: InProcessProject, text: str) -> None:
    manifest = waiting.directory / "march.yaml"
    before = manifest.read_text()
    manifest.write_text(before + text)
    assert waiting.plan().code == 1
    check_stopped(waiting)
    manifest.write_text(before)
    resume(waiting)


def test_a_project_document_that_is_no_yaml(waiting: InProcessProject) -> None:
    """The lock tells the project's name. Which provider the address uses is in the lock, too."""
    project_file = waiting.directory / "project.yaml"
    before = project_file.read_text()
    project_file.write_text(f"<<<<<<< HEAD\n{before}")
    said = check_stopped(waiting)
    assert "project spring" in said
    assert "project.yaml could not be read" in said
    project_file.write_text(before)
    resume(waiting)


def test_nothing_tells_the_name(waiting: InProcessProject) -> None:
    """Neither the document nor the lock can be read: what bears a mark of the project that is named is cancelled."""
    (waiting.directory / "project.yaml").write_text("<<<<<<< HEAD\nkind: Project # dialctl\n")
    waiting.lock.write_text("{")
    run = waiting.run("halt", "--all")
    assert (run.code, "--project NAME" in run.said) == (64, True), run.said
    check_stopped(waiting, "--all", "--project", "spring")


def test_a_missing_recipients_file(waiting: InProcessProject) -> None:
    (waiting.directory / "march.csv").unlink()
    check_stopped(waiting)


def test_another_person_key(waiting: InProcessProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIALCTL_PERSON_KEY", "another")
    assert waiting.plan().code == 1
    check_stopped(waiting)


def test_conflict_markers_in_the_lock(waiting: InProcessProject) -> None:
    before = waiting.lock.read_text()
    waiting.lock.write_text(f"<<<<<<< HEAD\n{before}=======\n{before.replace('acb_', 'acb_x')}>>>>>>> other\n")
    said = check_stopped(waiting, code=3)
    assert "4 people taken off" in said
    assert "conflict" in said
    assert "acb_x" in said.partition("NOT cancelled")[2]  # the other side's batch, by its id
    waiting.lock.write_text(before)
    resume(waiting)


def test_a_damaged_lock(waiting: InProcessProject) -> None:
    before = waiting.lock.read_bytes()
    waiting.lock.write_bytes(before[: len(before) // 2])
    said = check_stopped(waiting)
    assert "the lock is damaged" in said
    assert "the lock does not know what was cancelled" in said
    waiting.lock.write_bytes(before)
    resume(waiting)


def test_marks_of_any_lineage_are_cancelled(waiting: InProcessProject) -> None:
    waiting.lock.unlink()
    check_stopped(waiting)


def test_a_full_disk(waiting: InProcessProject, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits is taken off. The halt cannot be written, and that is said."""
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", _fail_for_want_of_room)
        run = waiting.run("halt", "--all")
    assert run.code == 3
    assert "4 people taken off" in run.said
    assert "The halt could not be written" in run.said
    assert "set DIALCTL_HALT=REASON" in run.said
    waiting.check_calls(never(people(4)))


def _fail_for_want_of_room(*_: object) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_broken_plugin_that_nobody_uses(
    waiting: InProcessProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "site" / "broken_plugin-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-plugin\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[dialctl.providers]\nbroken = broken_plugin_of_a_test\n")
    (tmp_path / "site" / "broken_plugin_of_a_test.py").write_text("raise SystemExit('broken')\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    check_stopped(waiting)


def test_a_cancel_that_fails_is_named_for_the_dashboard(waiting: InProcessProject) -> None:
    waiting.faults(
        {"match": {"operation": "cancelCallBatch", "times": 0}, "do": {"status": {"code": 500, "effect": False}}}
    )
    run = waiting.run("halt", "--all")
    (batch,) = waiting.batches()
    assert run.code == 3
    assert "NOT cancelled" in run.said
    assert all(word in run.said for word in ("cartesia", batch["id"], batch["name"]))
    waiting.faults()
    assert waiting.apply().code == 3  # the next run takes them off
    waiting.check_calls(never(people(4)))


def test_a_provider_without_a_key_is_named_with_what_may_call_there(project: Project) -> None:
    project.batch("march", people(2))
    assert project.apply().code == 0
    with opened(project, CARTESIA_API_KEY="") as session:
        report = halt_project(session, HaltOptions(everything=True))
    assert report.exit_code == 3
    assert [(batch.provider, batch.address) for batch in report.failed] == [("cartesia", "batch/march")]
    assert "CARTESIA_API_KEY" in report.failed[0].failure


# A run that is under way.


@contextmanager
def opened(project: Project, **environment: str) -> Iterator[Session]:
    variables = {"CARTESIA_BASE_URL": project.url or "", "CARTESIA_API_KEY": project.key, **environment}
    with Session(directory=project.directory, environment=variables) as session:
        yield session


def test_a_running_apply_hears_it_before_its_next_request(project: Project) -> None:
    """It has sent one batch, and another one is due. The halt is written while it stands still."""
    project.batch("april", people(2))
    project.batch("march", people(3, 20))
    ours, theirs = Pipe()
    arguments = ("apply", "-y", "--parallelism", "1")
    apply = project.start(*arguments, at="answer: submit batch/april", gate=theirs)
    assert ours.recv().startswith("answer: submit batch/april")

    def go_on(_: float) -> None:
        if not ours.closed:
            ours.send("go on")
            ours.close()
        apply_runs.append(apply.wait())

    apply_runs: list[object] = []
    variables = {"CARTESIA_BASE_URL": project.url or "", "CARTESIA_API_KEY": project.key}
    with Session(directory=project.directory, environment=variables, pause=go_on) as session:
        report = halt_project(session, HaltOptions(everything=True, reason="wrong price"))
    (run,) = apply_runs
    assert run.code == 3  # type: ignore[attr-defined]
    assert "wrong price" in run.said  # type: ignore[attr-defined]
    assert len(project.batches()) == 1
    assert report.exit_code == 0
    project.check_calls(never([*people(2), *people(3, 20)]))
