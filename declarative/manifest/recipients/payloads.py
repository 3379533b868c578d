"""Builds the data of people as canonical JSON text, column by column. The bytes are the same as `digest.canonical_json`
writes for each row, but no dict per row is needed. Does not know files or manifests."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

import orjson
import polars as pl

from declarative.model.digest import canonical_json
from declarative.model.frames import FEW

_ROWS = 65_536
"""Rows that are built at once."""
_CONTROL = [chr(code) for code in range(0x20)]
_ESCAPED = [*_CONTROL, '"', "\\"]
_ESCAPED_TEXT = re.compile(f"[{re.escape(''.join(_ESCAPED))}]")

_EncodedColumn = tuple[pl.Series, str]
"""Texts, and the quote to put around each. Strings get their quotes when members are joined, which saves a copy."""


def build_payloads(
    frame: pl.DataFrame, fields: Mapping[str, Sequence[str]], text_fields: Collection[str] = ()
) -> pl.Series:
    """Build one text for each row, such as `{"metadata":{"plan":"pro"}}` for `fields` of `{"metadata": ["plan"]}`.

    A field among `text_fields` has one column, and is its text: `{"name":"Ada"}`. Nulls, empty objects and such empty
    texts are left out. Raises TypeError with the column's name for values that JSON cannot represent.
    """
    # Part by part, so that the texts in between never take memory for a million rows at once.
    parts = [_build_part(part, fields, text_fields) for part in frame.iter_slices(_ROWS)]
    return pl.concat(parts) if parts else pl.Series("payload", [], dtype=pl.String)


def column_texts(column: pl.Series) -> pl.Series:
    """The values as text, to be compared: texts without blanks around them, others as JSON writes them, null as an
    empty text. Raises TypeError as `build_payloads` does."""
    if column.dtype in (pl.String, pl.Categorical, pl.Enum):
        return column.cast(pl.String).fill_null("").str.strip_chars()
    return _encode_column(column)[0].fill_null("")


def _build_part(frame: pl.DataFrame, fields: Mapping[str, Sequence[str]], text_fields: Collection[str]) -> pl.Series:
    objects = {
        field: _encode_as_text(frame.get_column(names[0]))
        if field in text_fields
        else (_join_members({name: _encode_column(frame.get_column(name)) for name in names}), "")
        for field, names in fields.items()
        if names
    }
    if not objects:
        return pl.repeat("{}", frame.height, dtype=pl.String, eager=True).alias("payload")
    payloads = _join_members(objects).alias("payload")
    return payloads.fill_null("{}") if payloads.null_count() else payloads


def _join_members(encoded_columns: Mapping[str, _EncodedColumn]) -> pl.Series:
    """Join columns to JSON objects; null where all members are null."""
    names = sorted(encoded_columns)
    columns = {str(place): encoded_columns[name][0] for place, name in enumerate(names)}
    quotes = [encoded_columns[name][1] for name in names]
    keys = [f"{orjson.dumps(name).decode()}:{quote}" for name, quote in zip(names, quotes, strict=True)]
    parts: list[pl.Expr] = []
    text: pl.Expr
    if any(column.null_count() for column in columns.values()):
        for place, (key, quote) in enumerate(zip(keys, quotes, strict=True)):
            parts.append(pl.concat_str(pl.lit(f",{key}"), pl.col(str(place)), pl.lit(quote)).fill_null(""))
        body = pl.concat_str(parts).str.strip_prefix(",")
        text = pl.when(body != "").then(pl.concat_str(pl.lit("{"), body, pl.lit("}")))
    else:
        for place, (key, before) in enumerate(zip(keys, ("{", *(f"{quote}," for quote in quotes)), strict=False)):
            parts += [pl.lit(before + key), pl.col(str(place))]
        text = pl.concat_str(*parts, pl.lit(quotes[-1] + "}"))
    return pl.DataFrame(columns).select(text.alias("text")).get_column("text")


def _encode_column(column: pl.Series) -> _EncodedColumn:
    """Turn each value into JSON text. Null stays null."""
    if column.dtype in (pl.Categorical, pl.Enum):
        column = column.cast(pl.String)
    if column.dtype == pl.String:
        return _encode_text(column)
    if column.dtype.is_integer() or column.dtype == pl.Boolean:
        return column.cast(pl.String), ""
    return _encode_by_row(column), ""


def _encode_as_text(column: pl.Series) -> _EncodedColumn:
    """Turn each value into the JSON of a text. Null and an empty text are left out."""
    texts = column if column.dtype == pl.String else _encode_column(column)[0]
    return _encode_text(texts.set(texts == "", None))


def _encode_text(column: pl.Series) -> _EncodedColumn:
    if _has_escaped(column):
        if column.str.contains_any(_CONTROL).any():
            return _encode_by_row(column), ""
        column = column.str.replace_all("\\", "\\\\", literal=True).str.replace_all('"', '\\"', literal=True)
    return column, '"'


def _has_escaped(column: pl.Series) -> bool:
    """Whether a text has a character that JSON does not write as itself."""
    if len(column) <= FEW:
        return any(map(_ESCAPED_TEXT.search, filter(None, column.to_list())))
    return bool(column.str.contains_any(_ESCAPED).any())


def _encode_by_row(column: pl.Series) -> pl.Series:
    try:
        texts = [None if value is None else canonical_json(value).decode() for value in column.to_list()]
    except (TypeError, ValueError, OverflowError, pl.exceptions.PanicException):  # a date beyond those of Python panics
        raise TypeError(column.name) from None
    return pl.Series(column.name, texts, dtype=pl.String)
