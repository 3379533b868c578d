"""Loads the recipients of a resource: joins manifest and files, finds duplicates, applies suppression and countries.

People in the manifest need no table. Files are read as columns. A file that an earlier run has read is
only hashed.
"""

from __future__ import annotations

import functools
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path as File
from typing import TYPE_CHECKING, NamedTuple

from declarative import humanize
from declarative.errors import ManifestError, Problem
from declarative.manifest.problems import ProblemCollector
from declarative.manifest.recipients import countries
from declarative.manifest.recipients.duplicates import inline_duplicate_problems, table_duplicate_problems
from declarative.manifest.recipients.own_zones import zone_problems
from declarative.manifest.recipients.remote_file import RemoteFiles
from declarative.manifest.recipients.source import file_sha256
from declarative.manifest.recipients.spec import RecipientSpec
from declarative.manifest.recipients.summary import FORMAT, RecipientSummary
from declarative.manifest.recipients.suppression_files import SuppressionFiles
from declarative.manifest.recipients.suppression_watch import SuppressionWatch
from declarative.model.calling_hours import CallingHours
from declarative.model.digest import PersonKey, json_digest
from declarative.model.numbers import count_not_assigned, count_not_valid
from declarative.model.policy import ListLook
from declarative.model.recipients import HELD_BACK, Recipients

if TYPE_CHECKING:
    import polars as pl

    from declarative.manifest.recipients.file_rows import FileRows
    from declarative.model.people import People

_BY_POLICY = {"suppressed", "other_country"}
"""Those keys of HELD_BACK that stand for people in RecipientTable.excluded."""
FileState = tuple[int, ...]
"""Inode, size and time of change: they tell whether a file was written to."""


class RecipientTable(NamedTuple):
    """The people of a resource after its policies."""

    recipients: People
    """People who may be called."""
    named: People
    """Those of the manifest, before a policy excludes anybody."""
    excluded: pl.DataFrame
    """People whom a policy excludes. Columns `number` and `policy`."""
    held_counts: dict[str, int]
    """How many rows and people are held back, by the key of the plan's `held`."""
    warnings: list[str]
    """What is no problem, but should be known."""


