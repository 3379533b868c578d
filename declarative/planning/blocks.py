"""Reasons to block a whole resource. Pure.

A fact about *not seeing* something never leads to a call: what is missing, unreadable or contradicts the lock blocks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import polars as pl

from declarative import humanize
from declarative.model import mark
from declarative.model.lock import Intent, Lock, RemoteRecord, ResourceRecord
from declarative.model.remote import Phase, Remote
from declarative.model.resource import Route
from declarative.planning.decide import Reason
from declarative.planning.facts import Block, Facts
from declarative.planning.halting import emergency_block, halt_block
from declarative.planning.membership import describe_unreadable, find_unreadable
from declarative.planning.taking_back import is_forgotten_in_time

MARKS_WITHOUT_LOCK_HINT = "bring dialctl.lock back, or make one from those: dialctl state rebuild"
"""What to do where a provider shows that the project has called before, and its lock is not here."""


def lock_block(project: str, lock: Lock | None, remotes: Mapping[str, Remote], *, single_calls: bool) -> Block | None:
    """Return why the lock cannot be trusted to know what was done; it blocks everything at that provider.

    `remotes` are those seen at the provider, by id; `single_calls` tells whether a resource is placed call by call
    and needs a lock for it.
    """
    # Protocol 4: a mark names project and lineage, so what another lock placed is recognised.
    marks = [remote.mark for remote in remotes.values() if remote.mark]
    project_marks = [remote_mark for remote_mark in marks if remote_mark.project == mark.project_hash(project)]
    if (lock is None or lock.is_unused) and project_marks:
        lack = "nothing was sent under this lock" if lock else "there is no lock"
        return Block(
            Reason.NO_MEMORY,
            f"{lack}, but {_batches(len(project_marks))} of this project at the provider",
            MARKS_WITHOUT_LOCK_HINT,
        )
    if lock is None and single_calls:
        return Block(
            Reason.NO_MEMORY,
            "there is no lock, and no list can prove that single calls were never placed",
            "dialctl state new (this project has never dialed) or dialctl state rebuild (it has)",
        )
    # What a user has this lock take over (`state rebuild --keep`) is recorded by its id with its own mark, and is read
    # like everything else. An id recorded with another mark is of another copy of the lock.
    records = lock.resources.values() if lock else ()
    recorded_marks = {key: remote.mark for record in records for key, remote in record.remotes.items()}
    foreign_marks = [
        remote.mark
        for key, remote in remotes.items()
        if lock
        and remote.mark in project_marks
        and remote.mark is not None
        and remote.mark.lineage != lock.lineage
        and recorded_marks.get(key) != str(remote.mark)
    ]
    if foreign_marks and lock:
        return Block(
            Reason.OTHER_LINEAGE,
            f"{_batches(len(foreign_marks))} of this project under another lineage at the provider",
            "bring back the lock that placed them; or go on with this one, which takes them over: "
            f"dialctl state rebuild --keep {lock.lineage}; another project needs another name",
        )
    return None


def resource_block(
    facts: Facts, unknown_ids: frozenset[str], *, routes: Collection[Route], unchanged: bool = False
) -> Block | None:
    """Return the first reason, in the order of decide.BLOCKS_RESOURCE, to block this one resource.

    `unknown_ids` are ids that the provider was asked for and does not know; `routes` those that the provider has. The
    people of an unchanged resource were not read, and need not be.
    """
    block = _check_lock_age(facts) or _check_missing(facts, unknown_ids) or _check_provider(facts, routes)
    if block or unchanged:
        return block
    return (
        _check_members_read(facts)
        or _check_member_counts(facts)
        or _check_cancelled_elsewhere(facts)
        or _check_marks(facts)
        or halt_block(facts)
    )


def _check_lock_age(facts: Facts) -> Block | None:
    # Protocol 4: a mark carries the generation, so a mark above the lock's was sent by a run whose lock is not here.
    newer = [
        remote
        for remote in facts.remotes.values()
        if remote.mark
        and remote.id not in facts.also
        and remote.mark.generation > facts.resource_record.generation
        and str(remote.mark) not in facts.resource_record.intents
    ]
    if not newer:
        return None
    newest = max(remote.mark.generation for remote in newer if remote.mark)
    return Block(
        Reason.LOCK_IS_OLDER,
        f"a later run has changed it, and its lock is not here: generation {newest} is at the provider, "
        f"{facts.resource_record.generation} in this lock",
        "update the checkout, or bring the newest dialctl.lock here; if that lock is gone with its runner: "
        "dialctl state rebuild --over-older",
    )


def _check_missing(facts: Facts, unknown_ids: frozenset[str]) -> Block | None:
    recorded = facts.resource_record.remotes
    expected_ids = {key for key, remote_record in recorded.items() if not is_forgotten_in_time(facts, remote_record)}
    missing_ids = sorted((expected_ids | facts.also) & unknown_ids)
    if not missing_ids:
        return None
    which = f"#{missing_ids[0]}" if len(missing_ids) == 1 else ""
    hint = (
        f"if the provider has dropped it: dialctl resolve {facts.address}{which} --placed (all of it counts as "
        f"called); if its people are to be called anew: dialctl state rm {facts.address}"
    )
    if facts.also & unknown_ids:
        hint = "correct spec.also in the manifest"
    return Block(
        Reason.LOST,
        f"the provider does not know {', '.join(missing_ids[:3])}{' and more' if len(missing_ids) > 3 else ''}",
        f"another key or host? {hint}",
    )


def _check_members_read(facts: Facts) -> Block | None:
    """Check that everything was read that the lock knows: what was not read is not "not there"."""
    for key in [*facts.resource_record.remotes, *facts.also]:
        remote_record, remote = facts.resource_record.remotes.get(key), facts.remotes.get(key)
        is_recorded_call = remote_record is not None and (
            remote_record.closed
            or (remote is None and is_forgotten_in_time(facts, remote_record))
            or (remote_record.route is Route.CALL and (facts.is_single_call or remote_record.person is not None))
        )
        if not is_recorded_call and (remote is None or remote.members is None):
            return Block(Reason.MEMBERS_UNREADABLE, f"{key} was not read in full", _unreadable_hint(facts, key))
    return None


def _unreadable_hint(facts: Facts, remote_id: str) -> str:
    if remote_id in facts.also:
        return "try again later; if it stays so, ask the provider"
    return (
        f"try again later; if it stays so: dialctl resolve {facts.address}#{remote_id} --placed (all of it counts as "
        "called; whoever was removed cannot be taken out of it)"
    )


def list_unreadable(facts: Facts) -> list[str]:
    """Return the ids of batches of ours whose people are not known in full: unread, short, or dropped."""
    return [
        key
        for key in dict.fromkeys([*facts.resource_record.remotes, *facts.remotes])
        if key not in facts.also and key not in facts.resource_record.closed_ids and _is_unreadable(facts, key)
    ]


def _is_unreadable(facts: Facts, remote_id: str) -> bool:
    remote_record, remote = facts.resource_record.remotes.get(remote_id), facts.remotes.get(remote_id)
    route = remote_record.route if remote_record else remote.route if remote else Route.BATCH
    if route is Route.CALL:
        return False
    return remote is None or remote.members is None or remote_id in find_unreadable(facts)


def _check_member_counts(facts: Facts) -> Block | None:
    # Protocol 12: a reading counts as whole only with as many different numbers as the provider counts people, and as
    # were sent. A number that is masked, or two that look alike, must not pass for a person who is absent.
    for remote_id in find_unreadable(facts):
        detail = describe_unreadable(facts, remote_id)
        return Block(Reason.MEMBERS_UNREADABLE, detail, _unreadable_hint(facts, remote_id))
    return None


def count_taken_off(facts: Facts, remote: Remote) -> int:
    """Count the wanted people of a cancelled batch who were not called.

    A person who waits or was called in another batch lost nothing here, and is not counted.
    """
    if not remote.cancelled or remote.members is None or facts.resource is None:
        return 0
    uncalled = remote.members.filter(phase=Phase.CANCELLED).join(
        facts.resource.recipients.rows, on="number", how="semi"
    )
    for other_remote in facts.remotes.values():
        if other_remote.id != remote.id and other_remote.members is not None:
            elsewhere = other_remote.members.filter(pl.col("phase") != Phase.CANCELLED)
            uncalled = uncalled.join(elsewhere, on="number", how="anti")
    return len(uncalled)


def _check_cancelled_elsewhere(facts: Facts) -> Block | None:
    if not facts.is_desired:
        return None
    # Protocol 1: cancels of ours are written down, so a cancel without a record is a user's stop in the dashboard.
    # To submit its people again would undo that stop.
    for remote in facts.remotes.values():
        remote_record = facts.resource_record.remotes.get(remote.id)
        if (remote_record and remote_record.cancel) or remote.id in facts.also:
            continue
        if uncalled_count := count_taken_off(facts, remote):
            if facts.emergency is not None and facts.emergency.takes_off:
                # An emergency stop may cancel what it cannot record. A resume counts that as ours.
                return emergency_block(facts.emergency)
            return Block(
                Reason.CANCELLED_ELSEWHERE,
                f"{remote.id} was cancelled outside dialctl, {uncalled_count} of its people were not called",
                f"dialctl resolve {facts.address} --resume, or state: cancelled in the manifest",
            )
    return None


def batches_without_mark(resource_record: ResourceRecord) -> list[str]:
    """Return the batches of the latest generation that were created without our mark.

    A user who resumes begins a new generation. That leaves these batches behind, and what they called is still known.
    """
    return [
        key
        for key, remote_record in resource_record.remotes.items()
        if remote_record.route is Route.BATCH
        and remote_record.mark is None
        and remote_record.generation == resource_record.generation
    ]


def _check_marks(facts: Facts) -> Block | None:
    # Protocol 4: a batch without its mark could never be found after a lost answer. Its resource waits for a user.
    batch_ids = batches_without_mark(facts.resource_record)
    if not batch_ids or not facts.is_desired:
        return None
    return Block(
        Reason.MARK_LOST,
        f"the provider did not give {', '.join(batch_ids)} the name by which dialctl finds its batches again",
        f"once it keeps names as they are sent: dialctl resolve {facts.address} --resume",
    )


def _check_provider(facts: Facts, routes: Collection[Route]) -> Block | None:
    """Check that provider and route are those that were used: at others no one could be seen, moved or taken off."""
    resource, resource_record = facts.resource, facts.resource_record
    remote_records = [] if facts.is_tombstone else list(resource_record.remotes.values())
    requests: list[RemoteRecord | Intent] = [*remote_records, *resource_record.intents.values()]
    calls_only = Route.BATCH not in routes or (resource is not None and resource.route is Route.CALL)
    if requests and resource is not None and resource_record.provider != resource.provider:
        how_sent = f"at {resource_record.provider}, the manifest says {resource.provider}"
    elif calls_only and Route.BATCH in routes and any(request.route is Route.BATCH for request in requests):
        detail = "it was sent via: batch, and the manifest says via: direct"
        hint = "put via: batch back; or remove the manifest, which takes the call off while it waits"
        return Block(Reason.PROVIDER_CHANGED, detail, hint)
    elif calls_only and any(request.route is Route.BATCH for request in requests):
        how_sent = "as batches, and its provider's api_version now knows single calls only"
    else:
        return None
    if remote_records:
        hint = "put it back, finish or cancel it, and give the new campaign a new name"
        return Block(Reason.PROVIDER_CHANGED, f"it was placed {how_sent}", hint)
    hint = f"put it back; or, where you know that it never arrived: dialctl resolve {facts.address} --not-placed"
    return Block(Reason.PROVIDER_CHANGED, f"a request whose answer was lost was sent {how_sent}", hint)


def _batches(count: int) -> str:
    return humanize.plural(count, "batch or call", "batches or calls")
