"""The first campaign of a team, from manifest to results: every person is called once."""

from __future__ import annotations

from collections import Counter

from .conftest import Examples

ADA, BEN, CLEO = "+14155550101", "+14155550102", "+14155550103"
FIRST_CALL = 121
"""Seconds from an apply until one person of a batch has been called and no second: guard, one call a second."""


def test_from_validate_to_an_empty_second_plan(example: Examples) -> None:
    bench = example("march-outreach")
    assert bench.run("validate").out == "Valid: project march-outreach, 2 resources, 3 people.\n"
    first = bench.plan("--detailed-exitcode", exits=2)
    assert first.verbs == {"create call/callback-ada": ("new", 1), "create batch/march-outreach": ("new", 2)}
    assert first.json["summary"]["people_to_call"] == 3
    assert bench.calls() == {}

    bench.apply()
    second = bench.plan("--detailed-exitcode", exits=0)
    assert second.verbs == {}
    bench.advance(600)
    assert bench.calls() == {ADA: 1, BEN: 1, CLEO: 1}

    standing = {one["address"]: one["standing"] for one in bench.run("status", "--json").json["resources"]}
    assert standing == {"call/callback-ada": {"dialed": 1}, "batch/march-outreach": {"dialed": 2}}
    rows = {row["number"]: row for row in bench.results()}
    assert rows[BEN]["data"] == {"metadata": {"customer_id": "cust_123"}}
    assert {row["call_id"] for row in rows.values()} == {dial["call_id"] for dial in bench.dials()}
    assert "nobody was called" in bench.apply().out
    assert Counter(bench.calls().values()) == {1: 3}


def test_an_edited_call_is_not_called_again_and_the_plan_says_so(example: Examples) -> None:
    bench = example("march-outreach")
    bench.apply("--target", "call/callback-ada")
    bench.edit("callback-ada.yaml", "cust_789", "cust_790")
    bench.edit("callback-ada.yaml", CLEO, "+14155550104")
    again = bench.plan("--target", "call/callback-ada", "--detailed-exitcode", exits=0)
    assert [one["reason"] for one in again.json["actions"]] == ["called_once"]
    assert "give it a new name" in again.json["warnings"][0]["message"]
    bench.apply("--target", "call/callback-ada")
    assert bench.calls() == {CLEO: 1}


def test_a_pause_takes_off_who_waits_and_its_end_submits_them_again(example: Examples) -> None:
    bench = example("march-outreach")
    (bench.directory / "callback-ada.yaml").unlink()
    bench.apply()
    bench.advance(FIRST_CALL)
    assert sum(bench.calls().values()) == 1
    bench.edit("march-outreach.yaml", "spec:", "spec:\n  state: cancelled")
    assert bench.plan().verbs == {"cancel batch/march-outreach": ("paused", 1)}
    bench.apply()
    assert bench.plan("--detailed-exitcode").verbs == {}
    bench.edit("march-outreach.yaml", "state: cancelled", "state: present")
    assert bench.plan().verbs == {"create batch/march-outreach": ("submitted_again", 1)}
    bench.apply()
    bench.advance(600)
    assert bench.calls() == {ADA: 1, BEN: 1}


def test_a_manifest_that_goes_and_comes_back_calls_nobody_who_was_dialed(example: Examples) -> None:
    bench = example("march-outreach")
    bench.apply()
    bench.advance(FIRST_CALL)
    assert bench.calls()[CLEO] == 1
    names = ("march-outreach.yaml", "callback-ada.yaml")
    texts = {name: (bench.directory / name).read_text() for name in names}
    other = texts["callback-ada.yaml"].replace("callback-ada", "other").replace("0103", "0105")
    bench.write("other.yaml", other)
    for name in texts:
        (bench.directory / name).unlink()
    assert bench.plan().verbs["cancel batch/march-outreach"] == ("removed", 1)
    bench.apply()
    bench.advance(3600)
    bench.apply()
    assert bench.plan("--detailed-exitcode").verbs == {}

    for name, text in texts.items():
        bench.write(name, text)
    assert bench.plan().verbs == {"create batch/march-outreach": ("submitted_again", 1)}
    bench.apply()
    bench.advance(3600)
    assert bench.calls() == {ADA: 1, BEN: 1, CLEO: 1, "+14155550105": 1}


def test_destroy_takes_off_who_waits_and_lets_calls_in_flight_finish(example: Examples) -> None:
    bench = example("march-outreach")
    bench.apply()
    bench.advance(FIRST_CALL)
    report = bench.run("destroy", "--auto-approve", "--json").json
    (done,) = (one for one in report["actions"] if one["verb"] == "cancel")
    assert (done["address"], done["outcome"], done["people_done"]) == ("batch/march-outreach", "done", 1)
    bench.advance(3600)
    assert sum(bench.calls().values()) == 2


def test_an_offline_plan_under_sandbox_knows_what_the_sandbox_did(example: Examples) -> None:
    bench = example("march-outreach")
    assert bench.plan("--offline").json["summary"]["people_to_call"] == 3
    bench.apply()
    told = bench.plan("--offline").json
    assert told["offline"]
    assert told["summary"]["people_to_call"] == 0
