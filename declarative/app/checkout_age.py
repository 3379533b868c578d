"""Whether this checkout is older than the manifests last applied, by the commits in the lock. Reads git; sends
nothing."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum

from declarative import humanize
from declarative.app.git_repository import GitRepository, GitUnavailable
from declarative.app.session import Session
from declarative.model.digest import json_digest
from declarative.model.lock import Lock, ResourceRecord
from declarative.model.resource import Resource
from declarative.planning.decide import Verb
from declarative.planning.plan import Notice, Plan
from declarative.state.ledger import ResourceRecordFields

_SHORT = 9
"""Characters of a commit in a message."""
_DIGEST = 16
"""Characters of the digest of what a manifest means: enough to see a change."""


class CheckoutAge:
    """Compares HEAD with the commits in the lock. Without a git repository or a commit nothing is compared, and
    `unknown` says why; it is empty otherwise."""

    def __init__(self, session: Session) -> None:
        self.unknown = ""
        self._head: str | None = None
        try:
            self._repository = GitRepository(session.project_directory)
            self._head = self._repository.find_commit("HEAD")
        except GitUnavailable as error:
            self.unknown = error.message
        else:
            self.unknown = "" if self._head else f"the repository of {session.project_directory} has no commit"

    def find_older(self, lock: Lock | None) -> dict[str, str]:
        """By address, what says that a later commit was applied there. `""` stands for every address that names no
        commit: where one address shows that the checkout is older, what it wants elsewhere is old as well."""
        if lock is None or self._head is None:
            return {}
        details: dict[str, str] = {}
        by_commit: dict[tuple[str, datetime | None], str] = {}
        for address, resource_record in lock.resources.items():
            if resource_record.commit is None:
                continue
            key = (resource_record.commit, resource_record.committed_at)
            if key not in by_commit:
                by_commit[key] = self._describe_later(resource_record)
            if by_commit[key]:
                details[address] = by_commit[key]
        return details | ({"": next(iter(details.values()))} if details else {})

    def warn_if_unknown(self, lock: Lock | None) -> list[Notice]:
        """Say once that nothing is compared, where the lock names commits."""
        if not self.unknown or lock is None or all(record.commit is None for record in lock.resources.values()):
            return []
        message = f"whether these manifests are older than those last applied is not known: {self.unknown}"
        return [Notice(lock.project, message)]

    def make_stamps(self, plan: Plan, lock: Lock | None) -> dict[str, ResourceRecordFields]:
        """By address, the commit to record for what this plan applies. Blocked addresses have none."""
        if self._head is None:
            return {}
        blocked = {action.address for action in plan.actions if action.verb is Verb.BLOCK}
        committed_at = self._repository.committed_at(self._head)
        stamps: dict[str, ResourceRecordFields] = {}
        for address, task in plan.tasks.items():
            is_left = task.resource is None and lock is not None and _is_forgotten(lock, address)
            if address not in blocked and not is_left:
                stamps[address] = {
                    "commit": self._head,
                    "committed_at": committed_at,
                    "applied": _meaning_digest(task.resource),
                }
        return stamps

    def _describe_later(self, resource_record: ResourceRecord) -> str:
        """What says that this commit was applied and is not in HEAD; empty where it is."""
        commit, committed_at = resource_record.commit or "", resource_record.committed_at
        head = self._head or ""
        if commit == head or self._repository.contains(head, commit):
            return ""
        if self._repository.is_shallow and committed_at is not None:
            if self._repository.committed_at(head) >= committed_at:
                return ""
        elif not self._repository.contains(commit, head):
            return f"{_name_commit(commit, committed_at)} was applied, and the history of {head[:_SHORT]} lacks it"
        return f"{_name_commit(commit, committed_at)} was applied, and {head[:_SHORT]}, checked out here, is older"


def _is_forgotten(lock: Lock, address: str) -> bool:
    return address in lock.resources and lock.resources[address].is_forgotten


def _name_commit(commit: str, committed_at: datetime | None) -> str:
    moment = f" of {humanize.when(committed_at)}" if committed_at else ""
    return f"commit {commit[:_SHORT]}{moment}"


def _meaning_digest(resource: Resource | None) -> str:
    """Digest of all that a manifest means, its recipients included."""
    if resource is None:
        return "removed"
    values = {
        attribute.name: _to_plain(getattr(resource, attribute.name))
        for attribute in fields(resource)
        if attribute.name != "recipients"
    }
    recipients = resource.recipients
    return json_digest([values, recipients.numbers, recipients.payloads, recipients.excluded_counts])[:_DIGEST]


def _to_plain(value: object) -> object:
    """The value in JSON's types, always in the same order."""
    if is_dataclass(value) and not isinstance(value, type):
        return {attribute.name: _to_plain(getattr(value, attribute.name)) for attribute in fields(value)}
    match value:
        case Enum():
            return str(value.value)
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Mapping():
            return {str(name): _to_plain(part) for name, part in value.items()}
        case Set():
            return sorted(str(_to_plain(part)) for part in value)
        case list() | tuple():
            return [_to_plain(part) for part in value]
        case None | bool() | int() | float() | str():
            return value
    return str(value)
