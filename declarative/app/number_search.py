"""Which batches need not be read where somebody asks for a few numbers: those of which the manifest says who is in
them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial

from declarative.model import frames, records
from declarative.model.capabilities import Capabilities
from declarative.model.digest import PersonKey
from declarative.model.lock import Lock, RemoteRecord
from declarative.model.resource import Desired, Resource, Route
from declarative.planning.shards import cut_shards, fit_window


def skip_batches(
    lock: Lock,
    desired: Desired,
    capabilities: Callable[[str, Route], Capabilities],
    key: PersonKey,
    numbers: Collection[str],
) -> Lock:
    """Return the lock with each batch closed that holds none of the numbers for sure: a closed batch is not read. It is
    for reading alone, and is never written."""
    resource_records = dict(lock.resources)
    for address, resource in desired.resources.items():
        if address in resource_records and resource.route is Route.BATCH:
            without = _list_digests_without(resource, capabilities(resource.provider, Route.BATCH), key, numbers)
            is_closed = partial(_is_among, without)
            resource_records[address] = records.with_closed(resource_records[address], is_closed)
    return replace(lock, resources=resource_records)


def _list_digests_without(
    resource: Resource, capabilities: Capabilities, key: PersonKey, numbers: Collection[str]
) -> set[str]:
    """Digests of the sets of people that the manifest is cut into, those with one of the numbers left out."""
    people = resource.recipients.people
    cut = cut_shards(people.rows, fit_window(capabilities, resource), people)
    shards = [people.rows, *(shard for _, shard in cut)]
    without = [shard for shard in shards if not shard.get_column("number").is_in(list(numbers)).any()]
    return {frames.numbers_digest(shard, key) for shard in without if len(shard)}


def _is_among(digests: Collection[str], record: RemoteRecord) -> bool:
    """Whether the people of a batch are one of these sets."""
    return record.numbers in digests
