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
from declarative.manifest.recipients.inline import MOST_DESCRIBED, InlineRecipients
from declarative.manifest.recipients.source import Source, file_sha256
from declarative.manifest.recipients.summary import FORMAT, RecipientSummary
from declarative.model.digest import PersonKey, json_digest
from declarative.model.recipients import Recipients
from declarative.privacy import mask

if TYPE_CHECKING:
    import polars as pl

FileState = tuple[int, ...]
"""What tells that a file was written to: inode, size, time of change."""


@dataclass(frozen=True)
class RecipientSpec:
    """The people that one resource names, and what keeps some of them out."""

    inline: InlineRecipients
    sources: Sequence[Source]
    suppress: Sequence[Source]
    countries: frozenset[str] | None


class RecipientTable(NamedTuple):
    """Those who may be called, and those whom a policy keeps out, as People has them."""

    recipients: pl.DataFrame
    kept_out: pl.DataFrame


class RecipientLoader:
    """Makes People. Shares within one run what several resources read: do-not-call files and digests of
    files."""

    def __init__(self, key: PersonKey, cache: File | None) -> None:
        self._key = key
        self._cache = cache
        self._hashes: dict[tuple[File, FileState], str] = {}
        self._suppressed_by_file: dict[tuple[File, str], pl.Series] = {}

    def load(self, recipient_spec: RecipientSpec, problems: list[Problem]) -> Recipients:
        """Everything wrong with the people is added to `problems`; then the result is of no use."""
        if not recipient_spec.sources and not recipient_spec.suppress:
            return self._inline_recipients(recipient_spec, problems)
        problem_count, states_before = len(problems), _file_states(recipient_spec)
        name = self._summary_name(recipient_spec) if self._cache else ""
        file = self._cache / f"{name}.json" if self._cache else None
        if file and (summary := RecipientSummary.from_file(file)):
            return self._lazy_recipients(summary, lambda: self._reload_table(recipient_spec, name))
        table = self._build_table(recipient_spec, problems)
        if len(problems) > problem_count:
            file = None
        elif _file_states(recipient_spec) != states_before:
            raise _file_changed_error(recipient_spec)
        kept_out_counts = dict(table.kept_out.get_column("policy").value_counts().iter_rows())
        return self._lazy_recipients(
            RecipientSummary.create(file, table.recipients.height, kept_out_counts), lambda: table
        )

    def _inline_recipients(self, recipient_spec: RecipientSpec, problems: list[Problem]) -> Recipients:
        inline = recipient_spec.inline
        if len(set(inline.numbers)) != len(inline.numbers):
            problems.extend(_inline_duplicate_problems(inline))
        pairs = list(zip(inline.numbers, inline.payloads, strict=True))
        abroad: list[str] = []
        if recipient_spec.countries is not None:
            inside = regions.match_countries(inline.numbers, recipient_spec.countries)
            abroad = [number for (number, _), is_inside in zip(pairs, inside, strict=True) if not is_inside]
            pairs = [pair for pair, is_inside in zip(pairs, inside, strict=True) if is_inside]
        return Recipients(
            len(pairs),
            lambda: _frame_of_recipients(pairs),
            lambda: self._key.digest_lines(f"{number}\n" for number, _ in sorted(pairs)),
            lambda: self._key.digest_lines(f"{number}\t{payload}\n" for number, payload in sorted(pairs)),
            {"countries": len(abroad)} if abroad else {},
            lambda: _frame_of_kept_out(abroad, "countries"),
        )

    def _lazy_recipients(self, summary: RecipientSummary, load: Callable[[], RecipientTable]) -> Recipients:
        table = functools.cache(load)

        def frame() -> pl.DataFrame:
            return table().recipients

        def numbers() -> str:
            from declarative.model.frames import numbers_digest

            return numbers_digest(frame(), self._key)

        def payloads() -> str:
            from declarative.model.frames import payloads_digest

            return payloads_digest(frame(), self._key)

        return Recipients(
            summary.count,
            frame,
            lambda: summary.digest("numbers", numbers),
            lambda: summary.digest("payloads", payloads),
            summary.kept_out_counts,
            lambda: table().kept_out,
        )

    def _reload_table(self, recipient_spec: RecipientSpec, name: str) -> RecipientTable:
        """The table behind a summary that was known. Raises ManifestError when a file is another one by
        now."""
        problems: list[Problem] = []
        self._hashes.clear()
        name_before = self._summary_name(recipient_spec)
        table = self._build_table(recipient_spec, problems)
        self._hashes.clear()
        if {name_before, self._summary_name(recipient_spec)} != {name}:
            raise _file_changed_error(recipient_spec)
        if problems:
            raise ManifestError(problems)
        return table

    def _build_table(self, recipient_spec: RecipientSpec, problems: list[Problem]) -> RecipientTable:
        import polars as pl

        from declarative.manifest.recipients import tables
        from declarative.model.frames import has_duplicates

        inline = _frame_of_recipients(
            list(zip(recipient_spec.inline.numbers, recipient_spec.inline.payloads, strict=True))
        )
        parts = [inline, *(tables.read_recipients(source, problems) for source in recipient_spec.sources)]
        frame = pl.concat(parts) if len(parts) > 1 else inline
        if has_duplicates(frame):
            problems.extend(_duplicate_item_problems(recipient_spec, parts, frame))
        return self._apply_policies(recipient_spec, frame, problems)

    def _apply_policies(
        self, recipient_spec: RecipientSpec, frame: pl.DataFrame, problems: list[Problem]
    ) -> RecipientTable:
        import polars as pl

        kept_out = [_frame_of_kept_out([], "")]
        for source in recipient_spec.suppress:
            numbers = self._numbers_to_suppress(source, problems).to_frame()
            kept_out.append(_frame_of_kept_out(frame.join(numbers, on="number", how="semi")["number"], "suppress_from"))
            frame = frame.join(numbers, on="number", how="anti", maintain_order="left")
        if recipient_spec.countries is not None and not problems:  # only what is E.164 has a country
            inside = regions.match_countries_column(frame.get_column("number"), recipient_spec.countries)
            kept_out.append(_frame_of_kept_out(frame.filter(~inside)["number"], "countries"))
            frame = frame.filter(inside)
        return RecipientTable(frame, pl.concat(kept_out))

    def _numbers_to_suppress(self, source: Source, problems: list[Problem]) -> pl.Series:
        from declarative.manifest.recipients import tables

        cache_key = (source.file, source.number_column)
        if cache_key not in self._suppressed_by_file:
            self._suppressed_by_file[cache_key] = tables.read_numbers(source, problems)
        return self._suppressed_by_file[cache_key]

    def _summary_name(self, recipient_spec: RecipientSpec) -> str:
        """Of everything that decides the summary; keyed like every digest that covers people."""
        rows = zip(recipient_spec.inline.numbers, recipient_spec.inline.payloads, strict=True)
        parts = [
            FORMAT,
            self._key.digest_lines(f"{number}\t{payload}\n" for number, payload in rows),
            [[self._file_hash(source.file), source.digest_input()] for source in recipient_spec.sources],
            [[self._file_hash(source.file), source.number_column, source.format] for source in recipient_spec.suppress],
            None
            if recipient_spec.countries is None
            else [sorted(recipient_spec.countries), regions.numbering_plan_edition()],
        ]
        return self._key.digest_lines([json_digest(parts)])

    def _file_hash(self, file: File) -> str:
        cache_key = (file, _file_state(file))
        if cache_key not in self._hashes:
            self._hashes[cache_key] = file_sha256(file)
        return self._hashes[cache_key]


