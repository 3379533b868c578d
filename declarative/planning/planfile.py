"""Saved plans: what was shown is what may be applied, or less. Reads no file and asks no provider.

A file holds digests and counts. It holds no number, no data of a person and no value of a variable.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from declarative import humanize
from declarative.errors import PlanFileError
from declarative.model.digest import PersonKey, canonical_json
from declarative.planning import shown_plan
from declarative.planning.decide import Verb
from declarative.planning.plan import Action, Plan

KIND = "dialctl-plan"
FORMAT = 1
_PERSON_BYTES = 8
"""Bytes of a person's digest that a file keeps."""
_AGAIN = "make it again with dialctl plan --out, and have it reviewed"


@dataclass(frozen=True, kw_only=True)
class SavedPlan:
    """A plan as it was shown, reduced to what a later plan is compared with."""

    project: str
    """The name of the project."""
    path: str
    """The manifests' path that was planned."""
    targets: tuple[str, ...]
    """The words of --target; empty for all addresses."""
    desired: str
    """The digest of manifests, recipients and variables."""
    lineage: str | None
    """The lineage of the lock that it was made over; None without a lock."""
    generations: Mapping[str, int]
    """The generation of each address in that lock."""
    hosts: Mapping[str, str]
    """Host by name of each provider at which it does something. The sandbox is a host of its own."""
    calls: Mapping[str, bytes]
    """The people to call, by address: the first 8 bytes of each person's digest, joined."""
    cancels: Mapping[str, tuple[str, ...]]
    """The batches to cancel, by address."""
    removals: Mapping[str, bytes] = field(default_factory=dict)
    """The people to take off batches whose others stay, by address, in the form of `calls`."""
    releases: Mapping[str, int] = field(default_factory=dict)
    """Do-not-call lists that may hold fewer numbers than at the last apply, with what they held when it was made."""
    allow_shrink: tuple[str, ...] = ()
    """Addresses that may lose more than half of their waiting people."""
    shown: Mapping[str, Any] = field(default_factory=dict)
    """Checksum and actions, for people to read and for find_skipped()."""


def from_plan(
    plan: Plan,
    *,
    path: Path,
    targets: tuple[str, ...],
    desired: str,
    hosts: Mapping[str, str],
    key: PersonKey,
    releases: Mapping[str, int] | None = None,
    allow_shrink: Collection[str] = (),
) -> SavedPlan:
    """Return the plan as it is saved. `hosts` maps the names of all providers to their hosts."""
    used_providers = {action.provider for action in plan.actions if action.verb.sends}
    return SavedPlan(
        project=plan.project,
        path=str(path),
        targets=targets,
        desired=desired,
        lineage=plan.lineage,
        generations=_generations(plan),
        hosts={name: host for name, host in hosts.items() if name in used_providers},
        calls={
            address: _pack_persons(task.numbers_to_call.to_list(), key, plan.lineage)
            for address, task in plan.tasks.items()
            if len(task.to_call) or task.requests
        },
        cancels={address: task.cancels for address, task in plan.tasks.items() if task.cancels},
        removals={
            address: _pack_persons(task.removals.get_column("number").to_list(), key, plan.lineage)
            for address, task in plan.tasks.items()
            if len(task.removals)
        },
        releases=releases or {},
        allow_shrink=tuple(sorted(allow_shrink)),
        shown=shown_plan.summarize(plan),
    )


def _generations(plan: Plan) -> dict[str, int]:
    return (
        {address: resource_record.generation for address, resource_record in plan.lock.resources.items()}
        if plan.lock
        else {}
    )


def render_plan_file(saved: SavedPlan, key: PersonKey) -> bytes:
    """Return the content of the file that holds a saved plan, sealed under the person key."""
    body = _to_body(saved)
    return orjson.dumps({"kind": KIND, "format_version": FORMAT, "seal": _seal(body, key), "body": body})


def parse_plan_file(content: bytes, file: Path, key: PersonKey) -> SavedPlan:
    """Return the saved plan in the content of a file. `file` is its name in messages.

    Raises PlanFileError for content that is truncated, changed, of another format or saved under another person key.
    """
    try:
        document = orjson.loads(content)
        kind, version, body = document["kind"], document["format_version"], document.get("body")
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        kind, version, body = None, None, None
    if kind != KIND:
        raise PlanFileError(f"{file} is not a whole saved plan", hint="make it again with dialctl plan --out")
    if version != FORMAT:
        raise PlanFileError(
            f"{file} is of plan format {version}, this dialctl reads {FORMAT}",
            hint="use one version of dialctl for both",
        )
    if document.get("seal") != _seal(body, key):
        raise PlanFileError(
            f"{file} was changed after it was saved, or saved under another DIALCTL_PERSON_KEY",
            hint="make it again with dialctl plan --out",
        )
    try:
        return _parse_body(body)
    except (ValueError, KeyError, TypeError, AttributeError):
        # The seal fits, so this is no damage: somebody changed the file and sealed it again.
        raise PlanFileError(f"{file} holds values that no dialctl has written", hint=_AGAIN) from None


