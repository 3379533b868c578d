"""What only a call itself tells: when it was, how long, what the provider extracted. Each ended call is asked once.

Batches show who was reached and not when. The answers are kept in `.dialctl/cache/calls/`, one file for each host and
lock. They hold what people said, so the file is 0600; losing it costs requests and nothing else.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import polars as pl

from declarative import atomicfile
from declarative.app.cache_life import CACHE_LIFE
from declarative.app.session import Session
from declarative.errors import ProviderError
from declarative.model.digest import json_digest
from declarative.model.remote import parse_timestamp
from declarative.model.resource import Route
from declarative.providers.base import Channel

_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {"call_id": pl.String, "details": pl.String}
_FILE_SCHEMA = {**_SCHEMA, "kept_at": pl.Datetime("us", "UTC")}
_CHUNK = 200
"""Calls that are asked for together."""
_SAVE_EVERY = 25 * _CHUNK
"""Calls after which what was read is kept, in case the run is killed."""
_RESULT_DELAY = timedelta(minutes=10)
"""A provider extracts results after the call. What a younger call answers is shown and not kept."""


class CallDetails:
    """The details of the calls at one provider, by call id: JSON objects as in the `note` of members."""

    def __init__(self, session: Session, provider: str) -> None:
        self._session = session
        self._provider = session.connections.connected_providers.get(provider)
        lock = session.lock()
        # A sandbox that was reset gives the same ids again, under another lineage.
        owner = [self._provider.host if self._provider else "", lock.lineage if lock else ""]
        self._file: Path = session.data_directory / "cache" / "calls" / f"{json_digest(owner)[:20]}.parquet"
        self._kept_at = datetime.now(UTC)
        self._known = _read_cache(self._file, self._kept_at - CACHE_LIFE)
        self._kept = self._known.select(list(_SCHEMA))
        self._fresh: dict[str, str] = {}
        self.unread_count = 0
        """Calls that were asked for and could not be read."""

    @property
    def frame(self) -> pl.DataFrame:
        """Columns `call_id` and `details`; one row for each call that was ever read."""
        fresh = pl.DataFrame(
            {"call_id": list(self._fresh), "details": list(self._fresh.values())}, schema=_SCHEMA, orient="col"
        )
        return pl.concat([self._kept, fresh])

    def fetch(self, call_ids: Iterable[str], now: datetime) -> None:
        """Read the ended calls that are not kept yet, several at once. `now` is the provider's time."""
        missing = sorted({*call_ids} - {*self._kept.get_column("call_id"), *self._fresh})
        channel = self._provider.channels.get(Route.CALL) if self._provider else None
        if channel is None:
            self.unread_count += len(missing)
            return
        try:
            self._fetch_all(channel, missing, now)
        finally:
            self._save(now)

    def _fetch_all(self, channel: Channel, call_ids: Sequence[str], now: datetime) -> None:
        """Read the calls in chunks. After a chunk of which none could be read the others are not tried."""
        for start in range(0, len(call_ids), _CHUNK):
            self._session.options.progress(f"reading {len(call_ids):,} calls, {start:,} so far")
            chunk = call_ids[start : start + _CHUNK]
            with ThreadPoolExecutor(self._session.options.parallelism) as pool:
                all_details = list(pool.map(lambda call_id: _read_call(channel, call_id), chunk))
            pairs = zip(chunk, all_details, strict=True)
            details = {call_id: details for call_id, details in pairs if details is not None}
            self._fresh |= details
            self.unread_count += len(chunk) - len(details)
            if not details:
                self.unread_count += len(call_ids) - start - len(chunk)
                return
            if start and start % _SAVE_EVERY == 0:
                self._save(now)

    def _save(self, now: datetime) -> None:
        final = [(call_id, details) for call_id, details in self._fresh.items() if _is_final(details, now)]
        fresh = pl.DataFrame(final, schema=_SCHEMA, orient="row").with_columns(kept_at=pl.lit(self._kept_at))
        buffer = io.BytesIO()
        pl.concat([self._known, fresh.cast(pl.Schema(_FILE_SCHEMA))]).write_parquet(buffer)
        atomicfile.write_cache(self._file, buffer.getvalue())


def _read_call(channel: Channel, call_id: str) -> str | None:
    """Read one call: an empty object where it tells nothing, None where it cannot be read or is not known."""
    try:
        remote = channel.read(call_id)
    except ProviderError:
        return None
    if remote is None or remote.members is None or remote.members.is_empty():
        return None
    return remote.members.item(0, "note") or "{}"


def _is_final(details: str, now: datetime) -> bool:
    note = orjson.loads(details)
    called_at = parse_timestamp(str(note.get("called_at")))
    ended_at = called_at and called_at + timedelta(seconds=note.get("duration_seconds", 0))
    return ended_at is None or ended_at < now - _RESULT_DELAY


def _read_cache(file: Path, oldest: datetime) -> pl.DataFrame:
    """What was kept since a moment. Nothing where another version wrote other columns."""
    content = atomicfile.read_cache(file)
    frame = pl.DataFrame(schema=_FILE_SCHEMA) if content is None else pl.read_parquet(io.BytesIO(content))
    if frame.schema != pl.Schema(_FILE_SCHEMA):
        return pl.DataFrame(schema=_FILE_SCHEMA)
    return frame.filter(pl.col("kept_at") >= oldest)
