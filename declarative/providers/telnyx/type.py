"""What Telnyx can do, as data: scheduled events of AI assistants, one person each. Importing it is cheap."""

from __future__ import annotations

from datetime import timedelta

from declarative.model.capabilities import Cancellable, CancelProof, Capabilities, DataLimits, ProviderType
from declarative.model.resource import Route
from declarative.model.settings_fields import SettingsFields

VERSION = "v2"
"""The marker in the vendor's base URL; requests name no version."""
OUTCOMES = frozenset({"busy", "no-answer", "failed", "canceled"})
"""The values of `call_status` for a person who was not reached (telnyx.md 2.2)."""
_PLAIN = DataLimits(is_flat=True)
_SET_BY_US = "is set by dialctl"

TELNYX = ProviderType(
    name="telnyx",
    key_variable="TELNYX_API_KEY",
    url_variable="TELNYX_BASE_URL",
    default_url="https://api.telnyx.com/v2",
    versions=(VERSION,),
    routes={
        VERSION: {
            Route.BATCH: Capabilities(
                settings=SettingsFields(
                    names=("assistant_id", "telnyx_agent_target", "sip_region", "scheduled_at"),
                    agent=("assistant_id",),
                    caller=("telnyx_agent_target",),
                ),
                max_people=1,
                provable=True,
                schedulable=True,
                cancellable=Cancellable.BEFORE_START,  # telnyx.md 4
                cancel_proof=CancelProof.ABSENCE,  # telnyx.md 2.5
                retryable=False,
                returns_data=True,
                outcomes=OUTCOMES,
                failures=frozenset({"failed"}),
                personal=("dynamic_variables", "conversation_metadata"),
                data_limits={"dynamic_variables": _PLAIN, "conversation_metadata": _PLAIN},
                most_ahead=timedelta(days=29),  # telnyx.md 5
                least_guard=timedelta(minutes=2),
                refuses_past=False,  # telnyx.md 7, row 1
                idempotent_for=timedelta(hours=24),  # telnyx.md 6
                key_separators="::",
                cancel_settles=0.0,  # telnyx.md 7, row 14
                notes="One request for each person. A voicemail counts as reached.",
            )
        }
    },
    refused={
        "scheduled_at_fixed_datetime": "is written as scheduled_at",
        "telnyx_end_user_target": "is written as to_number",
        "telnyx_conversation_channel": _SET_BY_US,
        "max_retries_client_errors": f"{_SET_BY_US}: its own retries are off; write retry",
        "retry_interval_secs": f"{_SET_BY_US}: its own retries are off; write retry.after",
        "call_settings": "is written as sip_region",
        "text": "is for messages; dialctl calls phones",
    },
    placeholders={
        "assistant_id": "assistant-replace-with-yours",
        "telnyx_agent_target": '"+14155550100"',
        "sip_region": "US",
    },
)
