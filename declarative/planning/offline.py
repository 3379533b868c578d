"""A plan from manifests and lock alone, for whoever has no key. Says at most what may happen: who of a changed resource
is concerned is known only to the provider. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from declarative.model.digest import PersonKey
from declarative.model.lock import Lock, RemoteRecord, ResourceRecord
from declarative.model.resource import Desired, Kind, Resource, Route
from declarative.planning import diff as explain
from declarative.planning import policy
from declarative.planning.decide import Reason, Timing, Verb
from declarative.planning.plan import Action, Notice, Plan, in_order

UNSURE = "an answer was lost; not proven either way"
OTHER_KEY = Notice(
    "dialctl.lock",
    "its DIALCTL_PERSON_KEY is not the one set here: whether anybody is new in a resource of as many people as before "
    "cannot be told",
)


def plan(
    desired: Desired,
    lock: Lock | None,
    now: datetime,
    key: PersonKey,
    max_dials: int | None = None,
    *,
    sandbox: bool = False,
) -> Plan:
    """Counts are upper bounds, and `detail` says so. `now` is this machine's clock: there is no other to ask. Under
    another `key` than the lock's nobody's digests agree, and people are compared by how many they are."""
    known = lock.resources if lock else {}
    comparable = lock is None or lock.person_key == key.fingerprint
    actions = [
        action
        for address, resource in desired.resources.items()
        for action in _of(resource, _record(resource, known, address), comparable)
    ]
    if desired.whole:
        earlier = {old for resource in desired.resources.values() for old in resource.previously}
        actions += [
            _gone(address, record)
            for address, record in known.items()
            if address not in desired.resources and address not in earlier and not record.tombstone
        ]
    timed = [
        _in_time(action, resource, now, _record(resource, known, action.address).guard(desired.project.guard))
        if (resource := desired.resources.get(action.address))
        else action
        for action in (_held_back(desired, known, actions) if comparable else actions)
    ]
    made = Plan(
        project=desired.project.name,
        created_at=now,
        actions=in_order(timed, list(desired.resources)),
        warnings=() if comparable else (OTHER_KEY,),
        held=policy.held_counts(desired),
        offline=True,
    )
    resources = list(desired.resources.values())
    refusals = [
        *policy.refuse_without_project(desired.project, sandbox=sandbox),
        *policy.over_max_dials(made, desired.project, resources, max_dials),
    ]
    return replace(made, refusals=tuple(refusals))


def _record(resource: Resource, known: Mapping[str, ResourceRecord], address: str) -> ResourceRecord:
    return next((known[name] for name in (address, *resource.previously) if name in known), ResourceRecord())


def _of(resource: Resource, record: ResourceRecord, comparable: bool) -> Iterator[Action]:
    if record.intents or record.unseen:
        yield _action(resource, Verb.BLOCK, Reason.UNSURE, record.count, UNSURE)
    elif resource.paused:
        yield _paused(resource, record)
    elif not record.generation:
        yield _action(resource, Verb.CREATE, Reason.NEW, resource.people.count, "")
    elif _has_other_people(resource, record, comparable):
        yield _action(resource, Verb.CREATE, Reason.ADDED, resource.people.count, "whoever of them is new, at most")
    elif record.settings_digest != resource.settings_digest:
        detail = "whoever of them waits, at most"
        yield _action(resource, Verb.REPLACE, Reason.SETTINGS_CHANGED, record.count, detail, record)
    else:
        due = "whoever of them is due for a retry is rung again" if resource.retry else ""
        yield _action(resource, Verb.KEEP, Reason.UNCHANGED, resource.people.count, due)


def _has_other_people(resource: Resource, record: ResourceRecord, comparable: bool) -> bool:
    if not comparable:
        return not record.numbers or record.count != resource.people.count
    return (record.numbers, record.payloads) != (resource.people.numbers, resource.people.payloads)


def _in_time(action: Action, resource: Resource, now: datetime, guard: timedelta) -> Action:
    """The same action, unless the resource's own times or calling hours forbid a ring now."""
    if not action.verb.dials:
        return action
    timing, opens_at = policy.timing(resource, now, guard)
    if not isinstance(timing, Timing):
        return replace(action, detail=action.detail or "whoever of them may be rung at this hour, at most")
    if timing in (Timing.EXPIRED, Timing.TOO_LATE):
        verb = Verb.CANCEL if action.verb is Verb.REPLACE else Verb.KEEP
        return replace(action, verb=verb, reason=Reason.EXPIRED, changes=(), starts_at=None)
    if timing in (Timing.TOO_EARLY, Timing.CLOSED):
        reason = Reason.TOO_EARLY if timing is Timing.TOO_EARLY else Reason.CALLING_HOURS
        return replace(action, verb=Verb.WAIT, reason=reason, detail="", next_at=opens_at)
    return action


def _paused(resource: Resource, record: ResourceRecord) -> Action:
    waiting = sum(remote.count - remote.dispatched for remote in _cancellable(record))
    if not waiting:
        return _action(resource, Verb.KEEP, Reason.PAUSED, 0, "")
    return _action(resource, Verb.CANCEL, Reason.PAUSED, waiting, "whoever of them waits, at most")


def _cancellable(record: ResourceRecord) -> list[RemoteRecord]:
    """A single call that was placed is never taken off."""
    return [known for known in record.remotes.values() if known.route is Route.BATCH and known.cancel is None]


def _gone(address: str, record: ResourceRecord) -> Action:
    verb, reason, detail = Verb.CANCEL, Reason.REMOVED, "whoever of them waits, at most"
    if record.intents:
        verb, reason, detail = Verb.BLOCK, Reason.UNSURE, UNSURE
    elif record.remotes and not _cancellable(record):
        verb, detail = Verb.KEEP, ""
    return Action(
        address=address,
        verb=verb,
        reason=reason,
        provider=record.provider,
        people=record.count or sum(intent.count for intent in record.intents.values()),
        detail=detail,
    )


def _held_back(desired: Desired, known: Mapping[str, ResourceRecord], actions: list[Action]) -> list[Action]:
    """A Batch that is new, of just the people of one that leaves, looks renamed, and neither may go before the other:
    of the cases that the plan proper holds back, the one that digests alone tell."""
    left = {known[a.address].numbers: a.address for a in actions if a.address not in desired.resources}
    left.pop("", None)
    found: dict[str, Action] = {}
    for action in actions if left else []:
        resource = desired.resources.get(action.address)
        if resource is None or resource.kind is not Kind.BATCH or action.reason is not Reason.NEW:
            continue
        if old := left.get(resource.people.numbers):
            way_out = f"if it is the same campaign: metadata.previously: [{', '.join((*resource.previously, old))}]"
            held = replace(action, verb=Verb.BLOCK, reason=Reason.LOOKS_RENAMED, changes=(), way_out=way_out)
            found[action.address] = replace(held, detail=f"its people are those of {old}, which leaves in this plan")
            detail = f"{action.address} would ring people who were submitted as {old}"
            found[old] = replace(held, address=old, provider=known[old].provider, detail=detail)
    return [found.get(action.address, action) for action in actions]


def _action(
    resource: Resource, verb: Verb, reason: Reason, people: int, detail: str, record: ResourceRecord | None = None
) -> Action:
    settings = resource.settings if verb in (Verb.CREATE, Verb.REPLACE) else {}
    return Action(
        address=resource.address,
        verb=verb,
        reason=reason,
        provider=resource.provider,
        people=people,
        changes=explain.changes(record.settings if record else {}, settings) if settings else (),
        starts_at=resource.scheduled_at if verb.dials else None,
        detail=detail,
    )
