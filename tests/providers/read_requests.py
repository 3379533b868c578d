"""Every read of a channel, as data, and what may be made of its answers."""

from __future__ import annotations

from declarative.model import mark
from declarative.model.remote import Remote
from declarative.model.resource import Json, Route
from declarative.providers.base import EVERY_AGENT, Channel
from tests.providers.scripted_provider import MARK, batch, pages_of

PERSON: dict[str, Json] = {
    "to_number": "+14155550101",
    "status": "queued",
    "agent_call_id": None,
    "end_reason": None,
    "error_message": None,
    "metadata": {"plan": "pro"},
}
CALL: dict[str, Json] = {
    "id": "c-1",
    "agent_id": "agent_1",
    "to_number": "+14155550101",
    "telephony_params": {"to": "+14155550101", "direction": "outbound"},
    "status": "completed",
    "end_reason": "agent_hangup",
    "created_at": "2026-06-14T12:00:00Z",
    "start_time": "2026-06-14T12:00:00Z",
    "metadata": {"dialctl": str(MARK)},
    "context": {"a": 1},
    "answered_by": "human",
}
ENDED_CALL: dict[str, Json] = {
    "call_id": "call_1",
    "call_status": "ended",
    "agent_id": "agent_1",
    "to_number": "+14155550101",
    "direction": "outbound",
    "disconnection_reason": "user_hangup",
    "start_timestamp": 1_781_438_400_000,
    "end_timestamp": 1_781_438_460_000,
    "metadata": {"dialctl": str(MARK), "plan": "pro"},
    "retell_llm_dynamic_variables": {"first_name": "Ada"},
    "call_analysis": {"call_successful": True},
}
"""A call at Retell."""
COMPLETED_CALL: dict[str, Json] = {
    "sid": "CA00000000000000000000000000000001",
    "to": "+14155550101",
    "from": "+12025550100",
    "status": "completed",
    "direction": "outbound-api",
    "date_created": "Sun, 14 Jun 2026 12:00:00 +0000",
    "date_updated": "Sun, 14 Jun 2026 12:02:00 +0000",
    "start_time": "Sun, 14 Jun 2026 12:00:01 +0000",
    "end_time": "Sun, 14 Jun 2026 12:02:00 +0000",
    "duration": "110",
    "queue_time": "1000",
    "answered_by": "human",
}
"""A call at Twilio."""
READS: list[tuple[str, str, Route, Json, Json]] = [
    ("cartesia", "2026-03-01", Route.BATCH, batch(recipients=[PERSON, PERSON]), {"data": [batch()], "has_more": False}),
    ("cartesia", "2026-08-14", Route.CALL, CALL, {"data": [CALL], "has_more": False}),
    ("callingbox", "2026-04", Route.CALL, CALL, {"data": [CALL], "has_more": False}),
    ("retell", "v2", Route.CALL, ENDED_CALL, {"items": [ENDED_CALL], "has_more": False}),
    ("twilio", "2010-04-01", Route.CALL, COMPLETED_CALL, {"calls": [COMPLETED_CALL], "next_page_uri": None}),
]
"""Type, version and route; a good answer to a read of one remote, and one to the list."""


def read_one(channel: Channel) -> list[Remote]:
    remote = channel.read("acb_1")
    return [] if remote is None else [remote]


def read_list(channel: Channel) -> list[Remote]:
    agents = [EVERY_AGENT, "agent_1"] if channel.capabilities.provable else ["agent_1"]
    return [remote for page in pages_of(channel, agents) for remote in page]


def assert_usable(remote: Remote) -> None:
    """What goes on to paths, the lock, terminals and frames."""
    assert remote.id == "" or mark.parse(remote.id) or (len(remote.id) <= 200 and "/" not in remote.id)
    assert remote.id not in (".", "..")
    assert -1 <= remote.total <= 10**9
    assert 0 <= remote.dispatched <= 10**9
    assert 0 <= remote.finished <= 10**9
    assert len(remote.status) <= 100
    assert len(remote.last_updated_at) <= 100
    assert remote.created_at is None or remote.created_at.year >= 2010
    assert remote.mark is None or len(str(remote.mark)) <= mark.MAX_LENGTH
