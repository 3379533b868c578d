"""The members of remote batches and calls: from the cache where nothing can have changed, otherwise read in full.

The cache is in `.dialctl/cache/` and holds batches that are over, so that each is read once. It holds phone numbers:
its files are 0600 and are never committed. Losing it costs requests, never safety.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Container, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import polars as pl

from declarative import atomicfile
from declarative.errors import ProviderError, Unauthorized
from declarative.humanize import plural
from declarative.model import records
from declarative.model.digest import json_digest
from declarative.model.remote import MEMBER_COLUMNS, Phase, Remote, is_over
from declarative.model.resource import Route
from declarative.planning.facts import Managed
from declarative.providers.base import Channel, Provider

MOST_ERRORS = 8
"""After so many reads that failed and none that did not, the provider counts as not answering."""


class MemberCache:
    """One folder per batch. The file name is a digest of the batch's state, so a stale file is never read. The content
    is signed, so a file that is damaged or came with a commit is never read either: with one digit changed, a person
    who was called would look never called."""

    def __init__(self, directory: Path, host: str) -> None:
        self._directory = directory / json_digest(host)[:12]

    def get(self, remote_id: str, state: object) -> pl.DataFrame | None:
        """The members as they were in that state (Remote.state). None where they are not cached or not readable."""
        content = atomicfile.read_cache(self._file(remote_id, state))
        return None if content is None else _parse_members(content)

    def put(self, remote: Remote) -> None:
        """Keeps the members of a remote that is over. They are not kept while somebody waits or is in a call by their
        own word, whatever the counters say: a later read may say more. A failed write is ignored."""
        if remote.members is None or remote.has_phase(Phase.QUEUED, Phase.IN_FLIGHT):
            return
        # Protocol 12: fewer distinct numbers than the provider counts means that the batch was not read in full.
        if remote.members.get_column("number").n_unique() != remote.total:
            return
        buffer = io.BytesIO()
        remote.members.write_parquet(buffer)
        atomicfile.write_cache(self._file(remote.id, remote.state), buffer.getvalue())

    def _file(self, remote_id: str, state: object) -> Path:
        return self._directory / _short_digest(remote_id) / f"{_short_digest(state)}.parquet"


class MemberReader:
    """Reads remotes of one provider in full. `managed_list` holds every address there. `remotes` holds what was read,
    by id; `unknown_ids` holds the ids that the provider says it does not know; `errors` holds why others could not be
    read. Raises ProviderError where nothing at all could be."""

    def __init__(
        self,
        provider: Provider,
        managed_list: Sequence[Managed],
        cache: MemberCache | None,
        *,
        parallelism: int,
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._provider = provider
        self._cache = cache
        self._parallelism = parallelism
        self._progress = progress
        self._recorded = {
            remote_id: remote_record
            for managed in reversed(managed_list)
            for remote_id, remote_record in managed.resource_record.remotes.items()
        }
        self.remotes: dict[str, Remote] = {}
        self.unknown_ids: set[str] = set()
        self.errors: dict[str, ProviderError] = {}

    def read_unlisted_batches(self, managed: Managed, listed_ids: Container[str]) -> None:
        """Reads each batch by its id that the lock knows as unsettled and the list does not show."""
        channel = self._provider.channels.get(Route.BATCH)
        if channel is None:
            return
        # Protocol 12: a list may lag behind. Nothing is concluded from a missing id before it was asked for by name.
        for remote_id, remote_record in managed.batch_records().items():
            if not remote_record.settled and remote_id not in listed_ids:
                self._read(channel, remote_id)

    def read_missing_batches(self, remote_ids: Sequence[str]) -> None:
        """Reads batches by their ids that the list should show and does not."""
        if channel := self._provider.channels.get(Route.BATCH):
            self._read_all(channel, remote_ids)

    def read_open_calls(self, managed_list: Sequence[Managed], listed_ids: Container[str]) -> None:
        """Reads each single call by its id that is not known to have ended and that the list does not show."""
        if channel := self._provider.channels.get(Route.CALL):
            open_ids = [remote_id for managed in managed_list for remote_id in managed.open_call_ids()]
            self._read_all(channel, [remote_id for remote_id in open_ids if remote_id not in listed_ids])

    def read_batches(
        self, name: str, managed_list: Sequence[Managed], by_address: Mapping[str, Mapping[str, Remote]]
    ) -> None:
        """Reads the people of every batch of these addresses, from the cache where nothing can have changed. `name` is
        the provider's; `by_address` holds the remotes of each address as the list shows them."""
        channel = self._provider.channels.get(Route.BATCH)
        batch_ids = [
            remote_id
            for managed in managed_list
            for remote_id in _batch_ids(managed, by_address[managed.address])
            if remote_id not in self.remotes
        ]
        if channel is None or not batch_ids:
            return
        listed = {remote_id: remote for remotes in by_address.values() for remote_id, remote in remotes.items()}
        uncached_ids = [
            remote_id for remote_id in batch_ids if not self._read_from_cache(remote_id, listed.get(remote_id))
        ]
        if uncached_ids:
            self._progress(f"reading the people of {plural(len(uncached_ids), 'batch', 'batches')} of {name}")
        self._read_all(channel, uncached_ids)
        for remote_id in uncached_ids:
            if self._cache and remote_id in self.remotes and is_over(self.remotes[remote_id]):
                self._cache.put(self.remotes[remote_id])

    def _read_from_cache(self, remote_id: str, listed: Remote | None) -> bool:
        """Whether the cache had the members of a batch, in the state that the list or a settled record shows."""
        remote_record = self._recorded.get(remote_id)
        if self._cache is None:
            return False
        if listed is not None:
            remote = listed
        elif remote_record is not None and remote_record.settled:
            remote = records.as_remote(remote_id, remote_record)
        else:
            return False
        members = self._cache.get(remote_id, remote.state)
        # Protocol 12: a reading that was short by its own count, too, is read again once the list counts more people.
        if members is None or members.get_column("number").n_unique() != remote.total:
            return False
        self.remotes[remote_id] = replace(remote, members=members)
        return True

    def _read_all(self, channel: Channel, remote_ids: Sequence[str]) -> None:
        with ThreadPoolExecutor(self._parallelism) as pool:
            list(pool.map(lambda remote_id: self._read(channel, remote_id), remote_ids))

    def _read(self, channel: Channel, remote_id: str) -> None:
        try:
            remote = channel.read(remote_id)
        except Unauthorized:
            raise
        except ProviderError as error:
            # One batch that cannot be read holds back its own address, unless it looks as if none could be.
            self.errors[remote_id] = error
            if len(self.errors) >= MOST_ERRORS and not self.remotes and not self.unknown_ids:
                raise
            return
        if remote is None:
            self.unknown_ids.add(remote_id)
        else:
            self.remotes[remote_id] = remote


def _batch_ids(managed: Managed, remotes: Mapping[str, Remote]) -> list[str]:
    """Batches of an address: those of the lock, those that were observed, and those of other runs named by `also`."""
    observed_ids = [remote_id for remote_id, remote in remotes.items() if remote.route is Route.BATCH]
    return list(dict.fromkeys([*managed.batch_records(), *observed_ids, *managed.also]))


def _short_digest(value: object) -> str:
    return json_digest(value)[:20]


def _parse_members(content: bytes) -> pl.DataFrame | None:
    """None where another version wrote other columns."""
    frame = pl.read_parquet(io.BytesIO(content))
    return frame if set(MEMBER_COLUMNS) <= set(frame.columns) else None
