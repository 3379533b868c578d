"""Bodies of requests that dial. A batch's recipients are joined as text, never as one dict per person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING

import orjson

from declarative.model.mark import METADATA_KEY, Mark
from declarative.model.resource import Json
from declarative.providers.base import Submission

if TYPE_CHECKING:
    import polars as pl


def pick_settings(settings: Mapping[str, Json], fields: Iterable[str]) -> dict[str, Json]:
    """Return the settings that a route accepts, without those that are unset."""
    return {field: settings[field] for field in fields if settings.get(field) is not None}


_MEMBER = r'"%s":(?:"(?:[^"\\]|\\.)*")'
"""A member of canonical JSON whose value is a text, by its name."""


def recipients_json(
    submission: Submission, *, number_field: str, data_field: str = "", beside_data: str = ""
) -> orjson.Fragment:
    """Return the people of a batch as a JSON array, to be put into its body.

    Each is an object with the number under `number_field`, and the person's own fields beside it, or in an object under
    `data_field` where one is named. The field `beside_data`, which is one text and the first by name, is
    not put into that object.
    """
    items = submission.recipients.select(_recipient_json(number_field, data_field, beside_data)).to_series()
    return orjson.Fragment(f"[{','.join(items)}]".encode())


@cache
def _recipient_json(number_field: str, data_field: str, beside_data: str) -> pl.Expr:
    """Return the object of a person as text. The expression is made once: to make it takes as long as its use."""
    import polars as pl

    # Numbers are E.164 and payloads are canonical JSON objects already, so both are inserted unchanged.
    opening = pl.lit(f'{{"{number_field}":"') + pl.col("number")
    has_no_payload = pl.col("payload").is_null() | (pl.col("payload") == "{}")
    payload = pl.col("payload")
    if beside_data:
        member = _MEMBER % beside_data
        beside = payload.str.extract(rf"^\{{({member})[,}}]").fill_null("")
        opening += pl.when(beside == "").then(pl.lit("")).otherwise('","' + beside.str.slice(1).str.strip_suffix('"'))
        payload = payload.str.replace(rf"^\{{{member},?", "{")
        has_no_payload = payload.is_null() | (payload == "{}")
    with_data = pl.lit(f'","{data_field}":') + payload + "}" if data_field else '",' + payload.str.slice(1)
    return pl.when(has_no_payload).then(opening + '"}').otherwise(opening + with_data)


def single_recipient(submission: Submission) -> tuple[str, dict[str, Json]]:
    """Return the number and the own fields of a single call's one recipient."""
    [(number, payload_json)] = submission.recipients.select("number", "payload").iter_rows()
    return number, orjson.loads(payload_json) if payload_json else {}


def add_mark(data: Json, mark: Mark) -> dict[str, Json]:
    """Return a recipient's metadata or variables with our mark added."""
    # Protocol 4: a call has no name. The mark in its data is the only way to find it again.
    return {**(data if isinstance(data, dict) else {}), METADATA_KEY: str(mark)}


def as_text(value: Json) -> str:
    """Return a value as an API takes it that knows text alone: JSON, where it is no text."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
