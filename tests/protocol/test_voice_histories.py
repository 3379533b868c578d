"""Random histories of campaigns at ElevenLabs: whatever is edited, lost or crashes, no one is called more often than a
manifest allowed, and in the end everyone wanted was called.

CI runs a bounded number. A longer run: DIALCTL_HISTORIES=500 pytest tests/protocol/test_voice_histories.py
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.protocol.faults_answers import status
from tests.protocol.histories import History
from tests.protocol.histories_project import POOL

_people = st.lists(st.sampled_from(POOL), min_size=1, max_size=4, unique=True).map(tuple)
_which = st.integers(0, 9)
_waits = st.sampled_from([1.0, 30.0, 119.0, 121.0, 200.0, 900.0, 7200.0])
_answers = st.one_of(
    st.sampled_from(["lost_request", "lost_answer", {"truncate": 20}, {"late": 30}, {"late": 400}, {"key_life": 0}]),
    st.sampled_from([500, 503, 409]).flatmap(
        lambda code: st.booleans().map(lambda effect: status(code, effect=effect))
    ),
    st.sampled_from([400, 401, 429]).map(lambda code: status(code, effect=False)),
)
_reads = st.sampled_from([status(500, effect=False), {"lag": 60}, {"lag": 600}, {"truncate": 20}, {"retention": 300}])


class VoiceHistories(RuleBasedStateMachine):
    """One campaign, edited between runs."""

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

    @initialize(people=_people)
    def a_first_campaign(self, people: tuple[str, ...]) -> None:
        self.address = self.history.manifests.add("batch", people, "eleven").address
        self.history.commit()

    @property
    def people(self) -> dict[str, int]:
        return dict(self.history.manifests.wanted[self.address].people)

    def edit(self, **changes: object) -> None:
        self.history.manifests.edit(self.address, **changes)
        self.history.commit()

    @rule(people=_people)
    def people_are_added(self, people: tuple[str, ...]) -> None:
        self.edit(people=dict.fromkeys(people, 0) | self.people)

    @rule(person=_which)
    def somebody_is_removed(self, person: int) -> None:
        people = self.people
        if len(people) > 1:
            people.pop(list(people)[person % len(people)])
            self.edit(people=people)

    @rule(person=_which)
    def somebodys_data_change(self, person: int) -> None:
        people = self.people
        people[list(people)[person % len(people)]] += 1
        self.edit(people=people)

    @rule(agent=st.sampled_from(["agent_A", "agent_B"]), retries=st.integers(0, 2), paused=st.booleans())
    def settings_change(self, agent: str, retries: int, paused: bool) -> None:
        self.edit(agent=agent, retries=retries, paused=paused)

    @rule(ahead=st.sampled_from([None, 100.0, 1800.0, 10_000.0]))
    def scheduled(self, ahead: float | None) -> None:
        self.history.schedule(self.address, ahead)

    @rule(operation=st.sampled_from(["submitCampaign", "stopCampaign"]), do=_answers, times=st.integers(1, 2))
    def an_answer_will_go_wrong(self, operation: str, do: object, times: int) -> None:
        self.history.faults({"match": {"operation": operation, "times": times}, "do": do})

    @rule(operation=st.sampled_from(["listCampaigns", "listLeads", "listCampaignCalls"]), do=_reads, after=_which)
    def reads_will_go_wrong(self, operation: str, do: object, after: int) -> None:
        self.history.faults({"match": {"operation": operation, "after": after % 3, "times": 6}, "do": do})

    @rule(step=st.integers(1, 8), command=st.sampled_from(["apply", "apply", "destroy"]))
    def a_run_that_crashes(self, step: int, command: str) -> None:
        self.history.crash(step, command)

    @rule(seconds=_waits)
    def applied_after_a_while(self, seconds: float) -> None:
        self.history.advance(seconds)
        self.history.apply()

    @rule()
    def applied(self) -> None:
        self.history.apply()


TestVoiceHistories = VoiceHistories.TestCase
TestVoiceHistories.settings = settings(
    max_examples=int(os.environ.get("DIALCTL_HISTORIES", "10")),
    stateful_step_count=12,
    deadline=None,
    derandomize="DIALCTL_HISTORIES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
