"""A plan from manifests and lock alone, for whoever has no key. Says at most what may happen: who of a changed resource
is concerned is known only to the provider. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from declarative.memory import Lock, Record
from declarative.model import Desired, Resource
from declarative.planning import explain
from declarative.planning.decide import Reason, Verb
from declarative.planning.plan import Action, Plan, in_order


def plan(desired: Desired, lock: Lock | None, now: datetime) -> Plan:
    """Counts are upper bounds, and `detail` says so."""
    known = lock.resources if lock else {}
    actions = [
        action
        for address, resource in desired.resources.items()
        for action in _of(resource, _record(resource, known, address))
    ]
    if desired.whole:
        earlier = {old for resource in desired.resources.values() for old in resource.previously}
        actions += [
            _gone(address, record)
            for address, record in known.items()
            if address not in desired.resources and address not in earlier and not record.tombstone
        ]
    return Plan(
        project=desired.project.name,
        created_at=now,
        actions=in_order(actions, list(desired.resources)),
        offline=True,
    )


def _record(resource: Resource, known: Mapping[str, Record], address: str) -> Record:
    return next((known[name] for name in (address, *resource.previously) if name in known), Record())


def _of(resource: Resource, record: Record) -> Iterator[Action]:
    if record.intents:
        yield _action(resource, Verb.BLOCK, Reason.UNSURE, record.count, "an answer was lost; not proven either way")
    elif resource.paused:
        yield _paused(resource, record)
    elif not record.generation:
        yield _action(resource, Verb.CREATE, Reason.NEW, resource.people.count, "")
    elif (record.numbers, record.payloads) != (resource.people.numbers, resource.people.payloads):
        yield _action(resource, Verb.CREATE, Reason.ADDED, resource.people.count, "whoever of them is new, at most")
    elif record.settings_digest != resource.settings_digest:
        yield _action(resource, Verb.REPLACE, Reason.SETTINGS_CHANGED, record.count, "whoever of them waits, at most")
    else:
        yield _action(resource, Verb.KEEP, Reason.UNCHANGED, resource.people.count, "")


def _paused(resource: Resource, record: Record) -> Action:
    waiting = sum(remote.count - remote.dispatched for remote in record.remotes.values() if remote.cancel is None)
    if not waiting:
        return _action(resource, Verb.KEEP, Reason.PAUSED, 0, "")
    return _action(resource, Verb.CANCEL, Reason.PAUSED, waiting, "whoever of them waits, at most")


def _gone(address: str, record: Record) -> Action:
    detail = "whoever of them waits, at most"
    return Action(
        address=address,
        verb=Verb.CANCEL,
        reason=Reason.REMOVED,
        provider=record.provider,
        people=record.count,
        detail=detail,
    )


def _action(resource: Resource, verb: Verb, reason: Reason, people: int, detail: str) -> Action:
    settings = resource.settings if verb in (Verb.CREATE, Verb.REPLACE) else {}
    return Action(
        address=resource.address,
        verb=verb,
        reason=reason,
        provider=resource.provider,
        people=people,
        changes=explain.changes({}, settings) if settings else (),
        starts_at=resource.scheduled_at if verb.dials else None,
        detail=detail,
    )
