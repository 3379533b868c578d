"""Takes people's own data, and what the provider returned, out of their JSON: a column for each key. No layout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import orjson
import polars as pl

from declarative.app.call_evidence import EVIDENCE_COLUMNS
from declarative.model.resource import Json
from declarative.report.outcome_words import outcome_word

PLAIN_COLUMNS = (
    "address",
    "number",
    "standing",
    "outcome",
    "reached",
    "attempts",
    "attempts_at_most",
    "called_at",
    "duration_seconds",
    "call_id",
    "error",
)
"""Columns of every results table, in their order. The person's own follow, then `result.x`, then EVIDENCE_COLUMNS."""

_RESULT = "result."
Column = Sequence[Json]
"""A value for each row; None where the row has none."""


@dataclass(frozen=True)
class ResultColumns:
    """Results as columns of one length."""

    plain: pl.DataFrame
    """PLAIN_COLUMNS."""
    own: Mapping[str, Column]
    """The person's own data by name: the key, or `metadata.key` where the key alone would be two things."""
    result: Mapping[str, Column]
    """What the provider returned, by `result.key`."""
    evidence: pl.DataFrame
    """EVIDENCE_COLUMNS: on whose word, and at what hour."""

    @property
    def extra(self) -> dict[str, Column]:
        """All columns after the plain ones, in their order."""
        return {**self.own, **self.result, **self.evidence.to_dict(as_series=False)}

    def as_text(self) -> pl.DataFrame:
        """One frame, where what is the person's own or was returned is text: strings as they are, other values as
        JSON."""
        extra = {**self.own, **self.result}
        texts = [pl.Series(name, list(map(json_text, column)), dtype=pl.String) for name, column in extra.items()]
        return self.plain.with_columns(*texts, *self.evidence)

    def rows(self) -> Iterator[dict[str, object]]:
        """Yield each row by column name, with JSON values as they are."""
        extra = self.extra
        for index, row in enumerate(self.plain.iter_rows(named=True)):
            yield {**row, **{name: column[index] for name, column in extra.items()}}


def split_columns(frame: pl.DataFrame) -> ResultColumns:
    """Split the frame of `app.results` into columns."""
    all_data, all_notes = (list(map(_parse, frame.get_column(name))) for name in ("data", "note"))
    own_rows = [{(field, key): value for field, key, value in _own_cells(data)} for data in all_data]
    results = [_result_cells(note, data) for note, data in zip(all_notes, all_data, strict=True)]
    pairs = list(dict.fromkeys(pair for row in own_rows for pair in row))
    key_counts = Counter(key for _, key in pairs)
    prefixes = (_RESULT, *(f"{field}." for field, _ in pairs))
    own = {}
    for field, key in pairs:
        is_taken = key_counts[key] > 1 or key in (*PLAIN_COLUMNS, *EVIDENCE_COLUMNS) or key.startswith(prefixes)
        own[f"{field}.{key}" if is_taken else key] = [row.get((field, key)) for row in own_rows]
    names = dict.fromkeys(name for row in results for name in row)
    returned = {name: [row.get(name) for row in results] for name in names}
    return ResultColumns(frame.select(PLAIN_COLUMNS), own, returned, frame.select(EVIDENCE_COLUMNS))


def with_outcome_words(frame: pl.DataFrame) -> pl.DataFrame:
    """Put our words for outcomes in the place of the provider's."""
    words = {outcome: outcome_word(outcome) for outcome in frame.get_column("outcome").drop_nulls().unique()}
    return frame.with_columns(pl.col("outcome").replace_strict(words, return_dtype=pl.String))


def json_text(value: Json) -> str | None:
    """Return a string as it is, and any other value as JSON."""
    return value if value is None or isinstance(value, str) else orjson.dumps(value).decode()


def _parse(text: str | None) -> dict[str, Json]:
    return orjson.loads(text) if text else {}


def _own_cells(data: Mapping[str, Json]) -> Iterator[tuple[str, str, Json]]:
    for field, values in data.items():
        if isinstance(values, dict):
            yield from ((field, key, value) for key, value in values.items())
        else:
            yield field, field, values


def _result_cells(note: Mapping[str, Json], data: Mapping[str, Json]) -> dict[str, Json]:
    """Return what the provider returned of one call. A variable that came back as it was sent is no result."""
    result = note.get("result")
    cells: dict[str, Json] = {"result": result} if result is not None and not isinstance(result, dict) else {}
    for key, value in result.items() if isinstance(result, dict) else ():
        if not any(isinstance(sent, dict) and key in sent and sent[key] == value for sent in data.values()):
            cells[f"{_RESULT}{key}"] = value
    status = note.get("result_status")
    more = {"answered_by": note.get("answered_by"), "error": note.get("result_error")}
    more["status"] = None if status == "completed" else status
    return cells | {f"{_RESULT}{key}": value for key, value in more.items() if value is not None}
