"""Tolerant reading of a provider's JSON: fields may be missing, null or of another type. Knows no field's
name and no provider."""

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
    """The string, None for an empty one or anything else."""
    return value if isinstance(value, str) and value else None


def int_or_none(value: Json) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def dict_or_empty(value: Json) -> dict[str, Json]:
    """The object, an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def time_or_none(value: Json) -> datetime | None:
    return parse_timestamp(value) if isinstance(value, str) else None


def find_mark_text(*data: Json) -> str | None:
    """Our mark's text in the first of a call's objects that carries one."""
    return next((text for value in data if (text := text_or_none(dict_or_empty(value).get(METADATA_KEY)))), None)


def member_payload(data: Mapping[str, Json]) -> str | None:
    """The canonical JSON object of a person's echoed fields without our mark; null where nothing is left."""
    payload_fields = {
        field: unmarked
        for field, value in data.items()
        if (unmarked := {key: part for key, part in dict_or_empty(value).items() if key != METADATA_KEY})
    }
    return canonical_json(payload_fields).decode() if payload_fields else None


def members_frame(members: Iterable[MemberRow]) -> pl.DataFrame:
    """People whose number cannot be read, masked ones among them, are left out, so that the frame falls short of
    the total: as a row without a whole number they would match nobody, and whoever they are would look never
    called."""
    import polars as pl

    from declarative.model.frames import E164

    columns = list(zip(*members, strict=True)) or [()] * len(MEMBER_COLUMNS)
    data = dict(zip(MEMBER_COLUMNS, columns, strict=True))
    frame = pl.DataFrame(data, schema=dict.fromkeys(MEMBER_COLUMNS, pl.String))
    return frame.filter(pl.col("number").str.contains(E164))
