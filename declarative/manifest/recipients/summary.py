"""Keeps summaries of recipients files between runs, by a digest of their bytes. So a file of a million rows that is
unchanged is only hashed. A summary holds counts and digests, never a phone number. It may be deleted: the next run then
takes longer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

import orjson

from declarative import atomicfile

FORMAT = 4
"""The version of the summary files. Files of another version are ignored."""


class RecipientSummary:
    """The counts of one resource's people and, once requested, their digests.

    `count` is the number of people who may be called; `excluded_counts` is the number of those held back by reason;
    `warnings` are texts for people, without numbers.
    `file` keeps the summary for the next run; None keeps it for this run only.
    """

    def __init__(
        self,
        file: Path | None,
        count: int,
        excluded_counts: Mapping[str, int],
        warnings: Sequence[str],
        digests: Mapping[str, str],
    ) -> None:
        self.count = count
        self.warnings = tuple(warnings)
        self.excluded_counts = excluded_counts
        self._file = file
        self._digests = dict(digests)

    @classmethod
    def create(cls, file: Path | None, count: int, excluded_counts: Mapping[str, int], warnings: Sequence[str]) -> Self:
        """Make a new summary without digests and write it to `file`."""
        summary = cls(file, count, excluded_counts, warnings, {})
        summary._write()
        return summary

    @classmethod
    def from_file(cls, file: Path) -> Self | None:
        """Read a summary. None when the file does not exist, or is not a summary of this version and this machine."""
        try:
            data = orjson.loads(atomicfile.read_cache(file) or b"")
            if data["format"] != FORMAT:
                return None
            return cls(file, int(data["count"]), dict(data["held"]), list(data["warnings"]), dict(data["digests"]))
        except (ValueError, KeyError, TypeError):
            return None

    def digest(self, name: str, make_all: Callable[[], Mapping[str, str]]) -> str:
        """Return the digest `name`. The first time `make_all` makes those of all names, which are kept after that."""
        if name not in self._digests:
            self._digests |= make_all()
            self._write()
        return self._digests[name]

    def _write(self) -> None:
        if self._file is not None:
            data = {
                "format": FORMAT,
                "count": self.count,
                "held": self.excluded_counts,
                "warnings": self.warnings,
                "digests": self._digests,
            }
            atomicfile.write_cache(self._file, orjson.dumps(data))
