"""Random histories of single calls under a key: whatever is edited, lost or crashes, no one is called more often than a
manifest allowed, and in the end everyone wanted was called.

CI runs a bounded number. A longer run: DIALCTL_HISTORIES=500 pytest tests/protocol/test_retell_histories.py
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

_people = st.lists(st.sampled_from(POOL), min_size=1, max_size=3, unique=True).map(tuple)
_answers = st.one_of(
    st.sampled_from(["lost_request", "lost_answer", {"truncate": 20}, {"late": 30}, {"late": 400}]),
    st.sampled_from([500, 409]).flatmap(lambda code: st.booleans().map(lambda effect: status(code, effect=effect))),
    st.sampled_from([400, 401, 402, 429]).map(lambda code: status(code, effect=False)),
)
_reads = st.sampled_from(
    [status(500, effect=False), {"lag": 600}, {"blind_search": True}, {"unstarted": "first"}, {"unstarted": "last"}]
)


class RetellHistories(RuleBasedStateMachine):
    """One lowered Batch, edited between runs."""

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
    def a_first_batch(self, people: tuple[str, ...]) -> None:
        self.address = self.history.manifests.add("batch", people, "phone").address
        self.history.commit()

    def edit(self, **changes: object) -> None:
        self.history.manifests.edit(self.address, **changes)
        self.history.commit()

    @rule(people=_people)
    def people_are_added(self, people: tuple[str, ...]) -> None:
        known = self.history.manifests.wanted[self.address].people
        self.edit(people=dict.fromkeys(people, 0) | known)

    @rule(which=st.integers(0, 9))
    def somebodys_data_change(self, which: int) -> None:
        people = dict(self.history.manifests.wanted[self.address].people)
        people[list(people)[which % len(people)]] += 1
        self.edit(people=people)

    @rule(agent=st.sampled_from(["agent_A", "agent_B"]), retries=st.integers(0, 1), paused=st.booleans())
    def settings_change(self, agent: str, retries: int, paused: bool) -> None:
        self.edit(agent=agent, retries=retries, paused=paused)

    @rule(do=_answers, times=st.integers(1, 2))
    def an_answer_will_go_wrong(self, do: object, times: int) -> None:
        self.history.faults({"match": {"operation": "createPhoneCall", "times": times}, "do": do})

    @rule(do=_reads, after=st.integers(0, 1))
    def a_list_will_go_wrong(self, do: object, after: int) -> None:
        self.history.faults({"match": {"operation": "listCalls", "after": after, "times": 6}, "do": do})

    @rule(step=st.integers(1, 8))
    def a_run_that_crashes(self, step: int) -> None:
        self.history.crash(step)

    @rule(seconds=st.sampled_from([1.0, 30.0, 200.0, 2900.0, 3700.0]))
    def applied_after_a_while(self, seconds: float) -> None:
        self.history.advance(seconds)
        self.history.apply()

    @rule()
    def applied(self) -> None:
        self.history.apply()


TestRetellHistories = RetellHistories.TestCase
TestRetellHistories.settings = settings(
    max_examples=int(os.environ.get("DIALCTL_HISTORIES", "5")),
    stateful_step_count=8,
    deadline=None,
    derandomize="DIALCTL_HISTORIES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
