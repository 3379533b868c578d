"""The first campaign of a team, from manifest to results: every person is called once."""

from __future__ import annotations

from collections import Counter

from .conftest import Examples

ADA, BEN, CLEO = "+14155550101", "+14155550102", "+14155550103"
FIRST_CALL = 121
"""Seconds from an apply until one person of a batch has been called and no second: guard, one call a second."""


def test_from_validate_to_an_empty_second_plan(example: Examples) -> None:
    project = example("march-outreach")
    project.apart = True
    assert project.run("validate").out == "Valid: project march-outreach, 2 resources, 3 people.\n"
    first = project.plan("--detailed-exitcode", exits=2)
    assert first.verbs == {"create call/callback-ada": ("new", 1), "create batch/march-outreach": ("new", 2)}
    assert first.json["summary"]["people_to_call"] == 3
    assert project.calls() == {}

    project.apply()
    second = project.plan("--detailed-exitcode", exits=0)
    assert second.verbs == {}
    project.advance(600)
    assert project.calls() == {ADA: 1, BEN: 1, CLEO: 1}

    standing = {one["address"]: one["standing"] for one in project.run("status", "--json").json["resources"]}
    assert standing == {"call/callback-ada": {"dialed": 1}, "batch/march-outreach": {"dialed": 2}}
    rows = {row["number"]: row for row in project.results()}
    assert rows[BEN]["customer_id"] == "cust_123"
    assert {row["call_id"] for row in rows.values()} == {dial["call_id"] for dial in project.dials()}
    assert "Apply: nothing to do." in project.apply().out
    assert Counter(project.calls().values()) == {1: 3}


def test_an_edited_call_is_not_called_again_and_the_plan_says_so(example: Examples) -> None:
    project = example("march-outreach")
    project.apply("--target", "call/callback-ada")
    project.edit("callback-ada.yaml", "cust_789", "cust_790")
    project.edit("callback-ada.yaml", CLEO, "+14155550104")
    again = project.plan("--target", "call/callback-ada", "--detailed-exitcode", exits=0)
    assert [one["reason"] for one in again.json["actions"]] == ["called_once"]
    assert "give it a new name" in again.json["warnings"][0]["message"]
    project.apply("--target", "call/callback-ada")
    assert project.calls() == {CLEO: 1}


def test_a_pause_takes_off_who_waits_and_its_end_submits_them_again(example: Examples) -> None:
    project = example("march-outreach")
    (project.directory / "callback-ada.yaml").unlink()
    project.apply()
    project.advance(FIRST_CALL)
    assert sum(project.calls().values()) == 1
    project.edit("march-outreach.yaml", "spec:", "spec:\n  state: cancelled")
    assert project.plan().verbs == {"cancel batch/march-outreach": ("paused", 1)}
    project.apply()
    assert project.plan("--detailed-exitcode").verbs == {}
    project.edit("march-outreach.yaml", "state: cancelled", "state: present")
    assert project.plan().verbs == {"create batch/march-outreach": ("submitted_again", 1)}
    project.apply()
    project.advance(600)
    assert project.calls() == {ADA: 1, BEN: 1}


def test_a_manifest_that_goes_and_comes_back_calls_nobody_who_was_dialed(example: Examples) -> None:
    project = example("march-outreach")
    project.apply()
    project.advance(FIRST_CALL)
    assert project.calls()[CLEO] == 1
    names = ("march-outreach.yaml", "callback-ada.yaml")
    texts = {name: (project.directory / name).read_text() for name in names}
    other = texts["callback-ada.yaml"].replace("callback-ada", "other").replace("0103", "0105")
    project.write("other.yaml", other)
    for name in texts:
        (project.directory / name).unlink()
    assert project.plan().verbs["cancel batch/march-outreach"] == ("removed", 1)
    project.apply()
    project.advance(3600)
    project.apply()
    assert project.plan("--detailed-exitcode").verbs == {}

    for name, text in texts.items():
        project.write(name, text)
    assert project.plan().verbs == {"create batch/march-outreach": ("submitted_again", 1)}
    project.apply()
    project.advance(3600)
    assert project.calls() == {ADA: 1, BEN: 1, CLEO: 1, "+14155550105": 1}


def test_destroy_takes_off_who_waits_and_lets_calls_in_flight_finish(example: Examples) -> None:
    project = example("march-outreach")
    project.apply()
    project.advance(FIRST_CALL)
    report = project.run("destroy", "--auto-approve", "--json").json
    (done,) = (one for one in report["actions"] if one["verb"] == "cancel")
    assert (done["address"], done["outcome"], done["people_done"]) == ("batch/march-outreach", "done", 1)
    project.advance(3600)
    assert sum(project.calls().values()) == 2


def test_an_offline_plan_under_sandbox_knows_what_the_sandbox_did(example: Examples) -> None:
    project = example("march-outreach")
    assert project.plan("--offline").json["summary"]["people_to_call"] == 3
    project.apply()
    told = project.plan("--offline").json
    assert told["offline"]
    assert told["summary"]["people_to_call"] == 0
