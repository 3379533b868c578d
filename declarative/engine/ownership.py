"""Which remote belongs to which address: by its mark, by the lock, or by the manifest's `also`. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from declarative.model import mark
from declarative.model.lock import Lock
from declarative.model.remote import Remote
from declarative.planning.facts import Managed


class Ownership:
    """Knows the marks and ids of the addresses of one project at one provider. An earlier address of a renamed resource
    counts as the resource's own."""

    def __init__(self, project_name: str, managed_list: Sequence[Managed], lock: Lock | None = None) -> None:
        self._project_hash = mark.project_hash(project_name)
        self._ids_by_address = {
            managed.address: frozenset({*managed.resource_record.remotes, *managed.also}) for managed in managed_list
        }
        self._address_by_hash = {
            mark.address_hash(address): managed.address
            for managed in managed_list
            for address in (managed.address, *(managed.resource.previously if managed.resource else ()))
        }
        # A name that was given up may be used again. What the lock knows of is still the renamed resource's own.
        resource_records = lock.resources if lock else {}
        self._recorded_ids = {remote_id for record in resource_records.values() for remote_id in record.remotes}
        self._recorded_marks = {
            open_mark for record in resource_records.values() for open_mark in (*record.intents, *record.revoked)
        }
        self._address_by_mark = {
            open_mark: managed.address
            for managed in managed_list
            for open_mark in (*managed.resource_record.intents, *managed.resource_record.revoked)
        }
        self._closed_ids = frozenset[str]().union(*(managed.resource_record.closed_ids for managed in managed_list))

    def group_by_address(self, remotes: Mapping[str, Remote]) -> dict[str, dict[str, Remote]]:
        """The remotes of every address, by id, without those that a person closed; an empty mapping for an
        address that has none of these."""
        ids_by_address = {address: set(remote_ids) for address, remote_ids in self._ids_by_address.items()}
        for remote_id, remote in remotes.items():
            if remote_id not in self._recorded_ids and (address := self._find_address(remote)) is not None:
                ids_by_address[address].add(remote_id)
        return {
            address: {
                remote_id: remotes[remote_id]
                for remote_id in sorted(remote_ids - self._closed_ids)
                if remote_id in remotes
            }
            for address, remote_ids in ids_by_address.items()
        }

    def _find_address(self, remote: Remote) -> str | None:
        """The address that the mark of a remote names, unless the lock knows the mark of another one."""
        if remote.mark is None or not self._is_ours(remote):
            return None
        if str(remote.mark) in self._recorded_marks:
            return self._address_by_mark.get(str(remote.mark))
        return self._address_by_hash.get(remote.mark.address)

    def select_own(self, remotes: Mapping[str, Remote]) -> dict[str, Remote]:
        """Every remote with a mark of this project except list probes, and every remote that the lock or an `also`
        names by id."""
        own_ids = frozenset[str]().union(*self._ids_by_address.values())
        return {
            remote_id: remote for remote_id, remote in remotes.items() if remote_id in own_ids or self._is_ours(remote)
        }

    def _is_ours(self, remote: Remote) -> bool:
        # Protocol 4: a mark of another project is never touched, even under the same address.
        # Protocol 5: a list probe belongs to no address. It is never adopted, counted or shown.
        return remote.mark is not None and remote.mark.project == self._project_hash and not remote.mark.is_probe
