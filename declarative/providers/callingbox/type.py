"""What CallingBox can do, as data. Importing this module imports nothing heavy."""

from __future__ import annotations

from datetime import timedelta

from declarative.model.capabilities import Cancellable, Capabilities, DataLimits, ProviderType
from declarative.model.resource import Route
from declarative.model.settings_fields import SettingsFields

VERSION = "2026-04"
"""The marker of the documentation; requests name no version."""
OUTCOMES = frozenset({"no_answer", "busy", "failed"})
"""The values of `status` for a person who was not reached (callingbox.md 3)."""

_ON_THE_AGENT = "lives on the agent; change the agent, or point to another one"
_NOTES = (
    "Found again by its mark in the list of calls, which may not hold the whole history, so it cannot prove "
    "that a call was never placed. A voicemail counts as no_answer. Every call holds a part of the balance "
    "until it ends; below that amount the provider pauses all calls."
)

CALLINGBOX = ProviderType(
    name="callingbox",
    key_variable="CALLINGBOX_API_KEY",
    url_variable="CALLINGBOX_BASE_URL",
    default_url="https://api.callingbox.io",
    versions=(VERSION,),
    routes={
        VERSION: {
            Route.CALL: Capabilities(
                settings=SettingsFields(
                    names=("agent_id", "from_number", "instructions", "webhook_url"),
                    agent=("agent_id",),
                    caller=("from_number",),
                    lengthy=("instructions",),
                    secret=("webhook_url",),
                ),
                longest_call=timedelta(minutes=75),  # callingbox.md 5, row 1
                data_limits={"context": DataLimits(reserves_mark=False)},
                max_people=1,
                provable=False,
                schedulable=False,
                cancellable=Cancellable.NEVER,
                retryable=False,
                returns_data=True,
                outcomes=OUTCOMES,
                failures=frozenset({"failed"}),
                personal=("metadata", "context"),
                notes=_NOTES,
            )
        }
    },
    placeholders={"agent_id": "00000000-0000-4000-8000-000000000000   # replace with yours"},
    refused={
        "persona": _ON_THE_AGENT,
        "voice": _ON_THE_AGENT,
        "language": _ON_THE_AGENT,
        "returns": _ON_THE_AGENT,
        "tools": _ON_THE_AGENT,
        "voicemail_action": _ON_THE_AGENT,
        "prompt": f"{_ON_THE_AGENT}; what to say on this call goes into instructions",
    },
)
