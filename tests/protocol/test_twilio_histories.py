"""Random histories of single calls without mark, key or time: whatever is edited, lost, queued or crashes, no one is
called more often than a manifest allowed, and in the end everyone wanted was called.

CI runs a bounded number. A longer run: DIALCTL_HISTORIES=500 pytest tests/protocol/test_twilio_histories.py
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
    st.sampled_from([20, 300, 90_000]).map(lambda seconds: {"queued_before": seconds}),
)
_cancels = st.sampled_from(["lost_request", "lost_answer", status(500, effect=False), status(400, effect=False)])
_reads = st.sampled_from([status(500, effect=False), "lost_answer", {"lag": 600}])


class TwilioHistories(ResourceHistories):
    """One lowered Batch."""

    provider = "queue"

    @rule(do=_answers, times=st.integers(1, 2))
    def an_answer_will_go_wrong(self, do: object, times: int) -> None:
        self.faults("createCall", do, times=times)

    @rule(do=_cancels, seconds=st.sampled_from([100, 300]))
    def the_queue_is_long_and_a_cancel_goes_wrong(self, do: object, seconds: int) -> None:
        self.history.faults(
            {"match": {"operation": "createCall"}, "do": {"queued_before": seconds}},
            {"match": {"operation": "updateCall", "times": 8}, "do": do},
        )

    @rule(do=_reads, operation=st.sampled_from(["getCall", "listCalls"]), times=st.integers(1, 6))
    def a_read_will_go_wrong(self, do: object, operation: str, times: int) -> None:
        self.faults(operation, do, times=times)

    @rule(step=st.integers(1, 12))
    def a_run_that_crashes(self, step: int) -> None:
        self.history.crash(step)

    @rule(seconds=st.sampled_from([1.0, 30.0, 200.0, 3700.0]))
    def applied_after_a_while(self, seconds: float) -> None:
        self.history.advance(seconds)
        self.history.apply()


TestTwilioHistories = TwilioHistories.TestCase
TestTwilioHistories.settings = bounded(6, 8)
