"""Copy a lock from one place to another, never over a lock that knows more. Knows no backend by name."""

from __future__ import annotations

from contextlib import ExitStack

from declarative.errors import StateError
from declarative.model.history import RunRecord
from declarative.model.lock import Lock, ResourceRecord
from declarative.model.records import join_records
from declarative.state import history
from declarative.state.base import Backend, Holder, Log, Sleep
from declarative.state.format import parse_lock, render_lock


def copy_lock(source: Backend, target: Backend, holder: Holder, wait: float, sleep: Sleep, record: RunRecord) -> Lock:
    """Replace the lock of `target` with the lock of `source`, its journal folded in, under both leases. The lines of
    the history that only the source has are added to the target, and one of this copy, as `record` says it.

    Raises StateError where the source has no lock, where the target's belongs to another project or lineage, and where
    the target knows what the source does not.
    """
    with ExitStack() as leases:
        # Always in the same order, so that two copies in opposite directions do not wait for each other.
        for backend in sorted((source, target), key=lambda place: place.location):
            leases.enter_context(backend.lease(holder, wait, sleep))
        lock, target_lock = parse_lock(source.load()), parse_lock(target.load())
        if lock is None:
            raise StateError(f"there is no lock at {source.location}")
        if target_lock is not None:
            _refuse_overwrite(lock, target_lock, target.location)
        # A halt of either place stands in both before the lock is there to call by. Copied first, it is never missing.
        copy_halts(source, target)
        history.copy_lines(source, target)
        target.fold(render_lock(history.add_to_lock(target, lock, record)))
        return lock


def copy_halts(source: Backend, target: Backend) -> None:
    """Add the halts and resumes of the source that the target lacks. Needs no lease."""
    known = {*target.read_lines(Log.HALTS)}
    for line in source.read_lines(Log.HALTS):
        if line not in known:
            target.add_line(Log.HALTS, line)


def _refuse_overwrite(lock: Lock, target_lock: Lock, location: str) -> None:
    if (lock.project, lock.lineage) != (target_lock.project, target_lock.lineage):
        raise StateError(
            f"{location} has another lock: project {target_lock.project}, lineage {target_lock.lineage}",
            hint="choose an empty place for this one",
        )
    resource_records = lock.resources
    newer_addresses = sorted(
        address
        for address, target_record in target_lock.resources.items()
        if _is_ahead(target_record, resource_records.get(address))
    )
    if newer_addresses:
        raise StateError(
            f"{location} knows more than the lock that would replace it: {', '.join(newer_addresses)}",
            hint="join both with dialctl state merge",
        )


def _is_ahead(target_record: ResourceRecord, source_record: ResourceRecord | None) -> bool:
    """Whether the target's record holds anything that the source's record lacks."""
    if source_record is None:
        return True
    joined = join_records(target_record, source_record)
    return (
        target_record.generation > source_record.generation
        or (joined.remotes, joined.intents) != (source_record.remotes, source_record.intents)
        or not {*target_record.placed, *target_record.revoked} <= {*source_record.placed, *source_record.revoked}
        or joined.unseen != source_record.unseen
    )
