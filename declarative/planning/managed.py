"""The addresses that a run may touch: those wanted, and those that the lock remembers. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

from declarative.model.lock import Lock, ResourceRecord
from declarative.model.records import join_records
from declarative.model.resource import Desired, Resource
from declarative.planning.facts import Managed


def list_managed(desired: Desired, lock: Lock | None, *, include_removed: bool = False) -> list[Managed]:
    """Return every address that this run may touch: those wanted, then those removed.

    Removed is what the lock remembers and no manifest names. A run over the whole project has these; in a narrower run
    `include_removed` adds those of them that are no tombstones, as `read_only`.
    """
    resource_records = dict(lock.resources) if lock else {}
    wanted = [_make_managed(resource, resource_records) for resource in desired.resources.values()]
    claimed = {address for wish in desired.resources.values() for address in (wish.address, *wish.previously)}
    return [
        *wanted,
        *(
            Managed(
                address=address,
                resource=None,
                resource_record=resource_records[address],
                provider=resource_records[address].provider,
                read_only=not desired.is_complete,
            )
            for address in _list_removed(desired, resource_records, claimed, include_removed)
        ),
    ]


def _make_managed(resource: Resource, resource_records: Mapping[str, ResourceRecord]) -> Managed:
    known_record = resource_records.get(resource.address, ResourceRecord())
    renamed_from = tuple(
        previous
        for previous in resource.previously
        if previous in resource_records and _has_more_than(resource_records[previous], known_record)
    )
    own_records = [
        resource_records[address] for address in (resource.address, *renamed_from) if address in resource_records
    ]
    resource_record = reduce(join_records, own_records or [ResourceRecord()])
    # People are taken off where they wait, whatever provider the manifest names by now.
    has_sent = bool(resource_record.remotes or resource_record.intents)
    return Managed(
        address=resource.address,
        resource=resource,
        resource_record=resource_record,
        provider=resource_record.provider if has_sent and resource_record.provider else resource.provider,
        renamed_from=renamed_from,
    )


def _has_more_than(former: ResourceRecord, known_record: ResourceRecord) -> bool:
    """Whether an earlier address knows what has not moved to the present one. Of one that a person had forgotten these
    are its generation and its revoked marks (without them what its provider still shows looks like a later run's) and
    how many numbers its do-not-call lists held."""
    is_older = known_record.generation < former.generation
    has_longer_list = any(known_record.lists.get(name, 0) < size for name, size in former.lists.items())
    has_more_revoked = not {*former.revoked} <= {*known_record.revoked}
    return not former.is_forgotten or is_older or has_longer_list or has_more_revoked


def _list_removed(
    desired: Desired, resource_records: Mapping[str, ResourceRecord], claimed: set[str], include_removed: bool
) -> list[str]:
    removed = [address for address in resource_records if address not in claimed]
    if desired.is_complete or not removed:
        return removed
    if not include_removed:
        return []
    named_addresses = desired.list_addresses()
    return [
        address for address in removed if not resource_records[address].tombstone and address not in named_addresses
    ]
