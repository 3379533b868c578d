"""What ElevenLabs can do, as data, by API. Importing this module imports nothing heavy."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from declarative.model.capabilities import Cancellable, Capabilities, ProviderType
from declarative.model.resource import Route
from declarative.model.settings_fields import SettingsFields

CAMPAIGN_VERSION = "campaigns"
BATCH_VERSION = "batch-calling"

OUTCOMES = frozenset({"voicemail", "busy", "no_answer", "failed"})
"""The values of `call_result` for a person who was not reached (elevenlabs.md 2.4)."""

_SETTINGS = SettingsFields(
    names=(
        "agent_id",
        "agent_phone_number_id",
        "target_concurrency_limit",
        "ringing_timeout_secs",
        "branch_id",
        "environment",
        "scheduled_at",
    ),
    agent=("agent_id",),
    caller_id=("agent_phone_number_id",),
    at_once="target_concurrency_limit",
)
_CAMPAIGN = Capabilities(
    settings=_SETTINGS,
    max_people=5000,  # elevenlabs.md 8, row 2
    max_bytes=10_000_000,  # not documented; gateways such as Amazon's take no more
    person_bytes=96,
    provable=True,
    schedulable=True,
    cancellable=Cancellable.ALWAYS,
    retryable=False,
    returns_data=True,
    outcomes=OUTCOMES,
    failures=frozenset({"failed"}),
    personal=("dynamic_variables",),
    most_ahead=timedelta(days=29),  # elevenlabs.md 8, row 6
    least_guard=timedelta(minutes=2),
    refuses_past=False,  # elevenlabs.md 8, row 5
    idempotent_for=timedelta(hours=1),  # elevenlabs.md 8, row 3
    cancel_settles=0.0,  # elevenlabs.md 8, row 15
    finds_marks=True,  # elevenlabs.md 2.2: search
    most_removals=100,  # elevenlabs.md 2.5: one request each; a stop is quicker than more of them
    notes="Calls each person once; the provider's own retries, callbacks and redirects are switched off.",
)
_BATCH = replace(
    _CAMPAIGN,
    cancellable=Cancellable.BEFORE_START,  # elevenlabs.md 3.4
    outcomes=frozenset({"voicemail", "failed"}),
    idempotent_for=None,
    most_removals=0,
    finds_marks=False,
    notes="After its start a cancel marks everybody as cancelled, those who were called too, so nobody of such a batch "
    "is called again; busy and no answer both read failed.",
)

_SET_BY_US = "is set by dialctl"
ELEVENLABS = ProviderType(
    name="elevenlabs",
    key_variable="ELEVENLABS_API_KEY",
    url_variable="ELEVENLABS_BASE_URL",
    default_url="https://api.elevenlabs.io",
    versions=(CAMPAIGN_VERSION, BATCH_VERSION),
    routes={CAMPAIGN_VERSION: {Route.BATCH: _CAMPAIGN}, BATCH_VERSION: {Route.BATCH: _BATCH}},
    refused={
        "phone_numbers": "would call further numbers of a person; give each person one to_number",
        "whatsapp_user_id": "is for messages; dialctl calls phones",
        "variant": _SET_BY_US,
        "idempotency_key": _SET_BY_US,
        "call_name": "is written as display_name",
        "scheduled_time_unix": "is written as scheduled_at, in RFC 3339",
        "channel_config": "is written as agent_phone_number_id and ringing_timeout_secs",
        "telephony_call_config": "is written as ringing_timeout_secs",
    },
    placeholders={
        "agent_id": "agent_replace_with_yours",
        "agent_phone_number_id": "phnum_replace_with_yours",
        "ringing_timeout_secs": "30",
    },
)
