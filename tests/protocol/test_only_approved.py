"""`apply --only-approved`, run after run: a schedule goes on with what was approved, and calls for nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.project_fixture import ADA, BATCH, BEN, CAY, PROJECT, ProjectFixture, project
from tests.protocol.project_fixture import Project, never, once, people
from tests.protocol.run_process import KILL

__all__ = ["project"]

UNREACHED = "+14155550191"  # the sandbox lets nobody answer there
RETRIED = f"{BATCH}  retry: {{max_retries: 1, on: [dial_no_answer], after: 1h}}\n"


def schedule(project: ProjectFixture) -> list[tuple[str, str, int]]:
    """Runs the schedule, and returns what its plan said: verb, reason, people."""
    done = project.apply("--only-approved", "--json")
    assert done.exit == 0, done.err
    return [(action["verb"], action["reason"], action["people"]) for action in done.json["actions"]]


def pass_time(project: ProjectFixture, seconds: float = 7200) -> None:
    with project.world() as world:
        world.advance(seconds)


def batches(project: ProjectFixture) -> list[dict[str, Any]]:
    shown: dict[str, Any] = project.dialctl("state", "show", "batch/outreach").json
    return list(shown.get("remotes", {}).values())


def test_what_nobody_approved_calls_nobody(project: ProjectFixture) -> None:
    assert schedule(project) == [("wait", "not_approved", 2)]
    assert schedule(project) == [("wait", "not_approved", 2)]
    assert project.apply().exit == 0
    pass_time(project)
    assert project.called() == [ADA, BEN]


def test_it_says_who_waits_for_approval_and_how_to_give_it(project: ProjectFixture) -> None:
    done = project.apply("--only-approved")
    assert "2 people wait for approval: dialctl apply without --only-approved" in done.err


def test_retries_of_what_was_approved_go_on(project: ProjectFixture) -> None:
    project.write(batch_yaml=RETRIED)
    project.people(ADA, UNREACHED)
    assert project.apply().exit == 0
    pass_time(project)
    assert ("retry", "unreached", 1) in schedule(project)
    pass_time(project)
    assert project.called() == [ADA, UNREACHED, UNREACHED]


def test_a_retry_that_the_merge_brought_waits(project: ProjectFixture) -> None:
    project.people(ADA, UNREACHED)
    assert project.apply().exit == 0
    pass_time(project)
    project.write(batch_yaml=RETRIED)
    assert schedule(project) == [("wait", "not_approved", 1)]
    pass_time(project)
    assert project.called() == [ADA, UNREACHED]


def test_who_waits_stays_and_who_was_added_waits(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    project.people(ADA, BEN, CAY)
    project.write(batch_yaml=BATCH.replace("agent_one", "agent_two"))
    before = [batch["mark"] for batch in batches(project)]
    assert schedule(project) == [("wait", "not_approved", 3)]
    assert [(batch["mark"], batch.get("cancel")) for batch in batches(project)] == [(before[0], None)]
    (replace,) = [action for action in project.plan()["actions"] if action["verb"] == "replace"]
    assert [(change["before"], change["after"]) for change in replace["changes"]] == [("agent_one", "agent_two")]
    assert project.apply().exit == 0
    pass_time(project)
    assert project.called() == [ADA, BEN, CAY]


def test_who_leaves_is_taken_off_and_their_mates_wait_for_approval(project: ProjectFixture) -> None:
    project.people(ADA, BEN, CAY)
    assert project.apply().exit == 0
    project.people(ADA, BEN)
    assert schedule(project) == [("cancel", "not_desired", 1), ("wait", "not_approved", 2)]
    pass_time(project)
    assert project.called() == []
    assert schedule(project) == [("wait", "not_approved", 2)]
    assert project.apply().exit == 0
    pass_time(project)
    assert project.called() == [ADA, BEN]


def test_a_policy_needs_approval_and_what_a_do_not_call_list_holds_does_not(project: ProjectFixture) -> None:
    listed = "  policy: {suppress_from: [{file: dnc.csv}]}\n"
    project.people(ADA, BEN, UNREACHED)
    project.write(dnc_csv="to_number\n", batch_yaml=RETRIED, project_yaml=PROJECT + listed)
    assert project.apply().exit == 0
    project.write(dnc_csv=f"to_number\n{BEN}\n")
    assert ("wait", "not_approved") not in [row[:2] for row in schedule(project)]
    pass_time(project)
    assert project.called() == [ADA, UNREACHED]
    project.write(project_yaml=PROJECT + listed.replace("{s", "{max_dials: 900, s"))
    assert ("wait", "not_approved", 1) in schedule(project)


def test_the_newest_approval_alone_counts(project: ProjectFixture) -> None:
    project.people(ADA, UNREACHED)
    project.write(batch_yaml=RETRIED)
    assert project.apply().exit == 0
    pass_time(project)
    project.write(batch_yaml=BATCH)
    assert project.apply().exit == 0
    project.write(batch_yaml=RETRIED)
    assert schedule(project) == [("wait", "not_approved", 1)]


def test_a_removed_manifest_that_comes_back_needs_approval(project: ProjectFixture) -> None:
    other = BATCH.replace("outreach", "other").replace("people.csv", "others.csv")
    project.write(other_yaml=other, others_csv=f"to_number\n{CAY}\n")
    assert project.apply().exit == 0
    (project.root / "batch.yaml").unlink()
    assert project.apply().exit == 0
    project.write(batch_yaml=BATCH)
    assert ("wait", "not_approved", 2) in schedule(project)


def test_after_destroy_a_schedule_submits_nobody_again(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    assert project.dialctl("destroy", "--auto-approve").exit == 0
    assert schedule(project) == [("wait", "not_approved", 2)]


def test_a_plan_that_is_refused_approves_nothing(project: ProjectFixture) -> None:
    assert project.apply("--max-dials", "1").exit == 1
    assert schedule(project) == [("wait", "not_approved", 2)]


def test_a_narrower_run_approves_its_own_addresses_alone(project: ProjectFixture) -> None:
    other = BATCH.replace("outreach", "other").replace("people.csv", "others.csv")
    project.write(other_yaml=other, others_csv=f"to_number\n{CAY}\n")
    assert project.apply().exit == 0
    project.people(ADA, BEN, UNREACHED)
    project.write(others_csv=f"to_number\n{CAY}\n{UNREACHED}\n")
    assert project.apply("--target", "batch/other").exit == 0
    assert schedule(project) == [("wait", "not_approved", 1), ("keep", "unchanged", 2)]


def test_it_goes_with_no_saved_plan(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    project.people(ADA, BEN, CAY)
    assert project.dialctl("plan", "--out", "spring.plan").exit == 0
    done = project.apply("--only-approved", "spring.plan")
    assert (done.exit, "its own approval" in done.err) == (64, True)


@pytest.mark.parametrize("approved", [True, False], ids=["approved", "edited since"])
def test_a_list_probe_needs_the_approval_of_its_address(tmp_path: Path, approved: bool) -> None:
    spring = Project(tmp_path / "spring").begin()
    spring.batch("march", people(4))
    spring.plan()  # makes the world
    spring.apply(at="send:", signum=KILL)
    if not approved:
        spring.batch("march", people(5))
    done = spring.apply("--only-approved")
    assert (done.code, "a list probe" in done.said) == ((0, True) if approved else (3, False)), done
    spring.check_calls(once(people(4)) if approved else never(people(5)))
