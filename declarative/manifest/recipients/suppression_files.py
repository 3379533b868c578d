"""Reads the do-not-call lists of a run, each of them once, however many resources it guards. How many numbers a list
holds is kept between runs by the digest of its bytes, so that an unchanged list is only hashed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path as File
from typing import TYPE_CHECKING

from declarative.errors import Problem
from declarative.manifest.messages import quote
from declarative.manifest.problems import ProblemCollector
from declarative.manifest.recipients.source import Source
from declarative.manifest.recipients.summary import FORMAT, RecipientSummary
from declarative.model.digest import PersonKey, json_digest
from declarative.model.policy import DoNotCallList

if TYPE_CHECKING:
    from declarative.manifest.recipients.suppression import SuppressedNumbers


class SuppressionFiles:
    """`key` digests what is kept in `cache` (None: nothing is). `hash_file` makes the digest of a file's bytes."""

    def __init__(self, key: PersonKey, cache: File | None, hash_file: Callable[[File], str]) -> None:
        self._key = key
        self._cache = cache
        self._hash_file = hash_file
        self._read_files: dict[str, tuple[SuppressedNumbers, list[Problem]]] = {}
        self._described: dict[str, tuple[Source, DoNotCallList]] = {}

    def read(self, source: Source, problems: ProblemCollector) -> SuppressedNumbers:
        """Return the numbers of a list. What is wrong with it is added to `problems`."""
        from declarative.manifest.recipients import do_not_call

        cache_key = json_digest([str(source.file), source.digest_input()])
        if cache_key not in self._read_files:
            file_problems = ProblemCollector(problems.most_described)
            numbers = do_not_call.load_suppressed_numbers(source, file_problems, self._key)
            self._read_files[cache_key] = (numbers, list(file_problems))
        numbers, known_problems = self._read_files[cache_key]
        # Added for each resource that uses the file: otherwise the second one would count as faultless and be kept.
        problems.extend(known_problems)
        return numbers

    def describe(self, sources: Iterable[Source]) -> tuple[DoNotCallList, ...]:
        """Return name, size and digest of each list. What is wrong with one of the project's files is reported by
        whoever reads its numbers; one under a URL without a digest names it as its failure."""
        return tuple(self._describe(source) for source in sources)

    def select_readable(self, sources: Iterable[Source]) -> list[Source]:
        """Return the lists whose numbers hold people back, without those under a URL that could not be read."""
        return [source for source in sources if source.failure is None and not self._describe(source).failure]

    @property
    def described(self) -> list[tuple[Source, DoNotCallList]]:
        """Every list that was described, with its description."""
        return list(self._described.values())

    def _describe(self, source: Source) -> DoNotCallList:
        key = json_digest([source.list_name, str(source.file), source.digest_input()])
        if key not in self._described:
            self._described[key] = (source, self._read_description(source))
        return self._described[key][1]

    def _read_description(self, source: Source) -> DoNotCallList:
        if source.failure is not None:
            return DoNotCallList(source.list_name, failure=source.failure, is_live=True)
        digest = self._hash_file(source.file)
        name = self._key.digest_lines([json_digest(["list", FORMAT, digest, source.digest_input()])])
        file = self._cache / f"{name}.json" if self._cache else None
        if file and (summary := RecipientSummary.from_file(file)):
            return DoNotCallList(source.list_name, summary.count, digest, is_live=source.is_live)
        problems = ProblemCollector()
        size = self.read(source, problems).size
        if source.is_live and not problems.is_empty:
            return DoNotCallList(source.list_name, failure=describe_damage(source, problems), is_live=True)
        RecipientSummary.create(file if problems.is_empty else None, size, {}, ())
        return DoNotCallList(source.list_name, size, digest, is_live=source.is_live)


def describe_damage(source: Source, problems: ProblemCollector) -> str:
    """Return what is wrong with a list, in one sentence."""
    first, *others = problems
    place = f"line {first.line}: " if first.line and first.file == source.display_path else ""
    return f"{quote(source.list_name)} is damaged: {place}{first.description}{' and more' if others else ''}"
