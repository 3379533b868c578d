"""One row for each person in each remote batch or call, of several addresses. Pure; nothing is decided here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from declarative.model import frames
from declarative.model.people import READ_AT_ONCE, People
from declarative.model.remote import MEMBER_COLUMNS, Phase, Remote
from declarative.planning.columns import FactColumns, stack
from declarative.planning.facts import Facts
from declarative.planning.recorded import recorded_entries
from declarative.planning.remote_facts import SCHEMA, batch_facts, find_taken_off, identify_members

_MEMBER_SCHEMA = {name: SCHEMA[name] for name in MEMBER_COLUMNS}
_REMOTE_SCHEMA = {name: kind for name, kind in SCHEMA.items() if name not in (*MEMBER_COLUMNS, "address")}

QUEUED = (pl.col("phase") == Phase.QUEUED) & pl.col("live") & pl.col("touchable")
"""The person will be called unless the batch is cancelled."""
GOING_ON = (pl.col("phase") == Phase.IN_FLIGHT) | (
    (pl.col("phase") == Phase.UNKNOWN) & pl.col("outcome").is_null() & ~pl.col("over")
)
"""The person is being called, or may be: a word that nobody knows, without an ending, in a batch that is not over."""
STUCK = pl.col("touchable") & (
    ((pl.col("phase") == Phase.QUEUED) & (~pl.col("live") | pl.col("cancel_answered")))
    | ((pl.col("phase") == Phase.UNKNOWN) & pl.col("outcome").is_null() & pl.col("live") & ~pl.col("over"))
)
"""The person may be called, and no cancel is known to help: a batch that is cancelled, or of which the provider took a
cancel of ours, shows them as queued; or a live one by a word that nobody knows and without an ending."""


@dataclass(frozen=True)
class Members:
    """The members of all remotes of several addresses that were read in full."""

    columns: FactColumns
    """The addresses."""
    remotes: Sequence[tuple[int, Remote]]
    """The remotes, each with the place of its address."""
    frame: pl.DataFrame
    """MEMBER_COLUMNS, `address`, and `remote`: the place of the remote among `remotes`."""


def read_members(columns: FactColumns) -> Members:
    """Return the members of all remotes that were read in full."""
    remotes = [
        (place, remote)
        for place, facts in enumerate(columns.all_facts)
        for remote in facts.remotes.values()
        if remote.members is not None
    ]
    parts = [identify_members(columns.all_facts[place], remote) for place, remote in remotes]
    frame = stack(((index, part) for index, part in enumerate(parts)), _MEMBER_SCHEMA).rename({"address": "remote"})
    places = pl.Series([place for place, _ in remotes], dtype=pl.UInt32)
    return Members(columns, remotes, frame.with_columns(pl.lit(places).gather(pl.col("remote")).alias("address")))


def build_entries(members: Members) -> pl.DataFrame:
    """Return the entries of these members, and those that only the lock knows; columns as SCHEMA."""
    columns, seen = members.columns, members.frame
    recorded = recorded_entries(columns)
    if seen.is_empty() and recorded.is_empty():
        return recorded
    is_compared = pl.col("phase").is_in([Phase.QUEUED, Phase.REFUSED])  # for other phases data decide nothing
    compared = set(seen.filter(is_compared).get_column("remote").unique())
    current = _remotes_with_current_data(members, compared)
    rows = [
        batch_facts(columns.all_facts[place], remote) | {"exact": index in current}
        for index, (place, remote) in enumerate(members.remotes)
    ]
    facts_by_remote = pl.DataFrame(rows, schema=_REMOTE_SCHEMA).with_row_index("index")
    seen_entries = seen.rename({"remote": "index"}).join(facts_by_remote, on="index", maintain_order="left")
    seen_entries = _add_taken_off(members, seen_entries)
    frame = pl.concat([seen_entries.select(list(SCHEMA)), recorded])
    return _name_single_calls(columns, frame)


def _add_taken_off(members: Members, entries: pl.DataFrame) -> pl.DataFrame:
    """Return the entries, each of somebody whom we took off alone with what that request tells. `index` is the place of
    the remote among `members.remotes`."""
    parts = [
        (index, find_taken_off(members.columns.all_facts[place], remote, remote.members))
        for index, (place, remote) in enumerate(members.remotes)
        if remote.members is not None
    ]
    taken_off = stack(parts, {"number": pl.String, "answered": pl.Boolean}).rename({"address": "index"})
    if taken_off.is_empty():
        return entries
    # Protocol 8: it was our own request, so a person who reads `cancelled` and was never called is free again.
    frame = entries.join(taken_off, on=["index", "number"], how="left", maintain_order="left")
    return frame.with_columns(
        pl.col("by_us") | pl.col("answered").is_not_null(),
        pl.col("cancel_answered") | pl.col("answered").fill_null(False),
    ).drop("answered")


def _name_single_calls(columns: FactColumns, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the entries with the number that the manifest has in place of each single call's own."""
    single_calls = columns.select(lambda facts: facts.is_single_call and facts.resource is not None)
    if not single_calls:
        return frame
    numbers: list[str | None] = [None] * len(columns.all_facts)
    for place, facts in single_calls:
        numbers[place] = _wanted_number(facts)
    return frame.with_columns(pl.coalesce(columns.of_values(numbers, pl.String), "number").alias("number"))


