"""Tolerant reading of a provider's JSON: fields may be missing, null or of another type."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from declarative.errors import ProviderError
from declarative.model.digest import canonical_json
from declarative.model.mark import METADATA_KEY
from declarative.model.remote import MEMBER_COLUMNS, parse_timestamp
from declarative.model.resource import Json

if TYPE_CHECKING:
    import polars as pl

MemberRow = tuple[str | None, str, str | None, str | None, str | None, str | None, str | None]
"""One row of a members frame, in the order of MEMBER_COLUMNS."""

Redact = Callable[[str, bytes], str]
"""Makes a provider's text safe to print: masks phone numbers, and whatever digits the bytes hold, too."""


_ID = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9_.:-]{1,200}", re.ASCII)
UNREADABLE_ID = "unreadable"
"""Stands for an id that was answered, and cannot be used."""
MAX_COUNT = 10**9
"""A count beyond it was not counted."""
_FIRST_MILLISECONDS = 10**11
"""Larger numbers are milliseconds since 1970: as seconds they would lie in the year 5138."""
MAX_WORD = 100
"""Characters of a word of the provider's, as of a status, that are kept."""


def id_or_none(value: Json) -> str | None:
    """Return an id that can become part of a path, the lock or a line in a terminal; None for anything else."""
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def call_id_or_none(value: Json) -> str | None:
    """Return the id of a person's call; None only where there is none, UNREADABLE_ID where it cannot be read."""
    # Protocol 12: a person without a call id may be taken to be never called, so an id that is odd is still an id.
    return None if value is None or value == "" else id_or_none(value) or UNREADABLE_ID


def path_segment(remote_id: str) -> str:
    """Return an id as a part of a path. Raises ProviderError for one that no provider gave."""
    if id_or_none(remote_id) is None:
        raise ProviderError(f"{remote_id[:MAX_WORD]!r} is no id of a batch or a call")
    return quote(remote_id, safe="")


def word_or_empty(value: Json) -> str:
    """Return one of the provider's words, such as a status, cut to MAX_WORD; empty for any other type."""
    return value[:MAX_WORD] if isinstance(value, str) else ""


def count_or_none(value: Json) -> int | None:
    """Return a number of things; None for a negative or impossible one, and for any other type."""
    number = int_or_none(value)
    return number if number is not None and 0 <= number <= MAX_COUNT else None


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


def unix_time_or_none(value: Json) -> datetime | None:
    """Return a time in seconds or milliseconds since 1970 as aware UTC; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        seconds = value / 1000 if value >= _FIRST_MILLISECONDS else value
        return parse_timestamp(datetime.fromtimestamp(seconds, UTC).isoformat())
    except (ValueError, OverflowError, OSError):
        return None


def mail_time_or_none(value: Json) -> datetime | None:
    """Return an RFC 2822 time as aware UTC; None for anything else."""
    try:
        return parse_timestamp(parsedate_to_datetime(value).isoformat()) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None


def note_times(
    called: Json, answered: Json, ended: Json, *, parse: Callable[[Json], datetime | None] = time_or_none
) -> dict[str, Json]:
    """Return the `called_at` (RFC 3339) and `duration_seconds` (of the conversation) of a call's note, as far as the
    provider tells the three times, each in the form that `parse` reads."""
    times: dict[str, Json] = {}
    called_at, answered_at, ended_at = parse(called), parse(answered), parse(ended)
    if called_at is not None:
        times["called_at"] = called_at.isoformat()
    if answered_at is not None and ended_at is not None and ended_at >= answered_at:
        times["duration_seconds"] = round((ended_at - answered_at).total_seconds())
    return times


def find_mark_text(*data: Json) -> str | None:
    """Return our mark's text from the first of a call's JSON objects that has one."""
    return next((text for value in data if (text := text_or_none(dict_or_empty(value).get(METADATA_KEY)))), None)


def member_payload(data: Mapping[str, Json]) -> str | None:
    """Return a person's returned fields, without our mark, as a canonical JSON object; None where they are empty.

    Raises ProviderError as `json_text` does.
    """
    payload_fields = {
        field: unmarked
        for field, value in data.items()
        if (unmarked := {key: part for key, part in dict_or_empty(value).items() if key != METADATA_KEY})
    }
    return json_text(payload_fields) if payload_fields else None


def json_text(value: Mapping[str, Json]) -> str:
    """Return canonical JSON. Raises ProviderError for a value that is nested deeper than any that could be sent."""
    try:
        return canonical_json(value).decode()
    except TypeError:
        raise ProviderError("the provider answered with data of a person that cannot be read") from None


_SEPARATORS = r"[\s().\-/\u00a0\u2010-\u2015\u200b-\u200f\u202a-\u202e\u2060\ufeff]"
"""What may stand between the digits of a number, characters that cannot be seen too."""


def plain_number(value: Json) -> str:
    """Return a number without separators, as members_frame() has it; empty for any other type."""
    return re.sub(_SEPARATORS, "", value) if isinstance(value, str) else ""


def members_frame(members: Iterable[MemberRow]) -> pl.DataFrame:
    """Build the members frame of a remote (columns: MEMBER_COLUMNS).

    Takes separators out of numbers, and leaves out rows without a full E.164 number.
    """
    import polars as pl

    from declarative.model.frames import E164

    columns = list(zip(*members, strict=True)) or [()] * len(MEMBER_COLUMNS)
    data = dict(zip(MEMBER_COLUMNS, columns, strict=True))
    frame = pl.DataFrame(data, schema=dict.fromkeys(MEMBER_COLUMNS, pl.String))
    # Protocol 12: a masked number must not count as read. Its row would match no one, and the person would look never
    # called. Left out, it makes the frame shorter than the total, so the batch does not count as read in full.
    number = pl.col("number")
    plain = pl.when(number.str.contains(E164)).then(number).otherwise(number.str.replace_all(_SEPARATORS, ""))
    return frame.with_columns(plain.alias("number")).filter(number.str.contains(E164))
