"""Bodies of requests that dial. Knows no HTTP; a batch's recipients never become a dict per person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import orjson

from declarative.model.mark import METADATA_KEY, Mark
from declarative.model.resource import Json
from declarative.providers.base import Submission


def pick_settings(settings: Mapping[str, Json], fields: Iterable[str]) -> dict[str, Json]:
    """Those of the settings that a route takes, without the unset ones."""
    return {field: settings[field] for field in fields if settings.get(field) is not None}


def batch_body(submission: Submission, name: str, fields: Iterable[str]) -> bytes:
    """The JSON of a batch. Without a `scheduled_at` of the submission's own none is sent: the batch starts
    now."""
    body: dict[str, object] = {"name": name, **pick_settings(submission.settings, fields)}
    if submission.scheduled_at is not None:
        body["scheduled_at"] = submission.scheduled_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    body["recipients"] = orjson.Fragment(_recipients_json(submission))
    return orjson.dumps(body)


def _recipients_json(submission: Submission) -> bytes:
    import polars as pl

    # Numbers are E.164 and payloads canonical JSON objects by now, so both go in as they are.
    opening = pl.lit('{"to_number":"') + pl.col("number")
    has_no_payload = pl.col("payload").is_null() | (pl.col("payload") == "{}")
    recipient_json = (
        pl.when(has_no_payload).then(opening + '"}').otherwise(opening + '",' + pl.col("payload").str.slice(1))
    )
    return f"[{','.join(submission.recipients.select(recipient_json.alias('item'))['item'])}]".encode()


def single_recipient(submission: Submission) -> tuple[str, dict[str, Json]]:
    """Number and own fields of the one person of a single call."""
    [(number, payload_json)] = submission.recipients.select("number", "payload").iter_rows()
    return number, orjson.loads(payload_json) if payload_json else {}


def add_mark(data: Json, mark: Mark) -> dict[str, Json]:
    """A person's metadata or variables with our mark in them."""
    return {**(data if isinstance(data, dict) else {}), METADATA_KEY: str(mark)}
