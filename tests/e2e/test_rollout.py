"""The example of a campaign that begins with 50 people and stops by itself, followed as its page says."""

from __future__ import annotations

from .conftest import Examples

FIRST_STEP, SECOND_STEP, PEOPLE = 50, 200, 2000


def test_a_broken_agent_calls_fifty_people_and_a_mended_one_goes_on_step_by_step(example: Examples) -> None:
    project = example("rollout")
    assert project.plan().verbs == {
        "create batch/spring-offer": ("new", FIRST_STEP),
        "wait batch/spring-offer": ("rollout", PEOPLE - FIRST_STEP),
    }
    project.apply()
    project.advance(3600)
    halted = project.plan(exits=3)
    assert halted.verbs == {"block batch/spring-offer": ("halted", PEOPLE)}
    (block,) = halted.json["actions"]
    assert block["detail"] == "50 of 50 people failed (100 %), and halt_when says more than 20 %"
    project.apply(exits=3)
    assert sum(project.calls().values()) == FIRST_STEP

    project.edit("spring-offer.yaml", "agent_broken", "agent_mended")
    assert project.plan(exits=3).verbs == {"block batch/spring-offer": ("halted", PEOPLE)}
    project.run("resolve", "batch/spring-offer", "--resume")
    project.apply()
    assert len(project.calls()) == FIRST_STEP
    project.advance(7200)
    assert len(project.calls()) == SECOND_STEP
    project.apply()
    project.advance(86_400)
    called = project.calls()
    assert max(called.values()) == 1
    turned_away = [row for row in project.results() if row["standing"] == "refused"]
    assert len(called) + len(turned_away) == PEOPLE


def test_who_waits_is_taken_off_by_the_apply_that_finds_the_halt(example: Examples) -> None:
    project = example("rollout")
    project.edit("spring-offer.yaml", "steps: [50, 10%, 100%]", "steps: [1000]")
    project.apply()
    project.advance(300)
    assert project.plan(exits=3).verbs["cancel batch/spring-offer"][0] == "halted"
    project.apply(exits=3)
    before = project.calls()
    project.advance(86_400)
    assert project.calls() == before
    assert len(before) < 1000
