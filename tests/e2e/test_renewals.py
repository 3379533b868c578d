"""12,000 people in three remote batches, and what happens to every list while it is called: rows come and go,
the agent changes. The plan and the dials are held to the rules, person by person."""

from __future__ import annotations

from collections import Counter

from .cli_project import CliProject, numbers
from .conftest import Examples

AGENT, NEW_AGENT = "agent_Fo7pKNBUwLZxrTd6jvhpaE", "agent_9bYt6wWqLrX2mPz4KcDs8V"
ADDED = numbers(914, 10)
DAY = 86_400


def rows(project: CliProject) -> list[str]:
    return (project.directory / "recipients.csv").read_text(encoding="utf-8").splitlines()


def test_the_unchanged_plan_is_empty_and_makes_at_most_three_requests(example: Examples) -> None:
    project = example("renewals")
    first = project.plan("--detailed-exitcode", exits=2)
    assert first.verbs == {"create batch/renewals": ("new", 12_000)}
    assert "3 remote batches" in first.json["warnings"][0]["message"]
    project.apply()
    assert sorted(batch["total_calls_scheduled"] for batch in project.batches()) == [2000, 5000, 5000]

    before = len(project.requests())
    assert project.plan("--detailed-exitcode").verbs == {}
    project.advance(600)
    assert project.plan("--detailed-exitcode").verbs == {}
    asked = project.requests()[before:]
    assert len(asked) <= 6
    assert {one["method"] for one in asked} == {"GET"}
    counts = project.run("status", "--json").json["resources"][0]["standing"]
    assert sum(counts.values()) == 12_000


def test_ten_rows_added_five_removed_and_a_new_agent_touch_only_who_was_not_called(example: Examples) -> None:
    project = example("renewals")
    project.apply()
    project.advance(1200)
    early = project.calls()
    assert 500 < len(early) < 2000
    before = {row["number"]: row["standing"] for row in project.results()}
    waiting = [number for number, standing in before.items() if standing == "waiting"]
    refused = [number for number, standing in before.items() if standing == "refused"]
    removed = {*waiting[:2], *waiting[-2:], next(iter(early))}

    kept = [line for line in rows(project) if line.partition(",")[0] not in removed]
    added = [f"{number},cust_new,basic,2027-06-01" for number in ADDED]
    project.write("recipients.csv", "\n".join([*kept, *added]) + "\n")
    project.edit("renewals.yaml", AGENT, NEW_AGENT)

    planned = project.plan("--detailed-exitcode", exits=2)
    assert {one["verb"]: one["reasons"] for one in planned.json["actions"]} == {
        "create": {"added": 10, "refused_before": len(refused)},
        "replace": {"settings_changed": len(waiting) - 4},
        "cancel": {"not_desired": 4},
    }
    assert planned.json["summary"]["people_to_call"] == 10 + len(refused) + len(waiting) - 4
    (change,) = next(one["changes"] for one in planned.json["actions"] if one["verb"] == "replace")
    assert change == {"path": "spec.agent_id", "before": AGENT, "after": NEW_AGENT}

    project.apply()
    assert project.plan("--detailed-exitcode").verbs == {}
    project.advance(DAY)
    calls = project.calls()
    never = {number for number in before if number.endswith("94")}
    assert Counter(calls.values()).keys() == {1}
    assert set(calls) == (set(before) | set(ADDED)) - never - removed | set(early)
    agents = {batch["id"]: batch["agent_id"] for batch in project.batches()}
    spoke = {dial["number"]: agents[dial["batch_id"]] for dial in project.dials()}
    assert {spoke[number] for number in early} == {AGENT}
    assert {agent for number, agent in spoke.items() if number not in early} == {NEW_AGENT}


def test_added_rows_alone_leave_every_batch_as_it_is(example: Examples) -> None:
    project = example("renewals")
    project.apply()
    added = [f"{number},cust_new,basic,2027-06-01" for number in ADDED]
    project.write("recipients.csv", "\n".join([*rows(project), *added]))
    before = {batch["id"] for batch in project.batches()}
    assert project.plan().verbs == {"create batch/renewals": ("added", 10)}
    report = project.apply("--json").json
    (done,) = report["actions"]
    assert (done["outcome"], done["people_done"], len(done["new_remote_ids"])) == ("done", 10, 1)
    after = {batch["id"]: batch["status"] for batch in project.batches()}
    assert set(after) == before | set(done["new_remote_ids"])
    assert "cancelled" not in after.values()


def test_the_retry_policy_calls_the_unreached_until_its_attempts_are_used_up(example: Examples) -> None:
    project = example("renewals")
    project.apply()
    project.advance(DAY)
    unreached = sum(row["outcome"] in ("dial_no_answer", "dial_busy") for row in project.results())
    assert project.plan().verbs == {"retry batch/renewals": ("unreached", unreached)}
    for _ in range(3):
        project.apply()
        project.advance(DAY)
    assert project.plan("--detailed-exitcode").verbs == {}

    calls = project.calls()
    assert {count for number, count in calls.items() if number.endswith(("91", "92"))} == {3}
    assert {count for number, count in calls.items() if number.endswith("95")} == {2}
    assert {count for number, count in calls.items() if number.endswith(("93", "96", "97"))} == {1}
    assert max(calls.values()) == 3
    for row in project.results():
        assert row["attempts"] == calls[row["number"]], row
