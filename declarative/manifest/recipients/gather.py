"""The people of a resource, out of the manifest and out of files: duplicates, suppression, countries,
digests. People in the manifest alone never need a table; files are read as columns or, when known already,
only hashed."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path as File
from typing import TYPE_CHECKING, NamedTuple

from declarative.errors import ManifestError, Problem
from declarative.manifest import messages as wording
from declarative.manifest.recipients import countries as regions
from declarative.manifest.recipients import source
from declarative.manifest.recipients.inline import MOST_DESCRIBED, Inline
from declarative.manifest.recipients.source import Source
from declarative.manifest.recipients.summary import FORMAT, RecipientSummary
from declarative.model.digest import PersonKey, json_digest
from declarative.model.recipients import Recipients
from declarative.privacy import mask

if TYPE_CHECKING:
    import polars as pl

State = tuple[int, ...]
"""What tells that a file was written to: inode, size, time of change."""


@dataclass(frozen=True)
class Wanted:
    """The people that one resource names, and what keeps some of them out."""

    inline: Inline
    sources: Sequence[Source]
    suppress: Sequence[Source]
    countries: frozenset[str] | None


class Table(NamedTuple):
    """Those who may be rung, and those whom a policy keeps out, as People has them."""

    people: pl.DataFrame
    kept_out: pl.DataFrame


class RecipientLoader:
    """Makes People. Shares within one run what several resources read: do-not-call files and digests of
    files."""

    def __init__(self, key: PersonKey, cache: File | None) -> None:
        self._key = key
        self._cache = cache
        self._hashes: dict[tuple[File, State], str] = {}
        self._suppressed: dict[tuple[File, str], pl.Series] = {}

    def people(self, wanted: Wanted, problems: list[Problem]) -> Recipients:
        """Everything wrong with the people is added to `problems`; then the result is of no use."""
        if not wanted.sources and not wanted.suppress:
            return self._inline(wanted, problems)
        found, before = len(problems), _states(wanted)
        name = self._name(wanted) if self._cache else ""
        file = self._cache / f"{name}.json" if self._cache else None
        if file and (known := RecipientSummary.from_source(file)):
            return self._people(known, lambda: self._again(wanted, name))
        table = self._table(wanted, problems)
        if len(problems) > found:
            file = None
        elif _states(wanted) != before:
            raise _changed(wanted)
        held = dict(table.kept_out.get_column("policy").value_counts().iter_rows())
        return self._people(RecipientSummary.new(file, table.people.height, held), lambda: table)

    def _inline(self, wanted: Wanted, problems: list[Problem]) -> Recipients:
        inline = wanted.inline
        if len(set(inline.numbers)) != len(inline.numbers):
            problems.extend(_inline_twice(inline))
        pairs = list(zip(inline.numbers, inline.payloads, strict=True))
        abroad: list[str] = []
        if wanted.countries is not None:
            inside = regions.allowed(inline.numbers, wanted.countries)
            abroad = [number for (number, _), there in zip(pairs, inside, strict=True) if not there]
            pairs = [pair for pair, there in zip(pairs, inside, strict=True) if there]
        return Recipients(
            len(pairs),
            lambda: _frame(pairs),
            lambda: self._key.of_lines(f"{number}\n" for number, _ in sorted(pairs)),
            lambda: self._key.of_lines(f"{number}\t{payload}\n" for number, payload in sorted(pairs)),
            {"countries": len(abroad)} if abroad else {},
            lambda: _kept_out(abroad, "countries"),
        )

    def _people(self, known: RecipientSummary, load: Callable[[], Table]) -> Recipients:
        table = functools.cache(load)

        def frame() -> pl.DataFrame:
            return table().people

        def numbers() -> str:
            from declarative.model.frames import numbers_digest

            return numbers_digest(frame(), self._key)

        def payloads() -> str:
            from declarative.model.frames import payloads_digest

            return payloads_digest(frame(), self._key)

        return Recipients(
            known.count,
            frame,
            lambda: known.digest("numbers", numbers),
            lambda: known.digest("payloads", payloads),
            known.held,
            lambda: table().kept_out,
        )

    def _again(self, wanted: Wanted, name: str) -> Table:
        """The table behind a summary that was known. Raises ManifestError when a file is another one by
        now."""
        problems: list[Problem] = []
        self._hashes.clear()
        before = self._name(wanted)
        table = self._table(wanted, problems)
        self._hashes.clear()
        if {before, self._name(wanted)} != {name}:
            raise _changed(wanted)
        if problems:
            raise ManifestError(problems)
        return table

    def _table(self, wanted: Wanted, problems: list[Problem]) -> Table:
        import polars as pl

        from declarative.manifest.recipients import tables
        from declarative.model.frames import has_duplicates

        inline = _frame(list(zip(wanted.inline.numbers, wanted.inline.payloads, strict=True)))
        parts = [inline, *(tables.people(each, problems) for each in wanted.sources)]
        frame = pl.concat(parts) if len(parts) > 1 else inline
        if has_duplicates(frame):
            problems.extend(_twice(wanted, parts, frame))
        return self._held_back(wanted, frame, problems)

    def _held_back(self, wanted: Wanted, frame: pl.DataFrame, problems: list[Problem]) -> Table:
        import polars as pl

        kept_out = [_kept_out([], "")]
        for each in wanted.suppress:
            numbers = self._numbers(each, problems).to_frame()
            kept_out.append(_kept_out(frame.join(numbers, on="number", how="semi")["number"], "suppress_from"))
            frame = frame.join(numbers, on="number", how="anti", maintain_order="left")
        if wanted.countries is not None and not problems:  # only what is E.164 has a country
            inside = regions.allowed_column(frame.get_column("number"), wanted.countries)
            kept_out.append(_kept_out(frame.filter(~inside)["number"], "countries"))
            frame = frame.filter(inside)
        return Table(frame, pl.concat(kept_out))

    def _numbers(self, each: Source, problems: list[Problem]) -> pl.Series:
        from declarative.manifest.recipients import tables

        known = (each.file, each.number)
        if known not in self._suppressed:
            self._suppressed[known] = tables.numbers(each, problems)
        return self._suppressed[known]

    def _name(self, wanted: Wanted) -> str:
        """Of everything that decides the summary; keyed like every digest that covers people."""
        rows = zip(wanted.inline.numbers, wanted.inline.payloads, strict=True)
        parts = [
            FORMAT,
            self._key.of_lines(f"{number}\t{payload}\n" for number, payload in rows),
            [[self._hash(each.file), each.recipe()] for each in wanted.sources],
            [[self._hash(each.file), each.number, each.format] for each in wanted.suppress],
            None if wanted.countries is None else [sorted(wanted.countries), regions.edition()],
        ]
        return self._key.of_lines([json_digest(parts)])

    def _hash(self, file: File) -> str:
        known = (file, _state(file))
        if known not in self._hashes:
            self._hashes[known] = source.sha256(file)
        return self._hashes[known]


def _frame(pairs: Sequence[tuple[str, str]]) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(pairs, schema={"number": pl.String, "payload": pl.String}, orient="row")


def _kept_out(numbers: Sequence[str] | pl.Series, policy: str) -> pl.DataFrame:
    import polars as pl

    frame = pl.DataFrame({"number": numbers}, schema={"number": pl.String})
    return frame.with_columns(pl.lit(policy).alias("policy"))


def _states(wanted: Wanted) -> list[State]:
    return [_state(each.file) for each in (*wanted.sources, *wanted.suppress)]


def _state(file: File) -> State:
    status = os.stat(file)
    return (status.st_ino, status.st_size, status.st_mtime_ns)


def _changed(wanted: Wanted) -> ManifestError:
    names = ", ".join(dict.fromkeys(each.shown for each in (*wanted.sources, *wanted.suppress)))
    return ManifestError([Problem(names, 0, 0, "", "changed while it was being read", "run again")])


def _inline_twice(inline: Inline) -> Iterator[Problem]:
    first: dict[str, int] = {}
    again: list[tuple[int, str]] = []
    for index, number in zip(inline.indices, inline.numbers, strict=True):
        if first.setdefault(number, index) != index:
            again.append((index, number))
    for index, number in again[:MOST_DESCRIBED]:
        path = (*inline.path(index), "to_number")
        earlier = inline.document.position((*inline.path(first[number]), "to_number"))
        yield inline.document.problem(path, *_same(number, inline.document.shown, *earlier))
    if rest := again[MOST_DESCRIBED:]:
        yield inline.document.more(inline.path(rest[0][0]), len(rest), "repeated number")


def _twice(wanted: Wanted, parts: Sequence[pl.DataFrame], frame: pl.DataFrame) -> Iterator[Problem]:
    """Both places of each number that is there again, 20 of them."""
    from declarative.model.frames import E164

    number = frame.get_column("number")
    again = (number.is_duplicated() & number.str.contains(E164)).arg_true().to_list()
    first: dict[str, int] = {}
    pairs: list[tuple[int, int]] = []
    for row in again:
        earlier = first.setdefault(number[row], row)
        if earlier != row and len(pairs) < MOST_DESCRIBED:
            pairs.append((earlier, row))
    places = _places(wanted, parts, sorted({row for pair in pairs for row in pair}))
    for earlier, row in pairs:
        there, here = places[earlier], places[row]
        message, hint = _same(number[row], there.file, there.line, there.column, there.path)
        yield Problem(here.file, here.line, here.column, here.path, message, hint)
    rest = len(again) - len(first) - len(pairs)
    if rest:
        file = wanted.sources[-1].shown if wanted.sources else wanted.inline.document.shown
        yield Problem(file, 0, 0, "", wording.and_more(rest, "repeated number"), count=rest)


def _places(wanted: Wanted, parts: Sequence[pl.DataFrame], rows: Sequence[int]) -> dict[int, Problem]:
    """Where rows of the whole table stand, as problems that say nothing yet."""
    from declarative.manifest.recipients import tables

    found: dict[int, Problem] = {}
    start = 0
    for part, each in zip(parts, (None, *wanted.sources), strict=True):
        local = [row - start for row in rows if start <= row < start + part.height]
        known = tables.places(each, local) if each and local else {}
        for row in local:
            if each is None:
                path = (*wanted.inline.path(wanted.inline.indices[row]), "to_number")
                found[start + row] = wanted.inline.document.problem(path, "")
            else:
                found[start + row] = tables.row_problem(each, row, known, each.number, "")
        start += part.height
    return found


def _same(number: str, file: str, line: int, column: int, path: str = "") -> tuple[str, str]:
    where = f"{file}:{line}:{column}" if line else f"{file}, {path}"
    return f"the same number twice: {mask(number)}, first at {where}", "keep one of them"
