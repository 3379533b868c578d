"""Whether this checkout is older than the manifests last applied, by the commits in the lock. Reads git; sends
nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from declarative import humanize
from declarative.app.git_repository import GitRepository, GitUnavailable
from declarative.app.session import Session
from declarative.model.digest import json_digest
from declarative.model.lock import Lock, ResourceRecord
from declarative.model.plain import to_plain
from declarative.model.resource import Resource
from declarative.planning.decide import Verb
from declarative.planning.plan import Notice, Plan
from declarative.state.ledger import ResourceRecordFields

_SHORT = 9
"""Characters of a commit in a message."""
_DIGEST = 16
"""Characters of the digest of what a manifest means: enough to see a change."""


class CheckoutAge:
    """Compares HEAD with the commits in the lock. Without a git repository or a commit nothing is compared. Asks git on
    first use, which most plans of a first run never make."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @cached_property
    def _checkout(self) -> _Checkout | GitUnavailable:
        directory = self._session.project_directory
        try:
            repository = GitRepository(directory)
            head = repository.find_commit("HEAD")
        except GitUnavailable as error:
            return error
        if head is None:
            return GitUnavailable(f"the repository of {directory} has no commit", "")
        return _Checkout(repository, head)

    def find_older(self, lock: Lock | None) -> dict[str, str]:
        """By address, what says that a later commit was applied there. `""` stands for every address that names no
        commit: where one address shows that the checkout is older, what it wants elsewhere is old as well."""
        details = {}
        described: dict[str, str] = {}
        for address, resource_record in _with_commits(lock).items():
            if isinstance(self._checkout, GitUnavailable):
                return {}
            commit = resource_record.commit or ""
            if commit not in described:
                described[commit] = self._checkout.describe_later(commit, resource_record.committed_at)
            if described[commit]:
                details[address] = described[commit]
        return details | ({"": next(iter(details.values()))} if details else {})

    def warn_if_unknown(self, lock: Lock | None) -> list[Notice]:
        """Say once that nothing is compared, where the lock names commits."""
        if lock is None or not _with_commits(lock) or not isinstance(self._checkout, GitUnavailable):
            return []
        hint = f" ({self._checkout.hint})" if self._checkout.hint else ""
        message = "whether these manifests are older than those last applied is not known"
        return [Notice(lock.project, f"{message}: {self._checkout.message}{hint}")]

    def make_stamps(self, plan: Plan, lock: Lock) -> dict[str, ResourceRecordFields]:
        """By address, the commit to record for what this plan applies. Blocked addresses have none."""
        if isinstance(self._checkout, GitUnavailable):
            return {}
        blocked = {action.address for action in plan.actions if action.verb is Verb.BLOCK}
        committed_at = self._checkout.repository.committed_at(self._checkout.head)
        stamps: dict[str, ResourceRecordFields] = {}
        for address, task in plan.tasks.items():
            is_left = task.resource is None and address in lock.resources and lock.resources[address].is_forgotten
            if address not in blocked and not is_left:
                stamps[address] = {
                    "commit": self._checkout.head,
                    "committed_at": committed_at,
                    "applied": _meaning_digest(task.resource),
                }
        return stamps


@dataclass(frozen=True)
class _Checkout:
    """A commit that is checked out."""

    repository: GitRepository
    """The repository of the project's directory."""
    head: str
    """The full hash of HEAD."""

    def describe_later(self, commit: str, committed_at: datetime | None) -> str:
        """What says that this commit was applied and is not in HEAD; empty where it is."""
        if commit == self.head or self.repository.contains(self.head, commit):
            return ""
        if self.repository.is_shallow and committed_at is not None:
            if self.repository.committed_at(self.head) >= committed_at:
                return ""
        elif not self.repository.contains(commit, self.head):
            return f"{_name_commit(commit, committed_at)} was applied, and the history of {self.head[:_SHORT]} lacks it"
        return f"{_name_commit(commit, committed_at)} was applied, and {self.head[:_SHORT]}, checked out here, is older"


def _with_commits(lock: Lock | None) -> dict[str, ResourceRecord]:
    return {address: record for address, record in lock.resources.items() if record.commit} if lock else {}


def _name_commit(commit: str, committed_at: datetime | None) -> str:
    moment = f" of {humanize.when(committed_at)}" if committed_at else ""
    return f"commit {commit[:_SHORT]}{moment}"


def _meaning_digest(resource: Resource | None) -> str:
    """Digest of all that a manifest means, its recipients included."""
    if resource is None:
        return "removed"
    values = to_plain(resource, leave_out=("recipients",))
    recipients = resource.recipients
    return json_digest([values, recipients.numbers, recipients.payloads, recipients.excluded_counts])[:_DIGEST]