class RecipientLoader:
    """Creates the Recipients of each resource. Within one run it reads do-not-call files and hashes files only once,
    however many resources use them."""

    def __init__(self, key: PersonKey, cache: File | None, remote_files: RemoteFiles) -> None:
        self.remote_files = remote_files
        self._key = key
        self._cache = cache
        self._hashes: dict[tuple[File, FileState], str] = {}
        self.suppression_files = SuppressionFiles(key, cache, self._file_hash)

    def load(self, recipient_spec: RecipientSpec, problems: ProblemCollector) -> Recipients:
        """Load the recipients of one resource. Whatever is wrong is added to `problems`; then the result must not be
        used. Raises ManifestError when a file is changed during the reading."""
        if not recipient_spec.sources and not recipient_spec.suppress and recipient_spec.hours is None:
            return self._inline_recipients(recipient_spec, problems)
        mark, states_before = problems.mark(), _file_states(recipient_spec)
        name = self._summary_name(recipient_spec) if self._cache else ""
        file = self._cache / f"{name}.json" if self._cache else None
        if file and (summary := RecipientSummary.from_file(file)):
            return self._lazy_recipients(summary, lambda: self._reload_table(recipient_spec, name))
        table = self._build_table(recipient_spec, problems)
        if problems.has_new(mark):
            file = None  # a faulty table must never be known to a later run
        elif _file_states(recipient_spec) != states_before:
            raise _file_changed_error(recipient_spec)
        summary = RecipientSummary.create(file, len(table.recipients.rows), table.held_counts, table.warnings)
        return self._lazy_recipients(summary, lambda: table)

    def watch_lists(self) -> Callable[[], Sequence[ListLook]]:
        """Return what looks at the do-not-call lists again that were read."""
        return SuppressionWatch(self.suppression_files.described, self.remote_files, self._key).look

    def _inline_recipients(self, recipient_spec: RecipientSpec, problems: ProblemCollector) -> Recipients:
        inline = recipient_spec.inline
        if len(set(inline.numbers)) != len(inline.numbers):
            problems.extend(inline_duplicate_problems(inline, problems.most_described))
        named = pairs = list(zip(inline.numbers, inline.payloads, strict=True))
        abroad: list[tuple[str, str]] = []
        if recipient_spec.countries is not None:
            inside = countries.match_countries(inline.numbers, recipient_spec.countries)
            abroad = [pair for pair, is_inside in zip(named, inside, strict=True) if not is_inside]
            pairs = [pair for pair, is_inside in zip(named, inside, strict=True) if is_inside]
        return Recipients(
            len(pairs),
            lambda: _people_of(pairs),
            lambda: self._key.digest_lines(f"{number}\n" for number, _ in sorted(pairs)),
            lambda: self._digest_pairs(pairs),
            {"other_country": len(abroad)} if abroad else {},
            lambda: _with_policy(_people_of(abroad).rows, "other_country"),
            _not_assigned_warnings(count_not_assigned(number for number, _ in pairs)),
            lambda: self._digest_pairs(named),
        )

    def _digest_pairs(self, pairs: Sequence[tuple[str, str]]) -> str:
        """Make frames.payloads_digest() without a frame."""
        return self._key.digest_lines(f"{number}\t{payload}\n" for number, payload in sorted(pairs))

    def _lazy_recipients(self, summary: RecipientSummary, load: Callable[[], RecipientTable]) -> Recipients:
        table = functools.cache(load)

        is_narrowed = bool(_BY_POLICY & set(summary.excluded_counts))

        def digests() -> dict[str, str]:
            people = table().recipients
            made = {"numbers": people.numbers_digest(self._key), "payloads": people.payloads_digest(self._key)}
            return made | ({"before_policy": table().named.payloads_digest(self._key)} if is_narrowed else {})

        return Recipients(
            summary.count,
            lambda: table().recipients,
            lambda: summary.digest("numbers", digests),
            lambda: summary.digest("payloads", digests),
            summary.excluded_counts,
            lambda: table().excluded,
            summary.warnings,
            (lambda: summary.digest("before_policy", digests)) if is_narrowed else None,
        )

    def _reload_table(self, recipient_spec: RecipientSpec, name: str) -> RecipientTable:
        """Read the table of a summary that was known. Raises ManifestError when a file has changed since."""
        problems = ProblemCollector()
        self._hashes.clear()
        name_before = self._summary_name(recipient_spec)
        table = self._build_table(recipient_spec, problems)
        self._hashes.clear()
        if {name_before, self._summary_name(recipient_spec)} != {name}:
            raise _file_changed_error(recipient_spec)
        problems.raise_if_any()
        return table

    def _build_table(self, recipient_spec: RecipientSpec, problems: ProblemCollector) -> RecipientTable:
        from declarative.manifest.recipients import tables
        from declarative.manifest.recipients.file_rows import FileRows, join_rows
        from declarative.model.frames import has_duplicates

        inline = recipient_spec.inline
        pairs = list(zip(inline.numbers, inline.payloads, strict=True))
        parts = [FileRows.collect([_frame_of(pairs).with_row_index("row")])]
        held_counts: Counter[str] = Counter()
        warnings: list[str] = []
        for source in recipient_spec.sources:
            read = tables.load_recipients(source, problems)
            rows = _without_repeated(read.rows, parts) if source.keep_first else read.rows
            held_counts.update(read.held_counts, duplicate=read.rows.frame.height - rows.frame.height)
            warnings += read.warnings
            parts.append(rows)
        frames, named = [part.frame for part in parts], join_rows(parts)
        if has_duplicates(named.rows):
            problems.extend(table_duplicate_problems(recipient_spec, frames, named.rows, problems.most_described))
        recipients, excluded = self._apply_policies(recipient_spec, named, problems)
        if len(excluded):
            held_counts.update(dict(excluded.get_column("policy").value_counts().iter_rows()))
        if problems.is_empty and recipient_spec.hours is not None:
            problems.extend(zone_problems(recipient_spec, frames, named.rows, recipients, problems.most_described))
        if problems.is_empty:
            warnings += _not_assigned_warnings(count_not_valid(recipients.rows.get_column("number")))
        counts = {key: held_counts[key] for key in HELD_BACK if held_counts[key]}
        return RecipientTable(recipients, named, excluded, counts, warnings)

    def _apply_policies(
        self, recipient_spec: RecipientSpec, named: People, problems: ProblemCollector
    ) -> tuple[People, pl.DataFrame]:
        """Whom the policies leave, and whom they exclude: `number` and `policy`."""
        import polars as pl

        rows = named.rows
        excluded = [pl.DataFrame(schema={"number": pl.String, "policy": pl.String})]
        for source in recipient_spec.suppress:
            suppressed = self.suppression_files.read(source, problems).matches(rows.get_column("number"))
            excluded.append(_with_policy(rows.filter(suppressed), "suppressed"))
            rows = rows.filter(~suppressed)
        if recipient_spec.countries is not None and problems.is_empty:  # only E.164 numbers have a country
            inside = countries.match_countries_column(rows.get_column("number"), recipient_spec.countries)
            excluded.append(_with_policy(rows.filter(~inside), "other_country"))
            rows = rows.filter(inside)
        return replace(named, rows=rows), pl.concat(excluded)

    def _summary_name(self, recipient_spec: RecipientSpec) -> str:
        """The file name of a summary: a digest of everything that decides it, keyed like every digest that covers
        people."""
        rows = zip(recipient_spec.inline.numbers, recipient_spec.inline.payloads, strict=True)
        parts = [
            FORMAT,
            self._key.digest_lines(f"{number}\t{payload}\n" for number, payload in rows),
            [[self._file_hash(source.file), source.digest_input()] for source in recipient_spec.sources],
            [[self._file_hash(source.file), source.digest_input()] for source in recipient_spec.suppress],
            None if recipient_spec.countries is None else sorted(recipient_spec.countries),
            None if recipient_spec.hours is None else _hours_digest_input(recipient_spec.hours),
            countries.numbering_plan_edition(),
        ]
        return self._key.digest_lines([json_digest(parts)])

    def _file_hash(self, file: File) -> str:
        cache_key = (file, _file_state(file))
        if cache_key not in self._hashes:
            self._hashes[cache_key] = file_sha256(file)
        return self._hashes[cache_key]


