"""Finds phone numbers that a resource names twice, and reports both places of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from declarative.errors import Problem
from declarative.manifest.messages import EVERY_PROBLEM, and_more
from declarative.manifest.recipients.inline import InlineRecipients
from declarative.manifest.recipients.spec import RecipientSpec
from declarative.privacy import mask

if TYPE_CHECKING:
    import polars as pl


def inline_duplicate_problems(inline: InlineRecipients, most_described: int) -> Iterator[Problem]:
    """Find duplicates among the people of a manifest. Some are described, the rest counted."""
    first_indices: dict[str, int] = {}
    duplicates: list[tuple[int, str]] = []
    for index, number in zip(inline.indices, inline.numbers, strict=True):
        if first_indices.setdefault(number, index) != index:
            duplicates.append((index, number))
    document = inline.document
    for index, number in duplicates[:most_described]:
        first_place = document.location((*inline.row_path(first_indices[number]), "to_number"))
        path = (*inline.row_path(index), "to_number")
        yield document.problem(path, *_same_number_message(number, first_place))
    if more_duplicates := duplicates[most_described:]:
        path = inline.row_path(more_duplicates[0][0])
        yield document.more_problem(path, len(more_duplicates), "repeated number")


def table_duplicate_problems(
    recipient_spec: RecipientSpec, parts: Sequence[pl.DataFrame], frame: pl.DataFrame, most_described: int
) -> Iterator[Problem]:
    """Find duplicates in `frame`, which joins `parts`: the people of the manifest, then those of each file. Some
    are described, the rest counted."""
    numbers = frame.get_column("number")
    duplicate_rows = (numbers.is_duplicated() & numbers.is_not_null()).arg_true().to_list()
    first_rows: dict[str, int] = {}
    pairs: list[tuple[int, int]] = []
    for row in duplicate_rows:
        first_row = first_rows.setdefault(numbers[row], row)
        if first_row != row and len(pairs) < most_described:
            pairs.append((first_row, row))
    places = table_places(recipient_spec, parts, sorted({row for pair in pairs for row in pair}))
    for first_row, row in pairs:
        place = places[row]
        message, hint = _same_number_message(numbers[row], _format_place(places[first_row]))
        yield Problem(place.file, place.line, place.column, place.path, message, hint)
    more_count = len(duplicate_rows) - len(first_rows) - len(pairs)
    if more_count:
        sources, inline = recipient_spec.sources, recipient_spec.inline
        file = sources[-1].display_path if sources else inline.document.display_path
        message = and_more(more_count, "repeated number")
        yield Problem(file, 0, 0, "", message, EVERY_PROBLEM, count=more_count)


def table_places(
    recipient_spec: RecipientSpec, parts: Sequence[pl.DataFrame], rows: Sequence[int]
) -> dict[int, Problem]:
    """The places of rows of the joined table, as problems without a message."""
    from declarative.manifest.recipients import tables

    inline = recipient_spec.inline
    places: dict[int, Problem] = {}
    start = 0
    for part, source in zip(parts, (None, *recipient_spec.sources), strict=True):
        row_in_file = {row: part.item(row - start, "row") for row in rows if start <= row < start + part.height}
        places_in_file = tables.file_places(source, list(row_in_file.values())) if source and row_in_file else {}
        for joined_row, row in row_in_file.items():
            if source is None:
                path = (*inline.row_path(inline.indices[row]), "to_number")
                places[joined_row] = inline.document.problem(path, "")
            else:
                places[joined_row] = tables.row_problem(source, row, places_in_file, source.number_column, "")
        start += part.height
    return places


def _format_place(place: Problem) -> str:
    return f"{place.file}:{place.line}:{place.column}" if place.line else f"{place.file}, {place.path}"


def _same_number_message(number: str, first_place: str) -> tuple[str, str]:
    hint = "keep one of them; or duplicates: first, in the entry of recipients_from"
    return f"the same number twice: {mask(number)}, first at {first_place}", hint
