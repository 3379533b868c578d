"""Random histories of campaigns at ElevenLabs: whatever is edited, lost or crashes, no one is called more often than a
manifest allowed, and in the end everyone wanted was called.

CI runs a bounded number. A longer run: DIALCTL_HISTORIES=500 pytest tests/protocol/test_voice_histories.py
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.protocol.faults_answers import status
from tests.protocol.resource_histories import WHICH, CampaignHistories, bounded

_answers = st.one_of(
    st.sampled_from(["lost_request", "lost_answer", {"truncate": 20}, {"late": 30}, {"late": 400}, {"key_life": 0}]),
    st.sampled_from([500, 503, 409]).flatmap(
        lambda code: st.booleans().map(lambda effect: status(code, effect=effect))
    ),
    st.sampled_from([400, 401, 429]).map(lambda code: status(code, effect=False)),
)
_reads = st.sampled_from([status(500, effect=False), {"lag": 60}, {"lag": 600}, {"truncate": 20}, {"retention": 300}])


class VoiceHistories(CampaignHistories):
    provider = "eleven"

    @rule(
        operation=st.sampled_from(["submitCampaign", "stopCampaign", "removeLead"]),
        do=_answers,
        times=st.integers(1, 2),
    )
    def an_answer_will_go_wrong(self, operation: str, do: object, times: int) -> None:
        self.faults(operation, do, times=times)

    @rule(operation=st.sampled_from(["listCampaigns", "listLeads", "listCampaignCalls"]), do=_reads, after=WHICH)
    def reads_will_go_wrong(self, operation: str, do: object, after: int) -> None:
        self.faults(operation, do, after=after % 3, times=6)


TestVoiceHistories = VoiceHistories.TestCase
TestVoiceHistories.settings = bounded(10, 12)
