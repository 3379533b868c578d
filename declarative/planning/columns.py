"""Facts of several addresses as columns, so that people of all of them are decided at once. Pure.

A frame of people has the column `address`: the place of the address (UInt32) among `all_facts`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import polars as pl

from declarative.model.frames import FEW
from declarative.planning.facts import Facts

PERSON = ("address", "number")
"""The columns that name a person: a number within one address."""
_PLACE = pl.UInt32


class FactColumns:
    """Several addresses of one provider, in order."""

    def __init__(self, all_facts: Sequence[Facts]) -> None:
        self.all_facts = tuple(all_facts)

    def select(self, is_meant: Callable[[Facts], object]) -> list[tuple[int, Facts]]:
        """Return the addresses of which it is true, each with its place."""
        return [(place, facts) for place, facts in enumerate(self.all_facts) if is_meant(facts)]

    def value(self, get: Callable[[Facts], object], dtype: pl.DataType | type[pl.DataType]) -> pl.Expr:
        """Make an expression: of each row the value that its address has."""
        return self.of_values([get(facts) for facts in self.all_facts], dtype)

    def of_values(self, values: Sequence[object], dtype: pl.DataType | type[pl.DataType]) -> pl.Expr:
        """Make an expression: of each row the one of `values` that stands at the place of its address."""
        if all(value == values[0] for value in values):
            return pl.lit(values[0] if values else None, dtype=dtype)
        return pl.lit(pl.Series(values, dtype=dtype)).gather(pl.col("address"))

    def is_one_of(self, column: str, get: Callable[[Facts], Iterable[str]]) -> pl.Expr:
        """Make an expression: whether the text in a column is among those that the address of the row has."""
        wanted = [tuple(sorted(get(facts))) for facts in self.all_facts]
        is_wanted = pl.lit(False)
        for texts in {*wanted} - {()}:
            has_these = self.of_values([each == texts for each in wanted], pl.Boolean)
            is_wanted |= has_these & pl.col(column).is_in(texts)
        return is_wanted.fill_null(False)


def has_one_value(frame: pl.DataFrame, name: str) -> bool:
    """Whether a column has no two values. One of a single value takes no memory until it is taken out of its frame."""
    if len(frame) > FEW:
        return bool(frame.select(pl.col(name).n_unique()).item() <= 1)
    return frame.get_column(name).n_unique() <= 1


def stack(
    parts: Iterable[tuple[int, pl.DataFrame]], schema: Mapping[str, pl.DataType | type[pl.DataType]]
) -> pl.DataFrame:
    """Put frames of the columns in `schema` under each other, with the place of each in the column `address`."""
    filled = [(place, frame) for place, frame in parts if len(frame)]
    if not filled:
        return pl.DataFrame(schema={**schema, "address": _PLACE})
    names = list(schema)
    frames = [frame if frame.columns == names else frame.select(names) for _, frame in filled]
    frame = pl.concat(frames, rechunk=True) if len(frames) > 1 else frames[0]
    return frame.with_columns(repeat([place for place, _ in filled], [len(frame) for frame in frames], _PLACE))


def repeat(
    values: Sequence[object], counts: Sequence[int], dtype: pl.DataType | type[pl.DataType], name: str = "address"
) -> pl.Series:
    """Make a column of each value as often as its count, which is above 0."""
    if len(values) == 1:
        return pl.repeat(values[0], counts[0], dtype=dtype, eager=True).alias(name)
    runs = pl.DataFrame({"value": pl.Series(values, dtype=dtype), "count": counts})
    return runs.select(pl.col("value").repeat_by("count").explode().alias(name)).to_series()


def split_by_address(frame: pl.DataFrame, *, include_key: bool = True) -> dict[int, pl.DataFrame]:
    """Return the rows of each address by its place, in their order; without the column `address` unless
    `include_key`."""
    counts = frame.get_column("address").value_counts().sort("address")
    if len(counts) > 1:
        frame = frame.sort("address", maintain_order=True)
    frame = frame if include_key else frame.drop("address")
    parts, start = {}, 0
    for place, count in counts.iter_rows():
        parts[place] = frame.slice(start, count)
        start += count
    return parts
