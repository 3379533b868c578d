"""Twilio in whole runs: single calls without mark, key or time, which wait in a queue of the provider's own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.protocol.embedded_project import EmbeddedProject, finish
from tests.protocol.faults_answers import status
from tests.protocol.faults_reads import rule
from tests.protocol.project_fixture import HEAD, InProcessProject, Project, once, people
from tests.protocol.voices import BUSY, QUEUED_CALLS, REACHED, SILENT

_HOUR = 3600.0
_SEND = QUEUED_CALLS.operation
_NO_CANCEL = rule(QUEUED_CALLS.cancel, status(500, effect=False), times=0)


def sends(ground: EmbeddedProject) -> int:
    return sum(request["operation"] == _SEND for request in ground.requests())


def queued(seconds: float, **times: int) -> dict[str, Any]:
    """Others wait so long in the queue."""
    return rule(_SEND, {"queued_before": seconds}, **times)


def leave_in_the_queue(ground: EmbeddedProject, text: str) -> None:
    """One call waits for two hours that the run which placed it could not take back."""
    ground.write(text)
    ground.faults(queued(7200), _NO_CANCEL)
    ran = ground.apply()
    assert (ran.exit, ground.calls()) == (1, {}), ran.text
    ground.faults()


@pytest.mark.parametrize(("fault", "called"), [("lost_answer", 1), ("lost_request", 0), ({"late": 400}, 1)])
def test_after_a_lost_answer_nobody_is_called_again_by_itself(
    ground: EmbeddedProject, fault: object, called: int
) -> None:
    ground.write(QUEUED_CALLS.batch([REACHED]))
    ground.faults(rule(_SEND, fault))
    for _ in range(4):
        ran = ground.apply()
        assert (ran.exit, sends(ground)) == (3, 1), ran.text
        ground.advance(30 * _HOUR)
    assert ground.calls() == ({REACHED: 1} if called else {})
    assert "--placed | --not-placed" in ground.run("plan").text


def test_a_list_that_shows_nothing_proves_nothing(ground: EmbeddedProject) -> None:
    ground.write(QUEUED_CALLS.batch([REACHED]))
    ground.faults(rule(_SEND, "lost_answer"), rule(QUEUED_CALLS.listing, {"lag": 86_400}, times=0))
    for _ in range(3):
        assert ground.apply().exit == 3
        ground.advance(_HOUR)
    assert (ground.calls(), "candidate" in ground.run("status").text) == ({REACHED: 1}, False)


def candidates(ground: EmbeddedProject) -> list[str]:
    [address] = ground.run("status", "--json").json["resources"]
    return [call["id"] for call in address["candidates"]]


def test_a_person_adopts_the_candidate_and_what_came_of_it_is_followed(ground: EmbeddedProject) -> None:
    ground.write(QUEUED_CALLS.batch([SILENT], more="retry: {max_retries: 1, on: [no-answer], after: 10m}, "))
    ground.faults(rule(_SEND, "lost_answer"))
    ground.apply()
    [candidate] = candidates(ground)
    assert f"dialctl resolve batch/survey#{candidate} --placed" in ground.run("status").text
    resolved = ground.run("resolve", f"batch/survey#{candidate}", "--placed")
    assert (resolved.exit, candidates(ground)) == (0, []), resolved.text
    ground.advance(_HOUR)
    assert ground.apply().exit == 0
    finish(ground)
    assert ground.calls() == {SILENT: 2}


def test_only_calls_to_that_number_of_that_time_are_candidates(ground: EmbeddedProject) -> None:
    ground.write(QUEUED_CALLS.batch([REACHED, SILENT]))
    for number in (REACHED, SILENT):
        ground.queued_calls("POST", To=number, From="+12025550100", Twiml="<Response/>")
    ground.advance(_HOUR)
    ground.faults(rule(_SEND, "lost_answer"))
    ground.apply()
    ground.advance(_HOUR)
    ground.queued_calls("POST", To=REACHED, From="+12025550100", Twiml="<Response/>")
    [candidate] = candidates(ground)
    assert ground.queued_calls(path=f"Calls/{candidate}")["to"] == REACHED
    unknown = ground.run("resolve", "batch/survey#CA1", "--placed")
    assert (unknown.exit, "has no batch or call CA1" in unknown.text) == (64, True), unknown.text


def two_batches() -> str:
    first = QUEUED_CALLS.batch([REACHED])
    second = first[first.rindex("apiVersion") :].replace("survey", "thanks").replace(f'"{REACHED}"', f'"{REACHED}"')
    return f"{first}---\n{second}"


def test_one_request_to_a_number_is_open_over_all_addresses(ground: EmbeddedProject) -> None:
    ground.write(two_batches())
    ground.faults(rule(_SEND, "lost_answer"))
    ran = ground.apply()
    assert (ran.exit, sends(ground)) == (3, 1), ran.text
    assert "nothing would tell the two apart" in ran.text
    ground.advance(_HOUR)
    plan = ground.run("plan")
    assert "was lost at another address" in plan.text, plan.text
    again = ground.apply()
    assert (again.exit, sends(ground)) == (3, 1), again.text
    assert ground.run("resolve", "batch/survey", "--placed").exit == 0
    assert ground.apply().exit == 0
    ground.advance(_HOUR)
    assert ground.calls() == {REACHED: 2}


def test_a_queue_that_moves_is_waited_for(ground: EmbeddedProject) -> None:
    people = [REACHED, SILENT, BUSY]
    ground.write(QUEUED_CALLS.batch(people))
    ground.faults(queued(40, times=2))
    began = ground.now()
    ran = ground.apply()
    assert ran.exit == 0, ran.text
    assert ground.now() - began >= timedelta(seconds=80)
    assert ground.calls() == dict.fromkeys(people, 1)


def test_a_call_that_waits_too_long_is_taken_back_and_nothing_more_is_placed(ground: EmbeddedProject) -> None:
    ground.write(QUEUED_CALLS.batch([REACHED, SILENT]))
    ground.faults(queued(7200))
    ran = ground.apply()
    assert (ran.exit, sends(ground), ground.calls()) == (1, 1, {}), ran.text
    assert "waited in the provider's queue and was taken back" in ran.text
    ground.faults()
    assert ground.apply().exit == 0
    finish(ground)
    assert ground.calls() == {REACHED: 1, SILENT: 1}


def test_a_single_call_is_watched_in_the_queue_too(ground: EmbeddedProject) -> None:
    ground.write(QUEUED_CALLS.call(REACHED))
    ground.faults(queued(7200))
    assert (ground.apply().exit, ground.calls()) == (1, {})
    ground.faults()
    finish(ground)
    assert ground.calls() == {REACHED: 1}


def test_a_limit_is_given_back_for_who_was_taken_back(ground: EmbeddedProject) -> None:
    ground.write(QUEUED_CALLS.batch([REACHED]))
    ground.faults(queued(7200))
    ran = ground.apply("--max-dials", "1")
    assert ran.exit == 1, ran.text
    [line] = [run for run in ground.run("history", "--json").json["runs"] if run["command"] == "apply"]
    assert (line["people_called"], line["people_taken_off"]) == (0, 0)


def test_expiry_takes_back_what_still_waits(ground: EmbeddedProject) -> None:
    expires = (ground.now() + timedelta(seconds=30)).isoformat(timespec="seconds")
    ground.write(QUEUED_CALLS.batch([REACHED], more=f'expires_at: "{expires}", '))
    ground.faults(queued(40))
    ran = ground.apply()
    assert (ran.exit, "was taken back" in ran.text) == (1, True), ran.text
    finish(ground)
    assert ground.calls() == {}


@pytest.mark.parametrize("way", ["removed", "expired", "paused", "hours", "do_not_call"])
def test_who_may_not_be_called_any_more_is_taken_out_of_the_queue_by_the_next_run(
    ground: EmbeddedProject, way: str
) -> None:
    leave_in_the_queue(ground, QUEUED_CALLS.batch([REACHED, SILENT]))
    now = ground.now()
    opens = (now + timedelta(hours=5)).strftime("%H:00")
    closes = (now + timedelta(hours=6)).strftime("%H:00")
    (ground.directory / "dnc.csv").write_text(f"phone\n{REACHED}\n{SILENT}\n")
    more = {
        "removed": "",
        "expired": f'expires_at: "{now.isoformat(timespec="seconds")}", ',
        "paused": "state: cancelled, ",
        "hours": f'policy: {{calling_hours: {{from: "{opens}", to: "{closes}", zone: UTC}}}}, ',
        "do_not_call": "policy: {suppress_from: [{file: dnc.csv, to_number: phone}]}, ",
    }[way]
    ground.write(QUEUED_CALLS.batch([SILENT] if way == "removed" else [REACHED, SILENT], more=more))
    plan = ground.run("plan")
    assert "1 person who still waits" in plan.text, plan.text
    ground.apply()
    ground.advance(3 * _HOUR)
    assert ground.calls() == ({SILENT: 1} if way == "removed" else {})


def test_a_call_that_an_earlier_run_left_in_the_queue_is_taken_back_and_placed_anew(ground: EmbeddedProject) -> None:
    leave_in_the_queue(ground, QUEUED_CALLS.batch([REACHED]))
    plan = ground.run("plan")
    assert "1 call waits in the provider's queue" in plan.text, plan.text
    ran = ground.apply()
    assert (ran.exit, "was taken back" in ran.text) == (1, True), ran.text
    assert ground.apply().exit == 0
    ground.advance(3 * _HOUR)
    assert ground.calls() == {REACHED: 1}


def test_changed_settings_move_who_still_waits(ground: EmbeddedProject) -> None:
    leave_in_the_queue(ground, QUEUED_CALLS.batch([REACHED]))
    ground.write(QUEUED_CALLS.batch([REACHED], more="Timeout: 20, "))
    plan = ground.run("plan")
    assert "replace" in plan.text, plan.text
    assert ground.apply().exit == 0
    ground.advance(3 * _HOUR)
    assert (ground.calls(), sends(ground)) == ({REACHED: 1}, 2)


def test_a_removed_manifest_and_destroy_take_off_who_waits(ground: EmbeddedProject) -> None:
    leave_in_the_queue(ground, QUEUED_CALLS.batch([REACHED]))
    ran = ground.run("destroy", "-y")
    assert ran.exit == 0, ran.text
    ground.advance(3 * _HOUR)
    assert (ground.calls(), ground.run("plan", "--destroy", "--detailed-exitcode").exit) == ({}, 0)


def test_a_halt_takes_back_what_waits(ground: EmbeddedProject) -> None:
    leave_in_the_queue(ground, QUEUED_CALLS.batch([REACHED, SILENT]))
    halted = ground.run("halt", "--all", "--reason", "wrong script")
    assert (halted.exit, "1 person taken off" in halted.text) == (0, True), halted.text
    ground.advance(3 * _HOUR)
    ground.apply()
    assert ground.calls() == {}
    assert ground.run("resolve", "--all", "--resume").exit == 0
    finish(ground)
    assert ground.calls() == {REACHED: 1, SILENT: 1}


def test_a_call_that_is_cancelled_in_the_console_waits_for_a_person(ground: EmbeddedProject) -> None:
    ground.write(QUEUED_CALLS.batch([REACHED]))
    ground.faults(rule(_SEND, {"queued_before": 7200, "truncate": 9}))
    assert ground.apply().exit == 3
    [candidate] = candidates(ground)
    assert ground.run("resolve", f"batch/survey#{candidate}", "--placed").exit == 0
    ground.queued_calls("POST", f"Calls/{candidate}", Status="canceled")
    ran = ground.apply()
    assert (ran.exit, "cancelled outside dialctl" in ran.text, sends(ground)) == (3, True, 1), ran.text
    assert ground.run("resolve", "batch/survey", "--resume").exit == 0
    finish(ground)
    assert ground.calls() == {REACHED: 1}


def test_a_cancel_whose_answer_was_lost_counts_as_ours(ground: EmbeddedProject) -> None:
    ground.write(QUEUED_CALLS.batch([REACHED]))
    ground.faults(queued(7200), rule(QUEUED_CALLS.cancel, "lost_answer", times=0))
    assert (ground.apply().exit, ground.calls()) == (1, {})
    ground.faults()
    finish(ground)
    assert ground.calls() == {REACHED: 1}


def test_a_call_that_began_is_not_taken_back(ground: EmbeddedProject) -> None:
    ground.write(QUEUED_CALLS.batch([REACHED, SILENT]))
    assert ground.apply().exit == 0
    ground.write(QUEUED_CALLS.batch([REACHED], more="Timeout: 20, "))
    plan = ground.run("plan")
    assert "a single call is neither moved nor taken off" in plan.text, plan.text
    assert ground.apply().exit == 0
    ground.advance(_HOUR)
    assert (ground.calls(), sends(ground)) == ({REACHED: 1, SILENT: 1}, 2)


def test_a_full_queue_is_tried_again_and_nothing_was_done(ground: EmbeddedProject) -> None:
    ground.write(QUEUED_CALLS.batch([REACHED]))
    ground.faults(queued(90_000, times=2))
    assert ground.apply().exit == 0
    ground.advance(_HOUR)
    assert (ground.calls(), sends(ground)) == ({REACHED: 1}, 3)


def test_an_account_that_is_suspended_is_called_nothing_with(ground: EmbeddedProject) -> None:
    ground.write(QUEUED_CALLS.batch([REACHED, SILENT]))
    ground.limits(usage_limited=True)
    plan = ground.run("plan")
    assert "the account is suspended" in plan.text, plan.text
    assert (ground.apply().exit, sends(ground)) == (3, 0)
    ground.faults(rule("getAccount", {"edit": {"status": "active"}}, times=0))
    ran = ground.apply()
    assert (ran.exit, sends(ground)) == (1, 1), ran.text
    ground.faults()
    ground.limits(usage_limited=False)
    finish(ground)
    assert ground.calls() == {REACHED: 1, SILENT: 1}


def test_what_cannot_be_promised_stands_in_every_plan(ground: EmbeddedProject) -> None:
    ground.write(QUEUED_CALLS.batch([REACHED, SILENT]))
    for form in ("text", "markdown"):
        plan = ground.run("plan", "--format", form).text
        assert "nobody can prove what became of it" in plan
        assert "a lost lock cannot be rebuilt" in plan
        assert "up to 24 hours later" in plan


def test_a_pace_above_that_of_the_queue_is_warned_of(ground: EmbeddedProject) -> None:
    people = [REACHED, SILENT, BUSY]
    ground.write(QUEUED_CALLS.batch(people, more="pace: {calls_per_second: 5, max_in_flight: 9}, "))
    assert "lets 1 a second out of its queue" in ground.run("plan").text
    assert ground.apply().exit == 0
    ground.advance(_HOUR)
    assert ground.calls() == dict.fromkeys(people, 1)


def test_an_address_may_hold_a_secret_and_is_shown_nowhere(ground: EmbeddedProject) -> None:
    secret = {"Url": "https://agent.example.com/twiml?token=sesame", "StatusCallback": "https://sesame.example.com/s"}
    more = ", ".join(f'{name}: "{value}"' for name, value in secret.items())
    ground.write(QUEUED_CALLS.batch([REACHED], more=f"{more}, "))
    printed = [ground.run("plan").text, ground.run("plan", "--json").text, ground.apply().text]
    ground.write(QUEUED_CALLS.batch([REACHED], more=f"{more.replace('token', 'key')}, "))
    printed += [ground.run("plan", "--json").text, ground.run("status", "--json").text]
    assert not any("sesame" in text for text in [*printed, *(content.decode() for _, content in ground.lock_files())])


def test_data_need_an_address_that_carries_them(ground: EmbeddedProject) -> None:
    data = ", Parameters: {plan: pro}"
    plain = QUEUED_CALLS.batch([REACHED], data=data)
    ground.write(plain)
    ground.apply()
    ground.advance(_HOUR)
    [dial] = ground.dials()
    assert dial["metadata"] == {"plan": "pro"}
    ground.write(_without_address(plain))
    said = ground.run("validate")
    assert "recipients[0].Parameters.plan: voice sends a person's data in Url, which is not written here" in said.text
    ground.write(plain.replace("defaults: {From", "defaults: {Twiml: <Response/>, From"))
    assert "both say what happens in the call" in ground.run("validate").text
    ground.write(QUEUED_CALLS.call(REACHED, more="via: batch, "))
    assert "has no batches" in ground.run("validate").text


def _without_address(text: str) -> str:
    return text.replace('Url: "https://agent.example.com/twiml"', 'Twiml: "<Response/>"')


def test_columns_of_a_file_are_refused_where_no_address_carries_them(ground: EmbeddedProject) -> None:
    (ground.directory / "people.csv").write_text(f"phone,plan\n{REACHED},pro\n")
    for fields, exits in (("", 1), (", Parameters: [plan]", 1), (", Parameters: []", 0)):
        rows = f"recipients_from: [{{file: people.csv, to_number: phone{fields}}}]"
        ground.write(_without_address(QUEUED_CALLS.document("Batch", rows)))
        said = ground.run("validate")
        assert said.exit == exits, said.text
        refused = 'column "plan" of people.csv: voice sends a person\'s data in Url, which is not written here'
        assert (refused in said.text) is bool(exits), said.text
    assert ground.apply().exit == 0


def test_without_a_lock_everybody_is_held_back_and_none_is_rebuilt(project: Project) -> None:
    for file in project.directory.iterdir():
        file.unlink()
    project.file("voices.yaml", QUEUED_CALLS.batch([REACHED, SILENT]))
    project.queued_calls("POST", To=REACHED, From="+12025550100", Url="https://agent.example.com/twiml")
    for run in (project.plan(), project.apply()):
        assert (run.code, "dialctl state new" in run.said) == (3, True), run.said
    rebuilt = project.run("state", "rebuild")
    assert (rebuilt.code, "no mark of this project" in rebuilt.said) == (1, True), rebuilt.said
    project.advance(_HOUR)
    assert project.calls() == {REACHED: 1}


def test_beside_resources_with_marks_a_rebuilt_lock_holds_everybody_back(quick: InProcessProject) -> None:
    provider = "{type: twilio, defaults: {From: '+12025550100', Url: 'https://agent.example.com/t'}}"
    project = quick.directory / "project.yaml"
    project.write_text(f"{project.read_text()}  providers: {{calls: {provider}}}\n")
    quick.batch("march", people(2))
    rows = f"  provider: calls\n  recipients: [{{to_number: '{REACHED}'}}]\n"
    quick.file("queue.yaml", HEAD.format(kind="Batch", name="queue") + rows)
    assert quick.apply().code == 0
    quick.lock.unlink()
    rebuilt = quick.run("state", "rebuild")
    assert (rebuilt.code, "batch/queue: 1 person" in rebuilt.said) == (0, True), rebuilt.said
    assert quick.apply().code == 3
    quick.check_calls(once([REACHED, *people(2)]))
