"""Looks at the do-not-call lists of a run again while it dials. What a list held before stays in force by whoever asks:
a list that becomes shorter meanwhile releases nobody."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from declarative.manifest.messages import quote
from declarative.manifest.paths import UnusableFile
from declarative.manifest.problems import ProblemCollector
from declarative.manifest.recipients.remote_file import RemoteFiles
from declarative.manifest.recipients.source import Source, file_sha256
from declarative.manifest.recipients.suppression_files import describe_damage
from declarative.model.digest import PersonKey
from declarative.model.policy import DoNotCallList, ListLook


@dataclass
class _WatchedList:
    """A list, and what was last read of it."""

    source: Source
    """Where it is."""
    sha256: str
    """The digest of its bytes."""
    size: int
    """How many different numbers it held."""
    state: tuple[int, ...] = ()
    """Inode, size and time of change of a file of the project; empty before the first look."""


class SuppressionWatch:
    """`lists` are the lists as the run has read them, each with its source; `key` is that of erased people in them.
    Those with a digest under a URL never change."""

    def __init__(
        self, lists: Iterable[tuple[Source, DoNotCallList]], remote_files: RemoteFiles, key: PersonKey
    ) -> None:
        self._key = key
        self._remote_files = remote_files
        self._watched = [
            _WatchedList(source, do_not_call.sha256, do_not_call.size)
            for source, do_not_call in lists
            if source.is_live or not source.url
        ]

    def look(self) -> list[ListLook]:
        """Read each list that has changed since the last look."""
        return [self._look_at(watched) for watched in self._watched]

    def _look_at(self, watched: _WatchedList) -> ListLook:
        name = watched.source.list_name
        try:
            file = self._find_changed(watched)
        except UnusableFile as unusable:
            return ListLook(name, failure=unusable.message)
        except OSError as error:
            return ListLook(name, failure=f"{quote(name)} cannot be read: {error.strerror}")
        return ListLook(name) if file is None else _read_list(watched, file, self._key)

    def _find_changed(self, watched: _WatchedList) -> Path | None:
        """The file with what the list holds now; None where that is what was last read."""
        if watched.source.is_live:
            file = self._remote_files.fetch_again(watched.source.url)
            return None if file_sha256(file) == watched.sha256 else file
        status = os.stat(watched.source.file)
        state = (status.st_ino, status.st_size, status.st_mtime_ns)
        if state == watched.state:
            return None
        if file_sha256(watched.source.file) == watched.sha256:
            watched.state = state
            return None
        return watched.source.file


def _read_list(watched: _WatchedList, file: Path, key: PersonKey) -> ListLook:
    from declarative.manifest.recipients import do_not_call

    name, problems = watched.source.list_name, ProblemCollector()
    digest = file_sha256(file)
    numbers = do_not_call.load_suppressed_numbers(replace(watched.source, file=file), problems, key)
    if not problems.is_empty:
        return ListLook(name, failure=describe_damage(watched.source, problems))
    if watched.size and not numbers.size:
        return ListLook(name, failure=f"{quote(name)} is empty now")
    if file_sha256(file) != digest:
        return ListLook(name, failure=f"{quote(name)} was changed while it was being read")
    watched.sha256, watched.size = digest, numbers.size
    return ListLook(name, is_listed=numbers.matches)
