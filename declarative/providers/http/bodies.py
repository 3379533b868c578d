"""Bodies of requests that dial. A batch's recipients are joined as text, never as one dict per person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import orjson

from declarative.model.mark import METADATA_KEY, Mark
from declarative.model.resource import Json
from declarative.providers.base import Submission


def pick_settings(settings: Mapping[str, Json], fields: Iterable[str]) -> dict[str, Json]:
    """Return the settings that a route accepts, without those that are unset."""
    return {field: settings[field] for field in fields if settings.get(field) is not None}


def batch_body(submission: Submission, name: str, fields: Iterable[str]) -> bytes:
    """Return the JSON of a batch. Without `submission.scheduled_at` the body has none, and the batch starts at once."""
    body: dict[str, object] = {"name": name, **pick_settings(submission.settings, fields)}
    # Protocol 6: the guard's start time goes in here. A request that lands after it is refused by the provider.
    if submission.scheduled_at is not None:
        body["scheduled_at"] = submission.scheduled_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    body["recipients"] = orjson.Fragment(_recipients_json(submission))
    return orjson.dumps(body)


def _recipients_json(submission: Submission) -> bytes:
    import polars as pl

    # Numbers are E.164 and payloads are canonical JSON objects already, so both are inserted unchanged.
    opening = pl.lit('{"to_number":"') + pl.col("number")
    has_no_payload = pl.col("payload").is_null() | (pl.col("payload") == "{}")
    recipient_json = (
        pl.when(has_no_payload).then(opening + '"}').otherwise(opening + '",' + pl.col("payload").str.slice(1))
    )
    return f"[{','.join(submission.recipients.select(recipient_json.alias('item'))['item'])}]".encode()


def single_recipient(submission: Submission) -> tuple[str, dict[str, Json]]:
    """Return the number and the own fields of a single call's one recipient."""
    [(number, payload_json)] = submission.recipients.select("number", "payload").iter_rows()
    return number, orjson.loads(payload_json) if payload_json else {}


def add_mark(data: Json, mark: Mark) -> dict[str, Json]:
    """Return a recipient's metadata or variables with our mark added."""
    # Protocol 4: a call has no name. The mark in its data is the only way to find it again.
    return {**(data if isinstance(data, dict) else {}), METADATA_KEY: str(mark)}
