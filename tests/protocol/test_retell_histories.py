"""Random histories of single calls under a key: whatever is edited, lost or crashes, no one is called more often than a
manifest allowed, and in the end everyone wanted was called.

CI runs a bounded number. A longer run: DIALCTL_HISTORIES=500 pytest tests/protocol/test_retell_histories.py
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.protocol.faults_answers import status
from tests.protocol.resource_histories import ResourceHistories, bounded

_answers = st.one_of(
    st.sampled_from(["lost_request", "lost_answer", {"truncate": 20}, {"late": 30}, {"late": 400}]),
    st.sampled_from([500, 409]).flatmap(lambda code: st.booleans().map(lambda effect: status(code, effect=effect))),
    st.sampled_from([400, 401, 402, 429]).map(lambda code: status(code, effect=False)),
)
_reads = st.sampled_from(
    [status(500, effect=False), {"lag": 600}, {"blind_search": True}, {"unstarted": "first"}, {"unstarted": "last"}]
)


class RetellHistories(ResourceHistories):
    """One lowered Batch."""

    provider = "phone"

    @rule(do=_answers, times=st.integers(1, 2))
    def an_answer_will_go_wrong(self, do: object, times: int) -> None:
        self.faults("createPhoneCall", do, times=times)

    @rule(do=_reads, after=st.integers(0, 1))
    def a_list_will_go_wrong(self, do: object, after: int) -> None:
        self.faults("listCalls", do, after=after, times=6)

    @rule(step=st.integers(1, 8))
    def a_run_that_crashes(self, step: int) -> None:
        self.history.crash(step)

    @rule(seconds=st.sampled_from([1.0, 30.0, 200.0, 2900.0, 3700.0]))
    def applied_after_a_while(self, seconds: float) -> None:
        self.history.advance(seconds)
        self.history.apply()


TestRetellHistories = RetellHistories.TestCase
TestRetellHistories.settings = bounded(5, 8)
