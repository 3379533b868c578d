"""Random histories of scheduled events at Telnyx: whatever is edited, lost or crashes, no one is called more often than
a manifest allowed, and in the end everyone wanted was called.

CI runs a bounded number. A longer run: DIALCTL_HISTORIES=500 pytest tests/protocol/test_telnyx_histories.py
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.protocol.faults_answers import status
from tests.protocol.resource_histories import WHICH, CampaignHistories, bounded

_answers = st.one_of(
    st.sampled_from(["lost_request", "lost_answer", {"late": 30}, {"late": 400}, {"late": 4000}, {"key_life": 0}]),
    st.sampled_from([500, 503, 409]).flatmap(
        lambda code: st.booleans().map(lambda effect: status(code, effect=effect))
    ),
    st.sampled_from([400, 401, 429]).map(lambda code: status(code, effect=False)),
)
_reads = st.sampled_from([status(500, effect=False), {"lag": 60}, {"lag": 600}, {"truncate": 20}, {"retention": 300}])
_REQUESTS = ["createScheduledEvent", "deleteScheduledEvent"]


class TelnyxHistories(CampaignHistories):
    provider = "events"

    @rule(operation=st.sampled_from(_REQUESTS), do=_answers, times=st.integers(1, 2))
    def an_answer_will_go_wrong(self, operation: str, do: object, times: int) -> None:
        self.faults(operation, do, times=times)

    @rule(operation=st.sampled_from(["listScheduledEvents", "getScheduledEvent"]), do=_reads, after=WHICH)
    def reads_will_go_wrong(self, operation: str, do: object, after: int) -> None:
        self.faults(operation, do, after=after % 3, times=6)


TestTelnyxHistories = TelnyxHistories.TestCase
TestTelnyxHistories.settings = bounded(6, 10)