def _hours_digest_input(hours: CallingHours) -> list[object]:
    """What of calling hours decides whether somebody is never called."""
    windows = [[str(window.start), str(window.end), sorted(window.days)] for window in hours.windows]
    return [windows, hours.column]


def _without_repeated(rows: FileRows, parts: Sequence[FileRows]) -> FileRows:
    """The first row of each number that stands in none of the parts. Rows with a problem have no number and stay."""
    import polars as pl

    earlier = pl.concat([part.frame.select("number") for part in parts])
    numbers = rows.frame.get_column("number")
    frame = rows.frame.filter(numbers.is_first_distinct() | numbers.is_null())
    return rows._replace(frame=frame.join(earlier, on="number", how="anti", maintain_order="left"))


def _not_assigned_warnings(count: int) -> list[str]:
    if not count:
        return []
    numbers = humanize.plural(count, "number is", "numbers are")
    return [f"{numbers} possible, but not assigned in the numbering plan of the country: is that a list of tests?"]


def _frame_of(pairs: Sequence[tuple[str, str]]) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(pairs, schema={"number": pl.String, "payload": pl.String}, orient="row")


def _people_of(pairs: Sequence[tuple[str, str]]) -> People:
    from declarative.model.people import People

    return People.of(_frame_of(pairs))


def _with_policy(rows: pl.DataFrame, policy: str) -> pl.DataFrame:
    import polars as pl

    return rows.select("number", pl.lit(policy).alias("policy"))


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
