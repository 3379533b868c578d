"""Tolerant reading of a provider's JSON: fields may be missing, null or of another type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from declarative.model.digest import canonical_json
from declarative.model.mark import METADATA_KEY
from declarative.model.remote import MEMBER_COLUMNS, parse_timestamp
from declarative.model.resource import Json

if TYPE_CHECKING:
    import polars as pl

MemberRow = tuple[str | None, str, str | None, str | None, str | None, str | None, str | None]
"""One row of a members frame, in the order of MEMBER_COLUMNS."""


def text_or_none(value: Json) -> str | None:
    """Return the string; None for an empty one or any other type."""
    return value if isinstance(value, str) and value else None


def int_or_none(value: Json) -> int | None:
    """Return the integer; None for a boolean or any other type."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def dict_or_empty(value: Json) -> dict[str, Json]:
    """Return the JSON object; an empty one for any other type."""
    return value if isinstance(value, dict) else {}


def time_or_none(value: Json) -> datetime | None:
    """Return an ISO 8601 time as aware UTC; None for anything else."""
    return parse_timestamp(value) if isinstance(value, str) else None


def find_mark_text(*data: Json) -> str | None:
    """Return our mark's text from the first of a call's JSON objects that has one."""
    return next((text for value in data if (text := text_or_none(dict_or_empty(value).get(METADATA_KEY)))), None)


def member_payload(data: Mapping[str, Json]) -> str | None:
    """Return a person's returned fields, without our mark, as a canonical JSON object; None where they are empty."""
    payload_fields = {
        field: unmarked
        for field, value in data.items()
        if (unmarked := {key: part for key, part in dict_or_empty(value).items() if key != METADATA_KEY})
    }
    return canonical_json(payload_fields).decode() if payload_fields else None


def members_frame(members: Iterable[MemberRow]) -> pl.DataFrame:
    """Build the members frame of a remote (columns: MEMBER_COLUMNS). Leaves out rows without a full E.164 number."""
    import polars as pl

    from declarative.model.frames import E164

    columns = list(zip(*members, strict=True)) or [()] * len(MEMBER_COLUMNS)
    data = dict(zip(MEMBER_COLUMNS, columns, strict=True))
    frame = pl.DataFrame(data, schema=dict.fromkeys(MEMBER_COLUMNS, pl.String))
    # Protocol 12: a masked number must not count as read. Its row would match no one, and the person would look never
    # called. Left out, it makes the frame shorter than the total, so the batch does not count as read in full.
    return frame.filter(pl.col("number").str.contains(E164))
