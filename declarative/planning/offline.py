"""A plan from manifests and lock alone, for a user without a key. Pure.

It says at most what may happen: which people of a changed resource are concerned, only the provider knows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from declarative.model.digest import PersonKey
from declarative.model.lock import Lock, RemoteRecord, ResourceRecord
from declarative.model.resource import Desired, Kind, Resource, Route
from declarative.planning import diff, policy, released
from declarative.planning.decide import Reason, Timing, Verb
from declarative.planning.plan import Action, Notice, Plan, sort_actions

UNSURE = "an answer was lost; not proven either way"
"""The detail of a block over an open intent."""
OTHER_KEY = Notice(
    "dialctl.lock",
    "its DIALCTL_PERSON_KEY is not the one set here: in a resource of as many people as before, new people are not "
    "recognised",
)
"""The warning under another person key."""
_NOT_FETCHED = "not fetched, since the plan is made offline: whom it names, or holds back, is not known here"
_WAITING_AT_MOST = "those of them who wait, at most"


def plan_offline(
    desired: Desired,
    lock: Lock | None,
    now: datetime,
    key: PersonKey,
    max_dials: int | None = None,
    *,
    sandbox: bool = False,
    allow_release: Collection[str] = (),
) -> Plan:
    """Plan without a provider. Counts are upper bounds, and `detail` says so.

    `now` is this machine's clock, since no provider is asked. Under another `key` than the lock's no digest agrees:
    then people are compared by their count, and a warning says so.
    """
    resource_records = lock.resources if lock else {}
    comparable = lock is None or lock.person_key == key.fingerprint
    actions = _block_released(desired, lock, _list_actions(desired, resource_records, comparable), allow_release)
    plan = Plan(
        project=desired.project.name,
        created_at=now,
        actions=sort_actions(
            (_apply_timing(desired, lock, action, now) for action in actions), list(desired.resources)
        ),
        warnings=(*(() if comparable else (OTHER_KEY,)), *(Notice(url, _NOT_FETCHED) for url in desired.unread_files)),
        held_counts=policy.held_counts(desired),
        lists=released.collect_lists(desired),
        offline=True,
    )
    refusals = [
        *policy.refuse_without_project(desired.project, sandbox=sandbox),
        *policy.refuse_over_max_dials(plan, desired.project, list(desired.resources.values()), max_dials),
    ]
    return replace(plan, refusals=tuple(refusals))


def _list_actions(desired: Desired, resource_records: Mapping[str, ResourceRecord], comparable: bool) -> list[Action]:
    """Return the actions of all addresses, were it the time for them."""
    actions = [
        action
        for address, resource in desired.resources.items()
        for action in _resource_actions(
            resource, _find_resource_record(resource, resource_records, address), comparable
        )
    ]
    if desired.is_complete:
        former_addresses = {former for resource in desired.resources.values() for former in resource.previously}
        actions += [
            _removal_action(address, resource_record)
            for address, resource_record in resource_records.items()
            if address not in desired.resources and address not in former_addresses and not resource_record.tombstone
        ]
    return _block_renamed(desired, resource_records, actions) if comparable else actions


def _block_released(
    desired: Desired, lock: Lock | None, actions: Sequence[Action], allow_release: Collection[str]
) -> list[Action]:
    """Return the actions, with a block where a do-not-call list holds fewer numbers than at the last apply."""
    check = released.ListCheck(desired, lock, allow_release)
    records = lock.resources if lock else {}
    blocks = {
        address: check.find_block(resource, _find_resource_record(resource, records, address))
        for address, resource in desired.resources.items()
    }
    return [
        replace(
            _make_action(desired.resources[action.address], Verb.BLOCK, block.reason, action.people, block.detail),
            hint=block.hint,
        )
        if (block := blocks.get(action.address)) and action.verb is not Verb.BLOCK
        else action
        for action in actions
    ]


def _find_resource_record(
    resource: Resource, resource_records: Mapping[str, ResourceRecord], address: str
) -> ResourceRecord:
    return next(
        (resource_records[former] for former in (address, *resource.previously) if former in resource_records),
        ResourceRecord(),
    )


def _resource_actions(resource: Resource, resource_record: ResourceRecord, comparable: bool) -> Iterator[Action]:
    if resource_record.intents or resource_record.unseen:
        yield _make_action(resource, Verb.BLOCK, Reason.UNSURE, resource_record.count, _unsure_detail(resource_record))
    elif resource.paused:
        yield _pause_action(resource, resource_record)
    elif not resource_record.generation:
        yield _make_action(resource, Verb.CREATE, Reason.NEW, resource.recipients.count, "")
    elif _has_other_recipients(resource, resource_record, comparable):
        yield _make_action(
            resource, Verb.CREATE, Reason.ADDED, resource.recipients.count, "those of them who are new, at most"
        )
    elif resource_record.settings_digest != resource.settings_digest:
        detail = _WAITING_AT_MOST
        yield _make_action(
            resource, Verb.REPLACE, Reason.SETTINGS_CHANGED, resource_record.count, detail, resource_record
        )
    else:
        due = "those of them who are due for a retry are called again" if resource.retry else ""
        yield _make_action(resource, Verb.KEEP, Reason.UNCHANGED, resource.recipients.count, due)


def _has_other_recipients(resource: Resource, resource_record: ResourceRecord, comparable: bool) -> bool:
    if not comparable:
        return not resource_record.numbers or resource_record.count != resource.recipients.count
    return (resource_record.numbers, resource_record.payloads) != (
        resource.recipients.numbers,
        resource.recipients.payloads,
    )


def _apply_timing(desired: Desired, lock: Lock | None, action: Action, now: datetime) -> Action:
    """Return the same action, unless the resource's own times or calling hours forbid a call now."""
    resource = desired.resources.get(action.address)
    if resource is None or not action.verb.dials:
        return action
    guard = lock.guard(resource.provider, desired.project.guard) if lock else desired.project.guard
    timing, opens_at = policy.call_timing(resource, now, guard)
    if not isinstance(timing, Timing):
        return replace(action, detail=action.detail or "those of them who may be called at this hour, at most")
    if timing is Timing.NOW and resource.policy.calling_hours and resource.route is Route.BATCH:
        return replace(
            action, detail=action.detail or "those of them who can be begun before calling hours end, at most"
        )
    if timing in (Timing.EXPIRED, Timing.TOO_LATE):
        verb = Verb.CANCEL if action.verb is Verb.REPLACE else Verb.KEEP
        return replace(action, verb=verb, reason=Reason.EXPIRED, changes=(), starts_at=None)
    if timing in (Timing.TOO_EARLY, Timing.CLOSED):
        reason = Reason.TOO_EARLY if timing is Timing.TOO_EARLY else Reason.CALLING_HOURS
        return replace(action, verb=Verb.WAIT, reason=reason, detail="", next_at=opens_at)
    return action