def check_against_saved(
    plan: Plan, saved: SavedPlan, *, desired: str, hosts: Mapping[str, str], key: PersonKey
) -> None:
    """Check that the plan of now does no more than the saved one.

    Raises PlanFileError where it would call or take off other people, or where what it was made from has changed.
    """
    if saved.project != plan.project:
        raise PlanFileError(
            f'the plan is of project "{saved.project}", the manifests are of "{plan.project}"',
            hint="apply it in the directory where it was made",
        )
    if not plan.sends:
        return
    if saved.desired != desired:
        raise PlanFileError("stale plan: manifests, recipients or variables have changed since", hint=_AGAIN)
    for name, host in saved.hosts.items():
        if (current_host := hosts.get(name)) != host:
            raise PlanFileError(
                f"the plan was made against {host}, {name} is now at {current_host or 'no host'}", hint=_AGAIN
            )
    if saved.lineage != plan.lineage:
        raise PlanFileError("the plan was made with another lock, or with none", hint=_AGAIN)
    generations = _generations(plan)
    applied_since = [address for address in generations if generations[address] != saved.generations.get(address, 0)]
    if applied_since:
        raise PlanFileError(f"stale plan: {', '.join(applied_since)} was applied since", hint=_AGAIN)
    _refuse_additions(saved, plan, key)


def find_skipped(saved: SavedPlan, plan: Plan) -> tuple[Action, ...]:
    """Return the actions of the saved plan that nothing calls for any more.

    What is blocked, or due at another time, is still called for, and the plan of now says so itself.
    """
    still_due = {(action.address, action.verb) for action in plan.actions}
    pending = {action.address for action in plan.actions_with_verb(Verb.BLOCK, Verb.WAIT)}
    planned = shown_plan.restore_actions(saved.shown)
    return tuple(
        action
        for action in planned
        if action.verb.sends and action.address not in pending and (action.address, action.verb) not in still_due
    )


def _refuse_additions(saved: SavedPlan, plan: Plan, key: PersonKey) -> None:
    # Protocol 10: approval narrows. People and cancels that the saved plan did not show need a new review.
    for address, task in plan.tasks.items():
        allowed = _unpack_persons(saved.calls.get(address, b""))
        to_call = _unpack_persons(_pack_persons(task.numbers_to_call.to_list(), key, plan.lineage))
        if additions_count := len(to_call - allowed):
            phrase = humanize.plural(additions_count, "person who is", "people who are")
            raise PlanFileError(f"stale plan: {address} would call {phrase} not in it", hint=_AGAIN)
        if added_cancels := set(task.cancels) - set(saved.cancels.get(address, ())):
            raise PlanFileError(
                f"stale plan: {address} would cancel {', '.join(sorted(added_cancels))} as well", hint=_AGAIN
            )
        off = _unpack_persons(_pack_persons(task.removals.get_column("number").to_list(), key, plan.lineage))
        if additions_count := len(off - _unpack_persons(saved.removals.get(address, b""))):
            phrase = humanize.plural(additions_count, "person who is", "people who are")
            raise PlanFileError(f"stale plan: {address} would take off {phrase} not in it", hint=_AGAIN)


def _pack_persons(numbers: list[str], key: PersonKey, lineage: str | None) -> bytes:
    persons = sorted(bytes.fromhex(key.digest_person(lineage or "", number))[:_PERSON_BYTES] for number in numbers)
    return b"".join(persons)


def _unpack_persons(packed: bytes) -> set[bytes]:
    return {packed[start : start + _PERSON_BYTES] for start in range(0, len(packed), _PERSON_BYTES)}


def _to_body(saved: SavedPlan) -> dict[str, Any]:
    return {
        "project": saved.project,
        "path": saved.path,
        "targets": list(saved.targets),
        "desired": saved.desired,
        "lineage": saved.lineage,
        "generations": dict(saved.generations),
        "hosts": dict(saved.hosts),
        "calls": {address: base64.b64encode(persons).decode() for address, persons in saved.calls.items()},
        "cancels": {address: list(ids) for address, ids in saved.cancels.items()},
        "removals": {address: base64.b64encode(persons).decode() for address, persons in saved.removals.items()},
        "releases": dict(saved.releases),
        "allow_shrink": list(saved.allow_shrink),
        "shown": dict(saved.shown),
    }


def _parse_body(body: Mapping[str, Any]) -> SavedPlan:
    """Return the plan of a body.

    Raises ValueError, KeyError, TypeError or AttributeError for one that _to_body() never makes.
    """
    saved_plan = SavedPlan(
        project=_text(body["project"]),
        path=_text(body["path"]),
        targets=_texts(body["targets"]),
        desired=_text(body["desired"]),
        lineage=None if body["lineage"] is None else _text(body["lineage"]),
        generations={address: _count(number) for address, number in body["generations"].items()},
        hosts={name: _text(host) for name, host in body["hosts"].items()},
        calls={address: base64.b64decode(text, validate=True) for address, text in body["calls"].items()},
        cancels={address: _texts(ids) for address, ids in body["cancels"].items()},
        removals={address: base64.b64decode(text, validate=True) for address, text in body["removals"].items()},
        releases={_text(name): _count(size) for name, size in body["releases"].items()},
        allow_shrink=_texts(body["allow_shrink"]),
        shown=shown_plan.check_summary(body["shown"]) if body["shown"] else {},
    )
    if _to_body(saved_plan) != body:
        raise ValueError("a field that is not known, or a value in another form")
    return saved_plan


def _text(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("not a text")
    return value


def _texts(values: object) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise ValueError("not a list")
    return tuple(_text(value) for value in values)


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("not a count")
    return value


def _seal(body: Mapping[str, Any], key: PersonKey) -> str:
    """Return the seal of a body. It finds damage and honest edits; under a person key, forgery too."""
    return key.digest_lines([canonical_json(body).decode()])
