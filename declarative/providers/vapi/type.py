"""What Vapi can do, as data: campaigns and single calls. Importing this module imports nothing heavy."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from declarative.model.capabilities import Cancellable, Capabilities, DataLimits, ProviderType
from declarative.model.resource import Route
from declarative.model.settings_fields import SettingsFields

VERSION = "v2"
"""The marker in the path of campaigns; requests name no version."""
FAILURES = frozenset({"twilio-failed-to-connect-call", "vonage-failed-to-connect-call", "vonage-rejected"})
OUTCOMES = FAILURES | {
    "customer-did-not-answer",
    "customer-busy",
    "voicemail",
    "twilio-reported-customer-misdialed",
}
"""The values of `endedReason` for a person who was called and not reached (vapi.md 2.4)."""
MARK_LENGTH = 40
"""Characters of a call's `name` (vapi.md 4)."""

_CALL_SETTINGS = SettingsFields(
    names=("assistantId", "squadId", "phoneNumberId"),
    agent=("assistantId", "squadId"),
    caller_id=("phoneNumberId",),
)
_CAMPAIGN = Capabilities(
    settings=replace(
        _CALL_SETTINGS, names=(*_CALL_SETTINGS.names, "maxConcurrency", "scheduled_at"), at_once="maxConcurrency"
    ),
    max_people=2000,  # vapi.md 5
    max_bytes=10_000_000,  # not documented; gateways such as Amazon's take no more
    person_bytes=96,
    provable=True,
    schedulable=True,
    cancellable=Cancellable.ALWAYS,
    retryable=False,
    returns_data=False,  # vapi.md 2.4
    outcomes=OUTCOMES,
    failures=FAILURES,
    personal=("variableValues", "name"),
    data_limits={  # vapi.md 2.1
        "variableValues": DataLimits(most_bytes=99_999, reserves_mark=False),
        "name": DataLimits(is_text=True, most_characters=40),
    },
    most_ahead=timedelta(days=7),  # vapi.md 3
    least_guard=timedelta(minutes=2),
    refuses_past=False,  # vapi.md 6, row 1
    window=timedelta(hours=1),  # vapi.md 3
    ends_unreached=True,  # vapi.md 2.3
    list_ends=True,  # vapi.md 2.2
    cancel_settles=30.0,  # vapi.md 6, row 13
    notes="Which person's data changed cannot be told, so people of one campaign who wait move together.",
)
_CALL = replace(
    _CAMPAIGN,
    settings=_CALL_SETTINGS,
    max_people=1,
    provable=False,  # vapi.md 4
    schedulable=False,
    cancellable=Cancellable.NEVER,
    window=None,
    ends_unreached=False,
    mark_length=MARK_LENGTH,
    notes="Vapi does not return what was sent with a call: its name alone says whose it is.",
)

_SET_BY_US = "is set by dialctl"
VAPI = ProviderType(
    name="vapi",
    key_variable="VAPI_API_KEY",
    url_variable="VAPI_BASE_URL",
    default_url="https://api.vapi.ai",
    versions=(VERSION,),
    routes={VERSION: {Route.BATCH: _CAMPAIGN, Route.CALL: _CALL}},
    refused={
        "duplicateFromCampaignId": "would copy the people of another campaign and call them at once",
        "dialPlan": "is of older campaigns; write phoneNumberId and recipients",
        "workflowId": "is of older campaigns; write assistantId or squadId",
        "schedulePlan": "is written as scheduled_at and expires_at",
        "predialPlan": "asks a server before each call; dialctl has none",
        "customers": "is written as recipients",
        "customer": "is written as to_number",
        "assistantOverrides": "is written as variableValues, for each recipient",
        "name": "is a person's; the campaign's is written as display_name",
    },
    placeholders={
        "assistantId": "assistant-replace-with-yours",
        "phoneNumberId": "number-replace-with-yours",
        "maxConcurrency": "10",
    },
)
