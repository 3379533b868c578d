"""Reads Parquet files of recipients. Values keep their types."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import polars as pl

from declarative.manifest.messages import quote
from declarative.manifest.recipients.source import Source, UnreadableFile


def read_parquet_header(source: Source) -> list[str]:
    """The names of all columns. Raises UnreadableFile."""
    with _translate_parquet_errors(source):
        return list(pl.read_parquet_schema(source.file))


def read_parquet(source: Source, column_names: Sequence[str]) -> pl.DataFrame:
    """Read the named columns. Raises UnreadableFile."""
    with _translate_parquet_errors(source):
        frame = pl.read_parquet(source.file, columns=list(column_names), glob=False)
    number = frame.get_column(source.number_column)
    if number.dtype not in (pl.String, pl.Categorical, pl.Enum):
        message = f"column {quote(source.number_column)} of {source.display_path} holds {number.dtype}, expected text"
        raise UnreadableFile(
            source.manifest_problem("to_number", message, "a phone number is text: it begins with a plus sign")
        )
    finite = [
        pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name)
        for name, kind in frame.schema.items()
        if kind.is_float()
    ]  # JSON cannot represent NaN and infinity. They count as missing, which is what they mean in such files.
    return frame.with_columns(number.cast(pl.String).fill_null("").str.strip_chars(), *finite)


@contextmanager
def _translate_parquet_errors(source: Source) -> Iterator[None]:
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
        raise UnreadableFile(source.file_problem("cannot be read as Parquet")) from None
