"""Reads Parquet files of recipients. Values keep their types."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl

from declarative.manifest.messages import quote
from declarative.manifest.recipients.isolated import BAD_VALUES, TOO_LARGE, ChildFailed, read_columns
from declarative.manifest.recipients.source import Source, Table, UnreadableFile
from declarative.manifest.recipients.text_file import refuse_pointer


@contextmanager
def open_parquet(source: Source) -> Iterator[Table]:
    """The columns of the file. Raises UnreadableFile."""
    with source.file.open("rb") as file:
        refuse_pointer(source, file.read(1024))
    try:
        with read_columns("parquet", source.file) as path:
            yield Table(
                list(pl.read_ipc_schema(path)),
                lambda names: [_read_named(source, pl.read_ipc(path, columns=list(names)))],
                lambda: int(pl.scan_ipc(path).select(pl.len()).collect().item()),
            )
    except ChildFailed as failed:
        if failed.code == TOO_LARGE:
            raise UnreadableFile(source.file_problem("unfolds to more than can be read", "split the file")) from None
        if failed.code == BAD_VALUES:
            message = f"column {quote(failed.detail)} holds dates or times beyond the years 1 to 9999"
            raise UnreadableFile(source.file_problem(message, "store them as text, or leave them null")) from None
        raise UnreadableFile(source.file_problem("cannot be read as Parquet")) from None


def _read_named(source: Source, frame: pl.DataFrame) -> pl.DataFrame:
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
    return frame.with_columns(number.cast(pl.String).fill_null(""), *finite)
