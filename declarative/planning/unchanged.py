"""Tell whether an address needs nothing, without reading its people. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from declarative.model.digest import json_digest
from declarative.model.lock import ResourceRecord
from declarative.model.remote import Phase, Remote, is_over
from declarative.model.resource import Resource, Route


def is_unchanged(
    resource: Resource | None, resource_record: ResourceRecord, remotes: Mapping[str, Remote], now: datetime
) -> bool:
    """Whether it is known without looking at people that there is nothing to do.

    Either nothing changed since everything was found in order (`quiet`), or the same people with the same settings were
    all submitted once, and nothing of theirs is over or cancelled, so that nobody can be due. Whoever was turned away
    in a batch that still runs is submitted again only when it is over: its people are not read for that before. Under
    `also` nothing is compared once it is over: it is never touched, and the fingerprint names it. A
    tombstone was over when it became one, and stays quiet unless the list shows a change of it.
    """
    also = set(resource.also) if resource else set()
    if any(not is_over(remotes[key]) for key in also & set(remotes)):
        return False
    remotes = {key: remote for key, remote in remotes.items() if key not in also}
    if resource is not None and set(resource_record.also) - also:
        return False
    if resource_record.intents or resource_record.unseen or set(remotes) - set(resource_record.remotes):
        return False
    if {remote_record.mark for remote_record in resource_record.remotes.values()} & set(resource_record.revoked):
        return False
    if resource is not None and resource_record.numbers and resource_record.numbers != resource.recipients.numbers:
        return False  # nor need the digest of their data be made
    if resource_record.quiet is not None and resource_record.quiet == fingerprint(resource, resource_record, remotes):
        return True
    if resource is None and resource_record.tombstone:
        return all(remote_record.settled for remote_record in resource_record.remotes.values()) and all(
            remote.state == resource_record.remotes[key].state for key, remote in remotes.items()
        )
    if resource is None or resource.paused or resource_record.settings_digest != resource.settings_digest:
        return False
    if (resource_record.numbers, resource_record.payloads) != (
        resource.recipients.numbers,
        resource.recipients.payloads,
    ):
        return False
    if (resource.expires_at and resource.expires_at <= now) or resource.policy.calling_hours:
        return False
    if also and resource.retry:
        return False  # whoever is over there may be due for one
    if resource.route is Route.CALL:  # a placed call is never moved or cancelled; once ended, only a retry is due
        return resource.retry is None and all(
            remote_record.settled and remote_record.phase != Phase.UNFUNDED
            for remote_record in resource_record.remotes.values()
        )
    return (
        bool(remotes)
        and set(resource_record.remotes) <= set(remotes)
        and _are_batches_current(resource, resource_record, remotes)
    )


def _are_batches_current(resource: Resource, resource_record: ResourceRecord, remotes: Mapping[str, Remote]) -> bool:
    if sum(remote.total for remote in remotes.values()) > resource.recipients.count:
        return False  # somebody may wait twice
    return not any(
        remote.cancelled
        or is_over(remote)
        or resource_record.remotes[key].cancel is not None
        or resource_record.remotes[key].settings != resource.settings_digest
        for key, remote in remotes.items()
    )


def fingerprint(resource: Resource | None, resource_record: ResourceRecord, remotes: Mapping[str, Remote]) -> str:
    """The digest of all facts that decide about a resource whose batches are over."""
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
        ]
    return json_digest([resource_state, sorted(states.items()), sorted(resource_record.placed)])
