"""Bodies of requests and fault rules, and numbers by what happens when they are called."""

from __future__ import annotations

from typing import Any

BATCHES = "/agents/calls/batches"
CAMPAIGNS = "/v1/convai/outbound-campaigns/campaigns"
CALLED_BATCHES = "/v1/convai/batch-calling"
EVENTS = "/v2/ai/assistants/assistant-A/scheduled_events"
VAPI_CAMPAIGNS = "/v2/campaign"
VAPI_ASSISTANT = "4a170597-a0c2-4657-8c32-cb93f080cead"
VAPI_NUMBER = "c6ea6cb0-0dfb-4a65-918f-6a33abb54b64"
PHONE_CALLS, CALL_LIST = "/v2/create-phone-call", "/v3/list-calls"
METADATA, VARIABLES, LEGACY = "2026-03-01", "2026-08-14", "2025-04-16"
"""API versions of Cartesia."""

ADA = "+14155550100"
NO_ANSWER, BUSY, FAILED, AWAY = "+14155550191", "+14155550192", "+14155550193", "+14155550194"
SECOND_TIME, MACHINE, BROKEN = "+14155550195", "+14155550196", "+14155550197"
UNKNOWN_WORD = "+14155550198"
CALLINGBOX_AGENT = "b5a1c9f2-6d2d-4a7f-9f3a-5a2b1c3d4e5f"


def fictional_numbers(count: int) -> list[str]:
    """Numbers without a fixed outcome, at most 798."""
    return [f"+1{area}5550142" for area in range(201, 201 + count)]


def batch_body(*numbers: str, **changes: Any) -> dict[str, Any]:
    """A request for a batch of these numbers (one, if none is given); None takes a field out."""
    body: dict[str, Any] = {
        "name": "reminders",
        "agent_id": "agent_A",
        "from_number_id": "ap_A",
        "recipients": [{"to_number": number} for number in numbers or (ADA,)],
    }
    return {name: value for name, value in (body | changes).items() if value is not None}


def calls_body(*numbers: str, **changes: Any) -> dict[str, Any]:
    """A request for single calls at Cartesia."""
    entries = [{"to_number": number} for number in numbers or (ADA,)]
    return {"agent_id": "agent_A", "from_number_id": "ap_A", "outbound_calls": entries} | changes


def box_body(number: str = ADA, **changes: Any) -> dict[str, Any]:
    """A request for a call at CallingBox."""
    return {"agent_id": CALLINGBOX_AGENT, "to": number} | changes


def campaign_body(*numbers: str, **changes: Any) -> dict[str, Any]:
    """A request for a campaign at ElevenLabs; None takes a field out."""
    body: dict[str, Any] = {
        "call_name": "reminders",
        "agent_id": "agent_A",
        "recipients": [{"phone_number": number} for number in numbers or (ADA,)],
        "channel_config": {"channel": "phone", "agent_phone_number_id": "phnum_A"},
        "variant": "simple",
    }
    return {name: value for name, value in (body | changes).items() if value is not None}


def called_batch_body(*numbers: str, **changes: Any) -> dict[str, Any]:
    """A request for a batch of ElevenLabs' batch calling."""
    recipients = [{"phone_number": number} for number in numbers or (ADA,)]
    return {"call_name": "reminders", "agent_id": "agent_A", "recipients": recipients} | changes


def event_body(number: str = ADA, **changes: Any) -> dict[str, Any]:
    """A request for a scheduled event at Telnyx. Its time has passed unless a test sets one: it calls at once."""
    return {
        "telnyx_conversation_channel": "phone_call",
        "telnyx_agent_target": "+12025550100",
        "telnyx_end_user_target": number,
        "scheduled_at_fixed_datetime": "2026-01-01T00:00:00Z",
    } | changes


def vapi_campaign_body(*numbers: str, **changes: Any) -> dict[str, Any]:
    """A request for a campaign at Vapi; None takes a field out."""
    body: dict[str, Any] = {
        "name": "reminders",
        "assistantId": VAPI_ASSISTANT,
        "phoneNumberId": VAPI_NUMBER,
        "maxConcurrency": 10,
        "customers": [{"number": number} for number in numbers or (ADA,)],
    }
    return {name: value for name, value in (body | changes).items() if value is not None}


def vapi_call_body(number: str = ADA, **changes: Any) -> dict[str, Any]:
    """A request for a call at Vapi."""
    return {"assistantId": VAPI_ASSISTANT, "phoneNumberId": VAPI_NUMBER, "customer": {"number": number}} | changes


def phone_call_body(number: str = ADA, **changes: Any) -> dict[str, Any]:
    """A request for a call at Retell."""
    return {"from_number": "+12025550100", "to_number": number} | changes


def twilio_form(number: str = ADA, **changes: str) -> dict[str, str]:
    """A request for a call at Twilio; an empty text takes a field out."""
    form = {"From": "+12025550100", "To": number, "Url": "https://agent.example.com/twiml"} | changes
    return {name: value for name, value in form.items() if value}


def fault_rule(operation: str, do: Any, **match: Any) -> dict[str, Any]:
    return {"match": {"operation": operation, **match}, "do": do}
