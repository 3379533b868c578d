"""A provider type from outside, as data: its settings and personal fields are named as nobody else's, and it has
batches of one alone."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from declarative.model.capabilities import Cancellable, Capabilities, DataLimits, ProviderType
from declarative.model.resource import Route
from declarative.model.settings_fields import SettingsFields

EVENTS = Capabilities(
    settings=SettingsFields(
        names=("speakerId", "lineNumber", "tone", "scheduled_at"),
        agent=("speakerId",),
        caller=("lineNumber",),
        secret=("tone",),
    ),
    max_people=1,
    provable=True,
    schedulable=True,
    cancellable=Cancellable.BEFORE_START,
    retryable=False,
    returns_data=True,
    outcomes=frozenset({"no-answer"}),
    personal=("details",),
    data_limits={"details": DataLimits(most_keys=2, is_flat=True)},
    most_ahead=timedelta(days=5),
    least_guard=timedelta(minutes=3),
    idempotent_for=timedelta(hours=24),
    key_separators=":-",
)


def relay_type(schema_directory: Path) -> ProviderType:
    """The type, with its schema written into a directory."""
    text = {"type": "string", "minLength": 1}
    settings = {"speakerId": text, "lineNumber": text, "tone": text, "scheduled_at": {"type": "string"}}
    personal = {"details": {"type": "object", "propertyNames": {"not": {"const": "dialctl"}}}}
    schema = {
        "$defs": {
            "Batch": {"type": "object", "x-required": ["speakerId"], "properties": settings},
            "Call": {"type": "object", "x-required": ["speakerId"], "properties": {**settings, **personal}},
        }
    }
    path = schema_directory / "providers" / "relay.v1.schema.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(schema))
    return ProviderType(
        name="relay",
        key_variable="RELAY_API_KEY",
        url_variable="RELAY_BASE_URL",
        default_url="https://relay.example",
        versions=("1",),
        routes={"1": {Route.BATCH: EVENTS}},
        refused={},
        schemas=schema_directory,
    )
