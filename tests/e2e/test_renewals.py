"""12,000 people in three remote batches, and what happens to every list while it is called: rows come and go,
the agent changes. The plan and the dials are held to the rules, person by person."""

from __future__ import annotations

from collections import Counter

from .bench import Bench, numbers
from .conftest import Examples

AGENT, NEW_AGENT = "agent_Fo7pKNBUwLZxrTd6jvhpaE", "agent_9bYt6wWqLrX2mPz4KcDs8V"
ADDED = numbers(914, 10)
DAY = 86_400


def rows(bench: Bench) -> list[str]:
    return (bench.directory / "recipients.csv").read_text(encoding="utf-8").splitlines()


def test_the_unchanged_plan_is_empty_and_makes_at_most_three_requests(example: Examples) -> None:
    bench = example("renewals")
    first = bench.plan("--detailed-exitcode", exits=2)
    assert first.verbs == {"create batch/renewals": ("new", 12_000)}
    assert "3 remote batches" in first.json["warnings"][0]["message"]
    bench.apply()
    assert [batch["total_calls_scheduled"] for batch in bench.batches()] == [2000, 5000, 5000]

    before = len(bench.requests())
    assert bench.plan("--detailed-exitcode").verbs == {}
    bench.advance(600)
    assert bench.plan("--detailed-exitcode").verbs == {}
    asked = bench.requests()[before:]
    assert len(asked) <= 6
    assert {one["method"] for one in asked} == {"GET"}
    counts = bench.run("status", "--json").json["resources"][0]["standing"]
    assert sum(counts.values()) == 12_000


def test_ten_rows_added_five_removed_and_a_new_agent_touch_only_who_was_not_called(example: Examples) -> None:
    bench = example("renewals")
    bench.apply()
    bench.advance(1200)
    early = bench.calls()
    assert 500 < len(early) < 2000
    before = {row["number"]: row["standing"] for row in bench.results()}
    waiting = [number for number, standing in before.items() if standing == "waiting"]
    refused = [number for number, standing in before.items() if standing == "refused"]
    removed = {*waiting[:2], *waiting[-2:], next(iter(early))}

    kept = [line for line in rows(bench) if line.partition(",")[0] not in removed]
    added = [f"{number},cust_new,basic,2027-06-01" for number in ADDED]
    bench.write("recipients.csv", "\n".join([*kept, *added]) + "\n")
    bench.edit("renewals.yaml", AGENT, NEW_AGENT)

    planned = bench.plan("--detailed-exitcode", exits=2)
    assert {one["verb"]: one["reasons"] for one in planned.json["actions"]} == {
        "create": {"added": 10, "refused_before": len(refused)},
        "replace": {"settings_changed": len(waiting) - 4},
        "cancel": {"not_desired": 4},
    }
    assert planned.json["summary"]["people_to_call"] == 10 + len(refused) + len(waiting) - 4
    (change,) = next(one["changes"] for one in planned.json["actions"] if one["verb"] == "replace")
    assert change == {"path": "spec.agent_id", "before": AGENT, "after": NEW_AGENT}

    bench.apply()
    assert bench.plan("--detailed-exitcode").verbs == {}
    bench.advance(DAY)
    calls = bench.calls()
    never = {number for number in before if number.endswith("94")}
    assert Counter(calls.values()).keys() == {1}
    assert set(calls) == (set(before) | set(ADDED)) - never - removed | set(early)
    agents = {batch["id"]: batch["agent_id"] for batch in bench.batches()}
    spoke = {dial["number"]: agents[dial["batch_id"]] for dial in bench.dials()}
    assert {spoke[number] for number in early} == {AGENT}
    assert {agent for number, agent in spoke.items() if number not in early} == {NEW_AGENT}


def test_added_rows_alone_leave_every_batch_as_it_is(example: Examples) -> None:
    bench = example("renewals")
    bench.apply()
    added = [f"{number},cust_new,basic,2027-06-01" for number in ADDED]
    bench.write("recipients.csv", "\n".join([*rows(bench), *added]))
    before = {batch["id"] for batch in bench.batches()}
    assert bench.plan().verbs == {"create batch/renewals": ("added", 10)}
    report = bench.apply("--json").json
    (done,) = report["actions"]
    assert (done["outcome"], done["people_done"], len(done["new_remote_ids"])) == ("done", 10, 1)
    after = {batch["id"]: batch["status"] for batch in bench.batches()}
    assert set(after) == before | set(done["new_remote_ids"])
    assert "cancelled" not in after.values()


def test_the_retry_policy_calls_the_unreached_until_its_attempts_are_used_up(example: Examples) -> None:
    bench = example("renewals")
    bench.apply()
    bench.advance(DAY)
    unreached = sum(row["outcome"] in ("dial_no_answer", "dial_busy") for row in bench.results())
    assert bench.plan().verbs == {"retry batch/renewals": ("unreached", unreached)}
    for _ in range(3):
        bench.apply()
        bench.advance(DAY)
    assert bench.plan("--detailed-exitcode").verbs == {}

    calls = bench.calls()
    assert {count for number, count in calls.items() if number.endswith(("91", "92"))} == {3}
    assert {count for number, count in calls.items() if number.endswith("95")} == {2}
    assert {count for number, count in calls.items() if number.endswith(("93", "96", "97"))} == {1}
    assert max(calls.values()) == 3
    for row in bench.results():
        assert row["attempts"] == calls[row["number"]], row
