"""What may go wrong at the provider in a random history, as the sandbox's fault rules. Data and strategies only."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.protocol.faults_answers import status
from tests.protocol.histories_lies import lies

_DIALING = st.sampled_from(
    ["createCallBatch", "retryCallBatch", "createOutboundCalls", "createCall", "legacyOutboundCall", "cancelCallBatch"]
)
_READING = st.sampled_from(["listCallBatches", "getCallBatch", "listCalls"])

_ANSWERS = st.one_of(
    st.sampled_from(["lost_request", "lost_answer"]),
    st.sampled_from([30, 110, 200, 400]).map(lambda seconds: {"late": seconds}),
    st.tuples(st.sampled_from([500, 503, 409, 429, 400, 401, 402, 404]), st.booleans()).map(
        # A refusal in the provider's own form that took effect all the same would be a lie, not a fault.
        lambda drawn: status(drawn[0], effect=drawn[1] and drawn[0] in (500, 503, 409))
    ),
    st.just({"truncate": 20}),
)
_READS = st.one_of(
    st.just(status(500, effect=False)),
    st.sampled_from([5, 60, 180, 600]).map(lambda seconds: {"lag": seconds}),
    st.just({"edit_items": {"name": None}}),
    st.just({"truncate": 20}),
    st.just({"drop_members": 1}),
)


def _rule(operation: str, do: object, after: int, times: int) -> dict[str, Any]:
    return {"match": {"operation": operation, "after": after, "times": times}, "do": do}


_RULE = st.one_of(
    st.builds(_rule, _DIALING, _ANSWERS, st.integers(0, 1), st.integers(1, 2)),
    st.builds(_rule, _READING, _READS, st.integers(0, 3), st.sampled_from([1, 6, 0])),
    lies,
)
faults = st.lists(_RULE, min_size=1, max_size=3).map(tuple)
