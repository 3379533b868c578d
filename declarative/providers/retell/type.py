"""What Retell can do, as data: single calls with an idempotency key. Importing this module imports nothing heavy."""

from __future__ import annotations

from datetime import timedelta

from declarative.model.capabilities import Cancellable, Capabilities, DataLimits, ProviderType
from declarative.model.resource import Route
from declarative.model.settings_fields import SettingsFields

VERSION = "v2"
"""The marker in the path of a call; requests name no version of the whole API."""
OUTCOMES = frozenset(
    {
        "dial_busy",
        "dial_no_answer",
        "dial_failed",
        "user_declined",
        "marked_as_spam",
        "network_blocked",
        "invalid_destination",
        "sip_routing_error",
        "telephony_provider_permission_denied",
        "telephony_provider_unavailable",
        "voicemail_reached",
    }
)
"""The values of `disconnection_reason` for a person who was not reached (retell.md 2.2)."""
FAULTS = frozenset(
    {
        "error_llm_websocket_open",
        "error_llm_websocket_lost_connection",
        "error_llm_websocket_runtime",
        "error_llm_websocket_corrupt_payload",
        "error_no_audio_received",
        "error_asr",
        "error_retell",
        "error_unknown",
        "error_user_not_joined",
        "registered_call_timeout",
    }
)
"""The values for a call that broke. Whether anybody was called, they do not tell."""
_FAILURES = frozenset(
    {"dial_failed", "sip_routing_error", "telephony_provider_permission_denied", "telephony_provider_unavailable"}
)
_BATCHES_ARE_NOT_USED = (
    "Retell's own batches can be neither listed, read nor cancelled, so nobody could tell after a lost answer who is "
    "called; a Batch is placed as single calls"
)
_OF_A_BATCH = "belongs to Retell's own batches, which can be neither listed, read nor cancelled and are not used"

RETELL = ProviderType(
    name="retell",
    key_variable="RETELL_API_KEY",
    url_variable="RETELL_BASE_URL",
    default_url="https://api.retellai.com",
    versions=(VERSION,),
    routes={
        VERSION: {
            Route.CALL: Capabilities(
                settings=SettingsFields(
                    names=("from_number", "override_agent_id", "override_agent_version"),
                    agent=("override_agent_id",),
                    caller=("from_number",),
                ),
                max_people=1,
                provable=False,  # retell.md 2.3
                schedulable=False,
                cancellable=Cancellable.NEVER,  # retell.md 2.4
                retryable=False,
                returns_data=True,
                outcomes=OUTCOMES,
                failures=FAULTS | _FAILURES,
                personal=("retell_llm_dynamic_variables", "metadata"),
                data_limits={
                    "retell_llm_dynamic_variables": DataLimits(is_flat=True, reserves_mark=False),
                    "metadata": DataLimits(most_bytes=940),  # retell.md 5, row 5: the mark takes the rest
                },
                idempotent_for=timedelta(hours=1),  # retell.md 5, row 1
                longest_call=timedelta(minutes=75),  # retell.md 5, row 6
                destinations="Retell's own numbers reach US destinations only",
            )
        }
    },
    no_batches=_BATCHES_ARE_NOT_USED,
    refused={
        "agent_id": "is written as override_agent_id",
        "dynamic_variables": "is written as retell_llm_dynamic_variables",
        "scheduled_at": "cannot be kept: Retell calls at once; run apply at that time, or write calling_hours",
        "trigger_timestamp": _OF_A_BATCH,
        "call_time_window": f"{_OF_A_BATCH}; write calling_hours",
        "reserved_concurrency": f"{_OF_A_BATCH}; write pace.max_in_flight",
        "tasks": _OF_A_BATCH,
        "idempotency_key": "is set by dialctl",
        "honor_internal_dnc": "is set by dialctl: always true",
        "agent_override": "belongs on the agent",
        "ignore_e164_validation": "is not taken: numbers are E.164",
    },
    placeholders={"from_number": '"+14155550100"', "override_agent_id": "agent_0000000000   # replace with yours"},
)
