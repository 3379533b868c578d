"""What CallingBox can do, as data. Knows no connection; importing it imports nothing heavy."""

from __future__ import annotations

from declarative.model.capabilities import Capabilities, ProviderType
from declarative.model.resource import Route

VERSION = "2026-04"  # the docs' own marker: no request carries a version
OUTCOMES = frozenset({"no_answer", "busy", "failed"})

_ON_THE_AGENT = "lives on the agent; change the agent, or point to another one"
_NOTES = (
    "Found again by its mark in the list of calls, which has no pages and may be capped, so it cannot prove "
    "that a call was never placed. A voicemail reads no_answer. Every call holds a part of the balance until "
    "it ends; below the hold the provider pauses all calls."
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
                max_people=1,
                provable=False,
                schedulable=False,
                cancellable=False,
                retryable=False,
                returns_data=True,
                outcomes=OUTCOMES,
                personal=("metadata", "context"),
                notes=_NOTES,
            )
        }
    },
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