def _frame_of_recipients(pairs: Sequence[tuple[str, str]]) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(pairs, schema={"number": pl.String, "payload": pl.String}, orient="row")


def _frame_of_kept_out(numbers: Sequence[str] | pl.Series, policy: str) -> pl.DataFrame:
    import polars as pl

    frame = pl.DataFrame({"number": numbers}, schema={"number": pl.String})
    return frame.with_columns(pl.lit(policy).alias("policy"))


def _file_states(recipient_spec: RecipientSpec) -> list[FileState]:
    return [_file_state(source.file) for source in (*recipient_spec.sources, *recipient_spec.suppress)]


def _file_state(file: File) -> FileState:
    status = os.stat(file)
    return (status.st_ino, status.st_size, status.st_mtime_ns)


def _file_changed_error(recipient_spec: RecipientSpec) -> ManifestError:
    names = ", ".join(
        dict.fromkeys(source.display_path for source in (*recipient_spec.sources, *recipient_spec.suppress))
    )
    return ManifestError([Problem(names, 0, 0, "", "changed while it was being read", "run again")])


def _inline_duplicate_problems(inline: InlineRecipients) -> Iterator[Problem]:
    first: dict[str, int] = {}
    duplicates: list[tuple[int, str]] = []
    for index, number in zip(inline.indices, inline.numbers, strict=True):
        if first.setdefault(number, index) != index:
            duplicates.append((index, number))
    for index, number in duplicates[:MOST_DESCRIBED]:
        path = (*inline.row_path(index), "to_number")
        earlier = inline.document.position((*inline.row_path(first[number]), "to_number"))
        yield inline.document.problem(path, *_same_number_message(number, inline.document.display_path, *earlier))
    if more_duplicates := duplicates[MOST_DESCRIBED:]:
        yield inline.document.more_problem(
            inline.row_path(more_duplicates[0][0]), len(more_duplicates), "repeated number"
        )


