"""Bodies of requests that dial. Knows no HTTP; a batch's recipients never become a dict per person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import orjson

from declarative.model.mark import METADATA_KEY, Mark
from declarative.model.resource import Json
from declarative.providers.base import Submission


def chosen(settings: Mapping[str, Json], fields: Iterable[str]) -> dict[str, Json]:
    """Those of the settings that a route takes, without the unset ones."""
    return {field: settings[field] for field in fields if settings.get(field) is not None}


def batch_body(submission: Submission, name: str, fields: Iterable[str]) -> bytes:
    """The JSON of a batch. Without a `scheduled_at` of the submission's own none is sent: the batch starts
    now."""
    body: dict[str, object] = {"name": name, **chosen(submission.settings, fields)}
    if submission.scheduled_at is not None:
        body["scheduled_at"] = submission.scheduled_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    body["recipients"] = orjson.Fragment(_recipients(submission))
    return orjson.dumps(body)


def _recipients(submission: Submission) -> bytes:
    import polars as pl

    # Numbers are E.164 and payloads canonical JSON objects by now, so both go in as they are.
    start = pl.lit('{"to_number":"') + pl.col("number")
    bare = pl.col("payload").is_null() | (pl.col("payload") == "{}")
    item = pl.when(bare).then(start + '"}').otherwise(start + '",' + pl.col("payload").str.slice(1))
    return f"[{','.join(submission.people.select(item.alias('item'))['item'])}]".encode()


def person(submission: Submission) -> tuple[str, dict[str, Json]]:
    """Number and own fields of the one person of a single call."""
    [(number, payload)] = submission.people.select("number", "payload").iter_rows()
    return number, orjson.loads(payload) if payload else {}


def marked(data: Json, mark: Mark) -> dict[str, Json]:
    """A person's metadata or variables with our mark in them."""
    return {**(data if isinstance(data, dict) else {}), METADATA_KEY: str(mark)}
