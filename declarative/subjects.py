"""Whom a run is about: every address with its memory, before anything was seen of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

from declarative.model.lock import Lock, RemoteRecord, ResourceRecord
from declarative.model.resource import Desired, Resource, Route
from declarative.state.merge import join_records


@dataclass(frozen=True, kw_only=True)
class Managed:
    """One address with its memory, before anything was seen of it. `only_seen`: left by its manifest, and no part of
    this run, which must not ring its people under another address."""

    address: str
    resource: Resource | None
    record: ResourceRecord
    provider: str
    renamed: tuple[str, ...] = ()
    read_only: bool = False

    @property
    def route(self) -> Route:
        if self.resource is not None:
            return self.resource.route
        return next((known.route for known in self.record.remotes.values()), Route.BATCH)

    @property
    def also(self) -> tuple[str, ...]:
        return self.resource.also if self.resource else ()

    @property
    def was_forgotten(self) -> bool:
        """Whether something was sent of which only its mark may still tell."""
        return self.record.forgotten and self.record.generation > 0

    def batch_ids(self) -> dict[str, RemoteRecord]:
        return {key: known for key, known in self.record.remotes.items() if known.route is Route.BATCH}

    def calls_to_ask_for(self) -> list[str]:
        """Calls not known to have ended, by ids of the provider's own, which ours for calls without one (`refused:`,
        `unconfirmed:`) are not."""
        return [
            key
            for key, known in self.record.remotes.items()
            if known.route is Route.CALL and not known.settled and ":" not in key
        ]


def subjects(desired: Desired, lock: Lock | None, *, with_those_left: bool = False) -> list[Managed]:
    """Every address that this run may touch: those wanted, and in a run over the whole project those remembered. Of a
    narrower one, `with_those_left` adds as `only_seen` what is remembered and named by no manifest any more."""
    known = dict(lock.resources) if lock else {}
    found = []
    for address, resource in desired.resources.items():
        renamed = tuple(old for old in resource.previously if old in known)
        record = reduce(join_records, [known[old] for old in (address, *renamed) if old in known] or [ResourceRecord()])
        found.append(
            Managed(address=address, resource=resource, record=record, provider=resource.provider, renamed=renamed)
        )
    taken = {address for subject in found for address in (subject.address, *subject.renamed)}
    left = [address for address in known if address not in taken] if desired.whole or with_those_left else []
    if left and not desired.whole:
        named = desired.named()
        left = [address for address in left if not known[address].tombstone and address not in named]
    found += [
        Managed(
            address=address,
            resource=None,
            record=known[address],
            provider=known[address].provider,
            read_only=not desired.whole,
        )
        for address in left
    ]
    return found