def _unsure_detail(resource_record: ResourceRecord) -> str:
    answers = "; ".join({intent.answer: None for intent in resource_record.intents.values() if intent.answer})
    return f"{UNSURE}: {answers}" if answers else UNSURE


def _pause_action(resource: Resource, resource_record: ResourceRecord) -> Action:
    waiting_count = sum(remote.count - remote.dispatched for remote in _cancellable_batches(resource_record))
    if not waiting_count:
        return _make_action(resource, Verb.KEEP, Reason.PAUSED, 0, "")
    return _make_action(resource, Verb.CANCEL, Reason.PAUSED, waiting_count, _WAITING_AT_MOST)


def _cancellable_batches(resource_record: ResourceRecord) -> list[RemoteRecord]:
    """Return the batches not cancelled yet. A single call that was placed is never taken off."""
    return [
        remote_record
        for remote_record in resource_record.remotes.values()
        if remote_record.route is Route.BATCH and remote_record.cancel is None
    ]


def _removal_action(address: str, resource_record: ResourceRecord) -> Action:
    verb, reason, detail = Verb.CANCEL, Reason.REMOVED, _WAITING_AT_MOST
    if resource_record.intents:
        verb, reason, detail = Verb.KEEP, Reason.UNSURE, f"no longer wanted: {_unsure_detail(resource_record)}"
    elif resource_record.remotes and not _cancellable_batches(resource_record):
        verb, detail = Verb.KEEP, ""
    return Action(
        address=address,
        verb=verb,
        reason=reason,
        provider=resource_record.provider,
        people=resource_record.count or sum(intent.count for intent in resource_record.intents.values()),
        detail=detail,
    )


def _block_renamed(
    desired: Desired, resource_records: Mapping[str, ResourceRecord], actions: list[Action]
) -> list[Action]:
    """Block a new Batch with exactly the people of one that leaves, and the one that leaves: it looks renamed.

    The online plan finds more of these (renames.py). Digests alone tell only this one.
    """
    leaving = {resource_records[a.address].numbers: a.address for a in actions if a.address not in desired.resources}
    leaving.pop("", None)
    blocked: dict[str, Action] = {}
    for action in actions if leaving else []:
        resource = desired.resources.get(action.address)
        if resource is None or resource.kind is not Kind.BATCH or action.reason is not Reason.NEW:
            continue
        if former := leaving.get(resource.recipients.numbers):
            hint = f"if it is the same campaign: metadata.previously: [{', '.join((*resource.previously, former))}]"
            block_action = replace(action, verb=Verb.BLOCK, reason=Reason.LOOKS_RENAMED, changes=(), hint=hint)
            blocked[action.address] = replace(
                block_action, detail=f"its people are those of {former}, which leaves in this plan"
            )
            detail = f"{action.address} would call people who were submitted as {former}"
            blocked[former] = replace(
                block_action, address=former, provider=resource_records[former].provider, detail=detail
            )
    return [blocked.get(action.address, action) for action in actions]


def _make_action(
    resource: Resource,
    verb: Verb,
    reason: Reason,
    people: int,
    detail: str,
    resource_record: ResourceRecord | None = None,
) -> Action:
    settings = resource.settings if verb in (Verb.CREATE, Verb.REPLACE) else {}
    settings_before = resource_record.settings if resource_record else {}
    return Action(
        address=resource.address,
        verb=verb,
        reason=reason,
        provider=resource.provider,
        people=people,
        changes=diff.diff_settings(settings_before, settings, resource.fields, resource.variable_settings)
        if settings
        else (),
        starts_at=resource.scheduled_at if verb.dials else None,
        detail=detail,
    )
