"""Read a Parquet file of recipients as text columns, and say why one cannot be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import polars as pl

from declarative.manifest import messages as wording
from declarative.manifest.recipients.source import Source, Unreadable


def _parquet_header(source: Source) -> list[str]:
    with _parquet_errors(source):
        return list(pl.read_parquet_schema(source.file))


def _parquet(source: Source, wanted: Sequence[str]) -> pl.DataFrame:
    with _parquet_errors(source):
        frame = pl.read_parquet(source.file, columns=list(wanted), glob=False)
    number = frame.get_column(source.number)
    if number.dtype not in (pl.String, pl.Categorical, pl.Enum):
        message = f"column {wording.quoted(source.number)} of {source.shown} holds {number.dtype}, expected text"
        raise Unreadable(source.named("to_number", message, "a phone number is text: it begins with a plus sign"))
    finite = [
        pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name)
        for name, kind in frame.schema.items()
        if kind.is_float()
    ]  # what is not a number has no form in JSON: it is missing, as it is to whoever wrote the file
    return frame.with_columns(number.cast(pl.String).fill_null("").str.strip_chars(), *finite)


@contextmanager
def _parquet_errors(source: Source) -> Iterator[None]:
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
        raise Unreadable(source.here("cannot be read as Parquet")) from None
