"""What random histories share, and the rules of those of one resource, whatever its provider: it is edited, runs crash,
time passes. In the end everyone wanted was called, and no one more often than a manifest allowed."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.protocol.histories import History
from tests.protocol.histories_project import POOL

PEOPLE = st.lists(st.sampled_from(POOL), min_size=1, max_size=4, unique=True).map(tuple)
WHICH = st.integers(0, 9)


def bounded(examples: int, steps: int) -> settings:
    """So many examples, always the same; as many random ones as DIALCTL_HISTORIES says."""
    return settings(
        max_examples=int(os.environ.get("DIALCTL_HISTORIES", str(examples))),
        stateful_step_count=steps,
        deadline=None,
        derandomize="DIALCTL_HISTORIES" not in os.environ,
        suppress_health_check=list(HealthCheck),
    )


class ProjectHistories(RuleBasedStateMachine):
    """A project in a folder of its own, which comes to rest in the end."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(prefix="history")
        self.history = History(Path(self._folder.name))

    def teardown(self) -> None:
        try:
            self.history.come_to_rest()
        finally:
            self.history.close()
            self._folder.cleanup()


class ResourceHistories(ProjectHistories):
    """One Batch, edited between runs. A subclass names its provider, and says what goes wrong there."""

    provider = ""
    """The name of its provider in the manifests of the history."""

    @initialize(people=PEOPLE)
    def a_first_batch(self, people: tuple[str, ...]) -> None:
        self.address = self.history.manifests.add("batch", people, self.provider).address
        self.history.commit()

    @property
    def people(self) -> dict[str, int]:
        return dict(self.history.manifests.wanted[self.address].people)

    def edit(self, **changes: object) -> None:
        self.history.manifests.edit(self.address, **changes)
        self.history.commit()

    def faults(self, operation: str, do: object, **match: int) -> None:
        self.history.faults({"match": {"operation": operation, **match}, "do": do})

    @rule(people=PEOPLE)
    def people_are_added(self, people: tuple[str, ...]) -> None:
        self.edit(people=dict.fromkeys(people, 0) | self.people)

    @rule(person=WHICH)
    def somebodys_data_change(self, person: int) -> None:
        people = self.people
        people[list(people)[person % len(people)]] += 1
        self.edit(people=people)

    @rule(agent=st.sampled_from(["agent_A", "agent_B"]), retries=st.integers(0, 2), paused=st.booleans())
    def settings_change(self, agent: str, retries: int, paused: bool) -> None:
        self.edit(agent=agent, retries=retries, paused=paused)

    @rule()
    def applied(self) -> None:
        self.history.apply()


class CampaignHistories(ResourceHistories):
    """One campaign: people who wait can be taken off, and it can be scheduled."""

    @rule(person=WHICH)
    def somebody_is_removed(self, person: int) -> None:
        people = self.people
        if len(people) > 1:
            people.pop(list(people)[person % len(people)])
            self.edit(people=people)

    @rule(ahead=st.sampled_from([None, 100.0, 1800.0, 10_000.0]))
    def scheduled(self, ahead: float | None) -> None:
        self.history.schedule(self.address, ahead)

    @rule(step=st.integers(1, 8), command=st.sampled_from(["apply", "apply", "destroy"]))
    def a_run_that_crashes(self, step: int, command: str) -> None:
        self.history.crash(step, command)

    @rule(seconds=st.sampled_from([1.0, 30.0, 119.0, 121.0, 200.0, 900.0, 7200.0]))
    def applied_after_a_while(self, seconds: float) -> None:
        self.history.advance(seconds)
        self.history.apply()
