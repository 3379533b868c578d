"""Tell whether an address needs nothing, without reading its people. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from declarative.model.digest import json_digest
from declarative.model.lock import ResourceRecord
from declarative.model.remote import Phase, Remote, holds_queued, is_over
from declarative.model.resource import Resource, Route


def is_unchanged(
    resource: Resource | None,
    resource_record: ResourceRecord,
    remotes: Mapping[str, Remote],
    now: datetime,
    *,
    halted: bool = False,
) -> bool:
    """Whether there is surely nothing to do at an address, told without its people.

    Two cases. Either no fact changed since everything was found in order (`quiet` in the lock). Or the same people with
    the same settings were all submitted once, and nothing of theirs is over or cancelled, so that no call can be due. A
    person who was turned away in a batch that still runs is submitted again only when that batch is over; its people
    are not read before.

    A batch under `also` is never touched. Once it is over it is not compared: the fingerprint names it. A tombstone was
    over when it became one, and stays unchanged unless the list shows a change of it.
    """
    also = set(resource.also) if resource else set()
    if any(not is_over(remotes[key]) for key in also & set(remotes)):
        return False
    remotes = {key: remote for key, remote in remotes.items() if key not in also}
    if _has_open_question(resource, resource_record, remotes, also):
        return False
    if resource_record.quiet is not None and resource_record.quiet == fingerprint(resource, resource_record, remotes):
        return True
    if resource is None:
        return resource_record.tombstone and _is_tombstone_current(resource_record, remotes)
    if not _is_as_applied(resource, resource_record) or _depends_on_time(resource, now):
        return False
    if halted:
        return False  # whoever waits is to be taken off
    if resource.halt_when is not None:
        return False  # calls that go wrong stop it, and only its people tell
    if also and resource.retry:
        return False  # a person whose call is over there may be due for a retry
    if resource.route is Route.CALL:
        return _are_calls_final(resource, resource_record)
    return _are_batches_current(resource, resource_record, remotes)


def _has_open_question(
    resource: Resource | None, resource_record: ResourceRecord, remotes: Mapping[str, Remote], also: set[str]
) -> bool:
    """Whether only a full reading tells more: of a lost request, a thing that the lock does not know, other people."""
    if resource is not None and set(resource_record.also) - also:
        return True
    if resource_record.intents or resource_record.unseen or set(remotes) - set(resource_record.remotes):
        return True
    if resource is not None and resource_record.has_unnamed:
        return True
    # Protocol 7: a revoked mark is cancelled whenever it appears, so a batch that bears one is always read.
    if {remote_record.mark for remote_record in resource_record.remotes.values()} & set(resource_record.revoked):
        return True
    # Other numbers are told here already: then the digest of the people's data need not be made.
    return (
        resource is not None
        and bool(resource_record.numbers)
        and resource_record.numbers != resource.recipients.numbers
    )


def _is_tombstone_current(resource_record: ResourceRecord, remotes: Mapping[str, Remote]) -> bool:
    return all(remote_record.settled for remote_record in resource_record.remotes.values()) and all(
        remote.state == resource_record.remotes[key].state for key, remote in remotes.items()
    )


def _is_as_applied(resource: Resource, resource_record: ResourceRecord) -> bool:
    """Whether settings, people and their data are those that were last applied in full."""
    if resource.paused or resource_record.settings_digest != resource.settings_digest:
        return False
    return (resource_record.numbers, resource_record.payloads) == (
        resource.recipients.numbers,
        resource.recipients.payloads,
    )


def _depends_on_time(resource: Resource, now: datetime) -> bool:
    """Whether people who wait may have to be taken off by now: it expired, or has calling hours."""
    return bool(resource.expires_at and resource.expires_at <= now) or resource.policy.calling_hours is not None


def _are_calls_final(resource: Resource, resource_record: ResourceRecord) -> bool:
    """Whether all single calls ended, and nobody is called again: nobody was turned away for lack of money, or taken
    off."""
    return resource.retry is None and all(
        remote_record.settled and remote_record.phase not in (Phase.UNFUNDED, Phase.CANCELLED)
        for remote_record in resource_record.remotes.values()
    )


def _are_batches_current(resource: Resource, resource_record: ResourceRecord, remotes: Mapping[str, Remote]) -> bool:
    """Whether all batches were seen, run undisturbed with the settings of now, and hold no person twice."""
    if not remotes or set(resource_record.remotes) - set(remotes):
        return False
    if sum(remote.total for remote in remotes.values()) > resource.recipients.count:
        return False  # a person may wait in two batches
    return not any(
        remote.cancelled
        or is_over(remote)
        or resource_record.remotes[key].cancel is not None
        or resource_record.remotes[key].settings != resource.settings_digest
        for key, remote in remotes.items()
    )


def fingerprint(
    resource: Resource | None, resource_record: ResourceRecord, remotes: Mapping[str, Remote]
) -> str | None:
    """Return the digest of all facts that decide about a resource whose batches are over.

    None where a batch still holds a queued person, although its counters say that it is over: that person is to be
    taken off at expiry or outside calling hours, and no digest tells when. Such an address is read in every run.
    """
    if any(holds_queued(remote) for remote in remotes.values()):
        return None
    states = {
        remote_id: remotes[remote_id].state if remote_id in remotes else remote_record.state
        for remote_id, remote_record in resource_record.remotes.items()
    }
    resource_state: object = None
    if resource is not None:
        retry = resource.retry
        resource_state = [
            resource.recipients.numbers,
            resource.recipients.payloads,
            resource.settings_digest,
            resource.provider,
            resource.paused,
            resource.expires_at.isoformat() if resource.expires_at else None,
            sorted(resource.also),
            [retry.max_retries, sorted(retry.on), retry.after.total_seconds()] if retry else None,
            asdict(resource.halt_when) if resource.halt_when else None,
        ]
    return json_digest([resource_state, sorted(states.items()), sorted(resource_record.placed)])