def _duplicate_item_problems(
    wanted: RecipientSpec, parts: Sequence[pl.DataFrame], frame: pl.DataFrame
) -> Iterator[Problem]:
    """Both places of each number that is there again, 20 of them."""
    from declarative.model.frames import E164

    number = frame.get_column("number")
    duplicate_rows = (number.is_duplicated() & number.str.contains(E164)).arg_true().to_list()
    first: dict[str, int] = {}
    pairs: list[tuple[int, int]] = []
    for row in duplicate_rows:
        first_row = first.setdefault(number[row], row)
        if first_row != row and len(pairs) < MOST_DESCRIBED:
            pairs.append((first_row, row))
    places = _table_places(wanted, parts, sorted({row for pair in pairs for row in pair}))
    for first_row, row in pairs:
        first_place, place = places[first_row], places[row]
        message, hint = _same_number_message(
            number[row], first_place.file, first_place.line, first_place.column, first_place.path
        )
        yield Problem(place.file, place.line, place.column, place.path, message, hint)
    more_count = len(duplicate_rows) - len(first) - len(pairs)
    if more_count:
        file = wanted.sources[-1].display_path if wanted.sources else wanted.inline.document.display_path
        yield Problem(file, 0, 0, "", wording.and_more(more_count, "repeated number"), count=more_count)


def _table_places(
    recipient_spec: RecipientSpec, parts: Sequence[pl.DataFrame], rows: Sequence[int]
) -> dict[int, Problem]:
    """Where rows of the whole table stand, as problems that say nothing yet."""
    from declarative.manifest.recipients import tables

    places: dict[int, Problem] = {}
    start = 0
    for part, source in zip(parts, (None, *recipient_spec.sources), strict=True):
        local_rows = [row - start for row in rows if start <= row < start + part.height]
        places_in_file = tables.file_places(source, local_rows) if source and local_rows else {}
        for row in local_rows:
            if source is None:
                path = (*recipient_spec.inline.row_path(recipient_spec.inline.indices[row]), "to_number")
                places[start + row] = recipient_spec.inline.document.problem(path, "")
            else:
                places[start + row] = tables.row_problem(source, row, places_in_file, source.number_column, "")
        start += part.height
    return places


def _same_number_message(number: str, file: str, line: int, column: int, path: str = "") -> tuple[str, str]:
    first_place = f"{file}:{line}:{column}" if line else f"{file}, {path}"
    return f"the same number twice: {mask(number)}, first at {first_place}", "keep one of them"
