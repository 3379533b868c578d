"""Members of batches that are over, kept in `.dialctl/cache/` so that they are read once. Holds phone numbers: files
are 0600 and nobody commits them. Losing it costs requests, never safety."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl

from declarative import quietly
from declarative.digest import of_value
from declarative.remote import MEMBER_COLUMNS, Phase, Remote


class MemberCache:
    """One file a batch, named by its id and by everything that would change if its people's outcomes did."""

    def __init__(self, directory: Path, host: str) -> None:
        self._directory = directory / of_value(host)[:12]

    def get(self, remote_id: str, state: object) -> pl.DataFrame | None:
        """The members as they were in that state (Remote.state); None where they are not known or not readable."""
        try:
            frame = pl.read_parquet(self._file(remote_id, state))
        except (OSError, pl.exceptions.PolarsError):
            return None
        return frame if set(MEMBER_COLUMNS) <= set(frame.columns) else None

    def put(self, remote: Remote) -> None:
        """Keeps the members of a remote thing that is over, if they are whole and every word of them is known: what may
        yet be answered better is asked again. A cache that cannot be written is no failure."""
        if remote.members is None or not _is_whole(remote.members, remote.total):
            return
        data = io.BytesIO()
        remote.members.write_parquet(data)
        quietly.keep(self._file(remote.id, remote.state), data.getvalue())

    def _file(self, remote_id: str, state: object) -> Path:
        return self._directory / f"{of_value(remote_id)[:20]}-{of_value(state)[:20]}.parquet"


def _is_whole(members: pl.DataFrame, total: int) -> bool:
    unknown = bool((members.get_column("phase") == Phase.UNKNOWN).any())
    return not unknown and members.get_column("number").n_unique() == total