def _wanted_number(facts: Facts) -> str:
    """Return the number of a Call whose manifest exists; empty where a policy excludes its person."""
    assert facts.resource is not None
    recipients = facts.resource.recipients.rows
    return str(recipients.item(0, "number")) if len(recipients) else ""


def _remotes_with_current_data(members: Members, compared: Collection[int]) -> set[int]:
    """Return the places among the remotes `compared` of those whose people want the same data now as were sent."""
    index_by_remote = {(place, remote.id): index for index, (place, remote) in enumerate(members.remotes)}
    ids_by_place: dict[int, list[str]] = {}
    for index in sorted(compared):
        place, remote = members.remotes[index]
        ids_by_place.setdefault(place, []).append(remote.id)
    return {
        index_by_remote[place, remote_id]
        for place, remote_ids in ids_by_place.items()
        for remote_id in batches_with_current_data(members.columns.all_facts[place], remote_ids)
    }


def batches_with_current_data(facts: Facts, remote_ids: Iterable[str]) -> list[str]:
    """Return the batches whose people want the same data now as were sent, told by digest.

    The digest comes before the data that the provider returns: a provider that rewrites them must not look like a
    change.
    """
    sizes: dict[str, int] = {}
    parts = []
    for remote_id in remote_ids:
        remote_record, remote = facts.resource_record.remotes.get(remote_id), facts.remotes.get(remote_id)
        if remote_record and remote_record.payloads is not None and remote and remote.members is not None:
            sizes[remote_id] = len(remote.members)
            numbers = identify_members(facts, remote).get_column("number")
            parts.append(numbers.to_frame().with_columns(pl.lit(remote.id).alias("remote")))
    if facts.resource is None or not parts:
        return []
    people = facts.resource.recipients.people
    return [
        str(remote_id)
        for members in _chunks(parts)
        for (remote_id,), rows in _with_wanted_data(people, members).partition_by("remote", as_dict=True).items()
        if len(rows) == sizes[str(remote_id)]
        and frames.payloads_digest(rows, facts.key) == facts.resource_record.remotes[str(remote_id)].payloads
    ]


def _with_wanted_data(people: People, members: pl.DataFrame) -> pl.DataFrame:
    """Return the wanted ones of these members, with their `payload`."""
    return people.with_data(members.join(people.rows, on="number", maintain_order="left"))


def _chunks(parts: Sequence[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Join frames one behind the other, up to so many rows at a time as data are read at once."""
    chunk: list[pl.DataFrame] = []
    for part in parts:
        if chunk and sum(map(len, chunk)) + len(part) > READ_AT_ONCE:
            yield pl.concat(chunk)
            chunk = []
        chunk.append(part)
    yield pl.concat(chunk)
