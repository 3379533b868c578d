"""Reads a do-not-call file: its numbers, and the erased people of its column `person`."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NamedTuple

import polars as pl

from declarative.manifest.problems import ProblemCollector
from declarative.manifest.recipients import tables
from declarative.manifest.recipients.payloads import column_texts
from declarative.manifest.recipients.source import Source, UnreadableFile
from declarative.manifest.recipients.suppression import SuppressedNumbers, read_suppressed
from declarative.model.digest import PersonKey

PERSON_COLUMN = "person"
"""The column that names erased people."""
_NO_TEXTS = pl.Series(dtype=pl.String)


class _ErasedPersons(NamedTuple):
    """The column `person` of a file."""

    names: frozenset[str]
    """What stands for each erased person."""
    rows: list[int]
    """The rows that name one."""
    has_numbers: bool
    """Whether the file has a column of numbers, too."""


def load_suppressed_numbers(source: Source, problems: ProblemCollector, key: PersonKey) -> SuppressedNumbers:
    """Read who must not be called. `key` is the one that names of erased people were made with. A row that means nobody
    at all is added to `problems`."""
    erased = _read_erased(source, problems, key)
    if erased is not None and not erased.has_numbers:
        return SuppressedNumbers(_NO_TEXTS, _NO_TEXTS, len(erased.names), erased.names, key)
    frame = tables.read_rows(source, problems).rows.frame.drop_nulls("number")
    if erased is not None:
        frame = frame.filter(~pl.col("row").is_in(erased.rows) | (pl.col("number").str.strip_chars() != ""))
    suppressed, is_unreadable = read_suppressed(frame.get_column("number"), source.region)
    problems.extend(tables.number_problems(source, frame.filter(is_unreadable), problems.most_described))
    if erased is None:
        return suppressed
    return suppressed._replace(size=suppressed.size + len(erased.names), persons=erased.names, key=key)


def _read_erased(source: Source, problems: ProblemCollector, key: PersonKey) -> _ErasedPersons | None:
    """Read the erased people, as `dialctl erase` names them. None where the file names none. One that was made with
    another key is a problem: it would hold back nobody."""
    if source.format in ("jsonl", "json"):
        return None
    try:
        with tables.open_table(source) as table:
            if PERSON_COLUMN not in table.header:
                return None
            has_numbers = source.number_column in table.header
        source = source if has_numbers else replace(source, number_column=PERSON_COLUMN)
        with tables.open_table(source) as table:
            names = list(dict.fromkeys([source.number_column, PERSON_COLUMN]))
            parts = [column_texts(part.get_column(PERSON_COLUMN)) for part in table.read(names)]
            texts = pl.concat(parts).fill_null("").to_list()
    except UnreadableFile:
        return None  # whoever reads its numbers says why
    persons = {row: text for row, text in enumerate(texts) if text}
    own = re.compile(f"(?:{'|'.join(str(one.fingerprint) for one in key.every)})-[0-9a-f]{{16}}")
    foreign = [row for row, name in persons.items() if not own.fullmatch(name)][: problems.most_described]
    places = tables.file_places(source, foreign) if foreign else {}
    for row in foreign:
        message = "this person was erased under another DIALCTL_PERSON_KEY, or this is no row of dialctl erase"
        hint = "set the key with which dialctl erase printed it: without that key it holds back nobody"
        problems.add(tables.row_problem(source, row, places, PERSON_COLUMN, message, hint))
    return _ErasedPersons(frozenset(persons.values()), list(persons), has_numbers)
