"""Reasons to hold back a whole resource, and when its people need not be looked at. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import polars as pl

from declarative import humanize as counting
from declarative.model import mark
from declarative.model.lock import Intent, Lock, RemoteRecord, ResourceRecord
from declarative.model.remote import Phase, Remote
from declarative.model.resource import Route
from declarative.planning.decide import Reason
from declarative.planning.facts import Block, Facts


def lock_block(project: str, lock: Lock | None, seen: Mapping[str, Remote], *, single_calls: bool) -> Block | None:
    """A lock that cannot be trusted to know what was done; holds back everything at that provider."""
    marks = [remote.mark for remote in seen.values() if remote.mark]
    ours = [found for found in marks if found.project == mark.project_hash(project)]
    if lock is None and ours:
        return Block(
            Reason.NO_MEMORY,
            f"there is no lock, but {_batches(len(ours))} of this project at the provider",
            "bring dialctl.lock back, or make one from those: dialctl state rebuild",
        )
    if lock is None and single_calls:
        return Block(
            Reason.NO_MEMORY,
            "there is no lock, and no list can prove that single calls were never placed",
            "dialctl state new (this project has never dialed) or dialctl state rebuild (it has)",
        )
    foreign = [found for found in ours if lock and found.lineage != lock.lineage]
    if foreign:
        return Block(
            Reason.OTHER_LINEAGE,
            f"{_batches(len(foreign))} of this project under another lineage at the provider",
            "bring back the lock that placed them, or dialctl state rebuild; another project needs another name",
        )
    return None


def resource_block(
    case: Facts, unknown: frozenset[str], *, routes: Collection[Route], quiet: bool = False
) -> Block | None:
    """The first reason, in the order of decide.BLOCKS_RESOURCE, to hold back this one resource. `routes` are those that
    its provider has. Of a quiet one nobody's people were read, and need not be."""
    found = _older(case) or _lost(case, unknown) or _provider(case, routes)
    if found or quiet:
        return found
    return _unread(case) or _unreadable(case) or _cancelled(case) or _unsigned(case)


def _older(case: Facts) -> Block | None:
    newer = [
        remote
        for remote in case.remotes.values()
        if remote.mark
        and remote.id not in case.also
        and remote.mark.generation > case.record.generation
        and str(remote.mark) not in case.record.intents
    ]
    if not newer:
        return None
    return Block(
        Reason.LOCK_IS_OLDER,
        f"a later run has changed it, and its lock is not here: generation "
        f"{max(r.mark.generation for r in newer if r.mark)} is at the provider, {case.record.generation} in this lock",
        "update the checkout, or bring the newest dialctl.lock here",
    )


def _lost(case: Facts, unknown: frozenset[str]) -> Block | None:
    lost = sorted((set(case.record.remotes) | case.also) & unknown)
    if not lost:
        return None
    way_out = f"if it is really gone, dialctl state rm {case.address} forgets who was rung"
    if case.also & unknown:
        way_out = "correct spec.also in the manifest"
    return Block(
        Reason.LOST,
        f"the provider does not know {', '.join(lost[:3])}{' and more' if len(lost) > 3 else ''}",
        f"check key and host; {way_out}",
    )


def _unread(case: Facts) -> Block | None:
    """What the lock knows and nobody read is not "not there"."""
    for key in [*case.record.remotes, *case.also]:
        known, remote = case.record.remotes.get(key), case.remotes.get(key)
        remembered = known is not None and known.route is Route.CALL and (case.one_call or known.person is not None)
        if not remembered and (remote is None or remote.members is None):
            return Block(
                Reason.MEMBERS_UNREADABLE, f"{key} was not read in full", "try again; if it stays so, ask the provider"
            )
    return None


def _unreadable(case: Facts) -> Block | None:
    for remote in case.remotes.values():
        known_call = remote.route is Route.CALL and (case.one_call or remote.id in case.record.remotes)
        if remote.members is None or known_call:
            continue
        if remote.members.get_column("number").n_unique() != remote.total:
            found = remote.members.get_column("number").n_unique()
            return Block(
                Reason.MEMBERS_UNREADABLE,
                f"{remote.id} answers {found} of its {counting.people(remote.total)}",
                "try again later; if it stays so, ask the provider",
            )
    return None


def taken_off(case: Facts, remote: Remote) -> int:
    """How many wanted people of a cancelled batch were not rung: whoever waits or was rung in another one lost nothing
    here."""
    if not remote.cancelled or remote.members is None or case.resource is None:
        return 0
    waited = remote.members.filter(phase=Phase.CANCELLED).join(case.resource.people.frame, on="number", how="semi")
    for other in case.remotes.values():
        if other.id != remote.id and other.members is not None:
            elsewhere = other.members.filter(pl.col("phase") != Phase.CANCELLED)
            waited = waited.join(elsewhere, on="number", how="anti")
    return len(waited)


def _cancelled(case: Facts) -> Block | None:
    if not case.wanted:
        return None
    for remote in case.remotes.values():
        known = case.record.remotes.get(remote.id)
        if (known and known.cancel) or remote.id in case.also:
            continue
        if waited := taken_off(case, remote):
            return Block(
                Reason.CANCELLED_ELSEWHERE,
                f"{remote.id} was cancelled without us, {waited} of its people were not rung",
                f"dialctl resolve {case.address} --resume, or state: cancelled in the manifest",
            )
    return None


def unsigned(record: ResourceRecord) -> list[str]:
    """Batches of the latest requests that were created without our name. A person who resumes begins a new generation,
    and so leaves them behind without forgetting whom they rang."""
    return [
        key
        for key, known in record.remotes.items()
        if known.route is Route.BATCH and known.mark is None and known.generation == record.generation
    ]


def _unsigned(case: Facts) -> Block | None:
    found = unsigned(case.record)
    if not found or not case.wanted:
        return None
    return Block(
        Reason.MARK_LOST,
        f"the provider did not give {', '.join(found)} the name by which dialctl finds its batches again",
        f"once it keeps names as they are sent: dialctl resolve {case.address} --resume",
    )


def _provider(case: Facts, routes: Collection[Route]) -> Block | None:
    """Elsewhere, or by another route, nobody could be seen, moved or taken off."""
    resource, record = case.resource, case.record
    placed = [] if case.buried else list(record.remotes.values())
    sent: list[RemoteRecord | Intent] = [*placed, *record.intents.values()]
    calls_only = Route.BATCH not in routes or (resource is not None and resource.route is Route.CALL)
    if sent and resource is not None and record.provider != resource.provider:
        what = f"at {record.provider}, the manifest says {resource.provider}"
    elif calls_only and Route.BATCH in routes and any(one.route is Route.BATCH for one in sent):
        detail = "it was sent via: batch, and the manifest says via: direct"
        way_out = "put via: batch back; or remove the manifest, which takes the call off while it waits"
        return Block(Reason.PROVIDER_CHANGED, detail, way_out)
    elif calls_only and any(one.route is Route.BATCH for one in sent):
        what = "as batches, and its provider's api_version now knows single calls only"
    else:
        return None
    if placed:
        way_out = "put it back, finish or cancel it, and give the new campaign a new name"
        return Block(Reason.PROVIDER_CHANGED, f"it was placed {what}", way_out)
    way_out = f"put it back; or, where you know that it never arrived: dialctl resolve {case.address} --not-placed"
    return Block(Reason.PROVIDER_CHANGED, f"a request whose answer was lost was sent {what}", way_out)


def _batches(count: int) -> str:
    return counting.plural(count, "batch or call", "batches or calls")
