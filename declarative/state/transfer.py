"""Moving a lock from one place to another, never over one that knows more. Knows no backend by name."""

from __future__ import annotations

from contextlib import ExitStack

from declarative.errors import StateError
from declarative.model.lock import Lock, ResourceRecord
from declarative.model.records import join_records
from declarative.state.base import Backend, Holder, Sleep
from declarative.state.format import parse, render


def copy(source: Backend, target: Backend, holder: Holder, wait: float, sleep: Sleep) -> Lock:
    """Put the lock of `source`, its journal folded in, in the place of the target's, under both leases.
    Raises StateError where there is none, and where the target is another memory or knows what the source
    does not."""
    with ExitStack() as leases:
        for backend in sorted((source, target), key=lambda place: place.where):
            leases.enter_context(backend.lease(holder, wait, sleep))
        lock, there = parse(source.load()), parse(target.load())
        if lock is None:
            raise StateError(f"there is no lock at {source.where}")
        if there is not None:
            _refuse_loss(lock, there, target.where)
        target.fold(render(lock))
        return lock


def _refuse_loss(lock: Lock, there: Lock, where: str) -> None:
    if (lock.project, lock.lineage) != (there.project, there.lineage):
        raise StateError(
            f"{where} keeps another memory: project {there.project}, lineage {there.lineage}",
            hint="choose an empty place for this one",
        )
    mine = lock.resources
    newer = sorted(address for address, known in there.resources.items() if _ahead(known, mine.get(address)))
    if newer:
        raise StateError(
            f"{where} knows more than what would replace it: {', '.join(newer)}",
            hint="bring both together with dialctl state merge",
        )


def _ahead(there: ResourceRecord, here: ResourceRecord | None) -> bool:
    """Whether a record holds anything that another one would have to learn from it."""
    if here is None:
        return True
    both = join_records(there, here)
    return (
        there.generation > here.generation
        or (both.remotes, both.intents) != (here.remotes, here.intents)
        or not {*there.placed, *there.revoked} <= {*here.placed, *here.revoked}
        or both.unseen != here.unseen
    )
