"""Which remote belongs to which address: by its mark, by the lock, or by the manifest's `also`. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from declarative.model import mark
from declarative.model.remote import Remote
from declarative.planning.facts import Managed


class Ownership:
    """Knows the marks and ids of the addresses of one project at one provider. An earlier address of a renamed resource
    counts as the resource's own."""

    def __init__(self, project_name: str, managed_list: Sequence[Managed]) -> None:
        self._project_hash = mark.project_hash(project_name)
        self._ids_by_address = {
            managed.address: frozenset({*managed.resource_record.remotes, *managed.also}) for managed in managed_list
        }
        self._address_by_hash = {
            mark.address_hash(address): managed.address
            for managed in managed_list
            for address in (managed.address, *(managed.resource.previously if managed.resource else ()))
        }

    def group_by_address(self, remotes: Mapping[str, Remote]) -> dict[str, dict[str, Remote]]:
        """The remotes of every address, by id; an empty mapping for an address that has none of these."""
        ids_by_address = {address: set(remote_ids) for address, remote_ids in self._ids_by_address.items()}
        for remote_id, remote in remotes.items():
            address = self._address_by_hash.get(remote.mark.address) if remote.mark and self._is_ours(remote) else None
            if address is not None:
                ids_by_address[address].add(remote_id)
        return {
            address: {remote_id: remotes[remote_id] for remote_id in sorted(remote_ids) if remote_id in remotes}
            for address, remote_ids in ids_by_address.items()
        }

    def select_own(self, remotes: Mapping[str, Remote]) -> dict[str, Remote]:
        """Every remote with a mark of this project, and every remote that the lock or an `also` names by id."""
        own_ids = frozenset[str]().union(*self._ids_by_address.values())
        return {
            remote_id: remote for remote_id, remote in remotes.items() if remote_id in own_ids or self._is_ours(remote)
        }

    def _is_ours(self, remote: Remote) -> bool:
        # Protocol 4: a mark of another project is never touched, even under the same address.
        return remote.mark is not None and remote.mark.project == self._project_hash
