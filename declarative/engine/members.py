"""Members of batches that are over, kept in `.dialctl/cache/` so that they are read once. Holds phone numbers: files
are 0600 and nobody commits them. Losing it costs requests, never safety."""

from __future__ import annotations

import hashlib
import io
from contextlib import suppress
from pathlib import Path

import polars as pl

from declarative import atomicfile as quietly
from declarative.model.digest import json_digest
from declarative.model.remote import MEMBER_COLUMNS, Phase, Remote


class MemberCache:
    """A folder a batch, with a file named by everything that would change if its people's outcomes did, and by what is
    in it: with one digit changed somebody who was called would look never called, so damage must not be read."""

    def __init__(self, directory: Path, host: str) -> None:
        self._directory = directory / json_digest(host)[:12]

    def get(self, remote_id: str, state: object) -> pl.DataFrame | None:
        """The members as they were in that state (Remote.state); None where they are not known or not readable."""
        for file in sorted(self._folder(remote_id).glob(f"{_short_digest(state)}-*.parquet")):
            with suppress(OSError):
                content = file.read_bytes()
                if file.name == _member_file_name(state, content):
                    return _parse_members(content)
        return None

    def put(self, remote: Remote) -> None:
        """Keeps the members of a remote thing that is over, if they are whole and every word of them is known: what may
        yet be answered better is asked again. A cache that cannot be written is no failure."""
        if remote.members is None or remote.has_phase(Phase.UNKNOWN):
            return
        if remote.members.get_column("number").n_unique() != remote.total:
            return
        buffer = io.BytesIO()
        remote.members.write_parquet(buffer)
        content = buffer.getvalue()
        quietly.write_best_effort(self._folder(remote.id) / _member_file_name(remote.state, content), content)

    def _folder(self, remote_id: str) -> Path:
        return self._directory / _short_digest(remote_id)


def _short_digest(value: object) -> str:
    return json_digest(value)[:20]


def _member_file_name(state: object, content: bytes) -> str:
    return f"{_short_digest(state)}-{hashlib.sha256(content).hexdigest()[:20]}.parquet"


def _parse_members(content: bytes) -> pl.DataFrame | None:
    """None where another version wrote other columns."""
    frame = pl.read_parquet(io.BytesIO(content))
    return frame if set(MEMBER_COLUMNS) <= set(frame.columns) else None
