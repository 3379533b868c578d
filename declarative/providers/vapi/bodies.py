"""Bodies of Vapi's requests that dial (vapi.md 2.1 and 4)."""

from __future__ import annotations

from datetime import datetime

import orjson

from declarative.model import mark
from declarative.model.resource import Json
from declarative.providers.base import Submission
from declarative.providers.http.bodies import pick_settings, recipients_json, single_recipient

_AGENTS = ("assistantId", "squadId")


def campaign_body(submission: Submission, starts_at: datetime) -> bytes:
    """Return the JSON of a campaign. Without a start of its own it starts at `starts_at`: an end needs a start."""
    settings, earliest = submission.settings, submission.scheduled_at or starts_at
    plan = {"earliestAt": format_moment(earliest)}
    if submission.ends_at is not None:
        plan["latestAt"] = format_moment(max(earliest, submission.ends_at))
    body = {
        "name": mark.batch_name(submission.label, submission.mark),
        **pick_settings(settings, (*_AGENTS, "phoneNumberId", "maxConcurrency")),
        "schedulePlan": plan,
        "customers": recipients_json(
            submission, number_field="number", data_field=_overrides_field(submission), beside_data="name"
        ),
    }
    return orjson.dumps(body)


def call_body(submission: Submission) -> bytes:
    """Return the JSON of a single call, whose name is the mark."""
    number, payload = single_recipient(submission)
    customer: dict[str, Json] = {"number": number, **({"name": payload.pop("name")} if "name" in payload else {})}
    body: dict[str, Json] = {
        "name": str(submission.mark),
        **pick_settings(submission.settings, (*_AGENTS, "phoneNumberId")),
        "customer": {**customer, **({_overrides_field(submission): payload} if payload else {})},
    }
    return orjson.dumps(body)


def _overrides_field(submission: Submission) -> str:
    return "assistantOverrides" if submission.settings.get("assistantId") is not None else "squadOverrides"


def format_moment(moment: datetime) -> str:
    """Return an ISO 8601 time in UTC with milliseconds."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
