"""What Cartesia can do, as data, by API version and route. Importing this module imports nothing heavy."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from declarative.model.capabilities import Cancellable, Capabilities, DataLimits, ProviderType
from declarative.model.resource import Route
from declarative.model.settings_fields import SettingsFields

METADATA_VERSION = "2026-03-01"
VARIABLES_VERSION = "2026-08-14"
LEGACY_VERSION = "2025-04-16"

OUTCOMES = frozenset({"dial_no_answer", "dial_busy", "dial_failed"})
"""The values of `end_reason` for a person who was not reached (cartesia.md 3.4)."""
FAILURES = frozenset({"dial_failed", "error"})
"""The values of `end_reason` for a call that failed (cartesia.md 3.4)."""

_CALL_FIELDS = ("agent_id", "from_number_id", "ringing_timeout_seconds", "max_call_duration_minutes")
_BATCH_FIELDS = (*_CALL_FIELDS, "target_concurrency_limit", "scheduled_at")
_CALL_SETTINGS = SettingsFields(names=_CALL_FIELDS, agent=("agent_id",), caller_id=("from_number_id",))
_BATCH_SETTINGS = replace(_CALL_SETTINGS, names=_BATCH_FIELDS, at_once="target_concurrency_limit")
_VARIABLES = DataLimits(  # cartesia.md 2.1.1 and 5.4
    most_keys=64,
    most_bytes=16_384,
    key_pattern=r"[A-Za-z_][A-Za-z0-9_]{0,63}",
    key_description="up to 64 letters, digits and underscores and does not begin with a digit",
    reserved_prefixes=("system__", "secret__"),
    is_flat=True,
)

_BATCH = Capabilities(
    settings=_BATCH_SETTINGS,
    most_ahead=timedelta(days=29),  # it takes 30 days; a day of margin (cartesia.md 7, row 1)
    max_people=5000,
    max_bytes=10_000_000,  # not documented (cartesia.md 2.5); gateways such as Amazon's take no more
    provable=True,
    schedulable=True,
    cancellable=Cancellable.ALWAYS,
    retryable=True,
    returns_data=True,
    outcomes=OUTCOMES,
    failures=FAILURES,
    personal=("metadata",),
    refuses_past=True,  # `scheduled_at` must be in the future (cartesia.md 2.5)
    cancel_settles=0.0,  # a recipient who reads `cancelled` was not dialed (cartesia.md 7, row 4)
    per_second=1.0,
    destinations="Cartesia's own numbers reach US destinations only",
    notes="The provider's own retry calls everyone who was not reached; selected people go into a new batch.",
)
_CALL = Capabilities(
    settings=_CALL_SETTINGS,
    max_people=1,
    provable=False,
    schedulable=False,
    cancellable=Cancellable.NEVER,
    retryable=False,
    returns_data=True,
    outcomes=OUTCOMES,
    failures=FAILURES,
    personal=("metadata",),
    per_second=1.0,
    destinations="Cartesia's own numbers reach US destinations only",
    notes="Found again by its mark in the agent's list of calls; that list cannot prove that a call was "
    "never placed. A redacted or zero-retention call loses its mark.",
)

CARTESIA = ProviderType(
    name="cartesia",
    key_variable="CARTESIA_API_KEY",
    url_variable="CARTESIA_BASE_URL",
    default_url="https://api.cartesia.ai",
    versions=(METADATA_VERSION, VARIABLES_VERSION, LEGACY_VERSION),
    routes={
        METADATA_VERSION: {Route.BATCH: _BATCH, Route.CALL: _CALL},
        VARIABLES_VERSION: {
            Route.BATCH: replace(
                _BATCH,
                returns_data=False,
                settings=replace(_BATCH_SETTINGS, names=(*_BATCH_FIELDS, "region")),
                personal=("dynamic_variables",),
                data_limits={"dynamic_variables": _VARIABLES},
                notes=f"{_BATCH.notes} Recipients come back without their variables: a change is known for a whole "
                "shard only, not for each person.",
            ),
            Route.CALL: replace(
                _CALL,
                personal=("dynamic_variables",),
                # Our mark is one of the 64.
                data_limits={"dynamic_variables": replace(_VARIABLES, most_keys=63)},
                notes=f"{_CALL.notes} Our mark is one of the 64 variables; variables read back after the "
                "call are their final values.",
            ),
        },
        LEGACY_VERSION: {
            Route.CALL: replace(
                _CALL,
                settings=SettingsFields(names=("agent_id",), agent=("agent_id",)),
                returns_data=False,
                outcomes=frozenset(),
                failures=frozenset(),
                notes="An old route whose answer is not documented: any 2xx counts as placed. Its calls show "
                "neither our mark nor why they ended, so a person must settle a lost answer, and people who "
                "were not reached are not called again. The agent's own number is the caller. Move to "
                f'api_version "{METADATA_VERSION}".',
            ),
        },
    },
    refused={},
    placeholders={
        "agent_id": "agent_replace_with_yours",
        "from_number_id": "ap_replace_with_yours",
        "ringing_timeout_seconds": "30",
    },
)
