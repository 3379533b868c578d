"""What recipients files came to, kept by the digest of their bytes, so that an unchanged million rows are only hashed.
Holds counts and digests, never a number. Losing it costs time, never rightness."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

import orjson

from declarative import atomicfile as quietly

FORMAT = 3


class RecipientSummary:
    """`count` of people and `held`, counts by policy of those kept out. Their digests are made when somebody asks for
    the first time, and kept in `file` for the next run; without a file, for this one."""

    def __init__(
        self, file: Path | None, count: int, kept_out_counts: Mapping[str, int], digests: Mapping[str, str]
    ) -> None:
        self.count = count
        self.kept_out_counts = kept_out_counts
        self._file = file
        self._digests = dict(digests)

    @classmethod
    def create(cls, file: Path | None, count: int, kept_out_counts: Mapping[str, int]) -> Self:
        summary = cls(file, count, kept_out_counts, {})
        summary._write()
        return summary

    @classmethod
    def from_file(cls, file: Path) -> Self | None:
        """None for whatever is not there, or not readable as this format."""
        try:
            data = orjson.loads(file.read_bytes())
            if data["format"] != FORMAT:
                return None
            return cls(file, int(data["count"]), dict(data["held"]), dict(data["digests"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def digest(self, name: str, make: Callable[[], str]) -> str:
        if name not in self._digests:
            self._digests[name] = make()
            self._write()
        return self._digests[name]

    def _write(self) -> None:
        if self._file is not None:
            data = {"format": FORMAT, "count": self.count, "held": self.kept_out_counts, "digests": self._digests}
            quietly.write_best_effort(self._file, orjson.dumps(data))
