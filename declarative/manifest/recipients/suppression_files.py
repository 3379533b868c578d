"""Reads the do-not-call lists of a run, each of them once, however many resources it guards. How many numbers a list
holds is kept between runs by the digest of its bytes, so that an unchanged list is only hashed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path as File
from typing import TYPE_CHECKING

from declarative.errors import Problem
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
        self._sizes: dict[str, int] = {}

    def read(self, source: Source, problems: ProblemCollector) -> SuppressedNumbers:
        """Return the numbers of a list. What is wrong with it is added to `problems`."""
        from declarative.manifest.recipients import tables

        cache_key = json_digest([str(source.file), source.digest_input()])
        if cache_key not in self._read_files:
            file_problems = ProblemCollector(problems.most_described)
            numbers = tables.load_suppressed_numbers(source, file_problems)
            self._read_files[cache_key] = (numbers, list(file_problems))
        numbers, known_problems = self._read_files[cache_key]
        # Added for each resource that uses the file: otherwise the second one would count as faultless and be kept.
        problems.extend(known_problems)
        return numbers

    def describe(self, sources: Iterable[Source]) -> tuple[DoNotCallList, ...]:
        """Return name, size and digest of each list. What is wrong with one is reported by whoever reads its
        numbers."""
        return tuple(
            DoNotCallList(source.list_name, self._find_size(source), self._hash_file(source.file)) for source in sources
        )

    def _find_size(self, source: Source) -> int:
        content = json_digest(["list", FORMAT, self._hash_file(source.file), source.digest_input()])
        if content not in self._sizes:
            self._sizes[content] = self._read_size(source, content)
        return self._sizes[content]

    def _read_size(self, source: Source, content: str) -> int:
        file = self._cache / f"{self._key.digest_lines([content])}.json" if self._cache else None
        if file and (summary := RecipientSummary.from_file(file)):
            return summary.count
        problems = ProblemCollector()
        size = self.read(source, problems).size
        return RecipientSummary.create(file if problems.is_empty else None, size, {}, ()).count
