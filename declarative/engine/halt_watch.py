"""Looks at what came of single calls while more of them are placed, so that `halt_when` does not wait for the end of a
list of thousands. Reads; never dials."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from declarative.engine.results import Receipt, RequestStatus
from declarative.engine.run_context import RunContext
from declarative.errors import ProviderError
from declarative.model.remote import Remote, is_over
from declarative.model.resource import Resource, Route
from declarative.planning.facts import Facts
from declarative.planning.halting import find_halt
from declarative.planning.plan import Task

LOOK_EVERY = timedelta(seconds=45)
"""How long after a look the next one follows: no call is placed more than a minute after one."""


class HaltWatch:
    """Works under the lease of one run. Raises LeaseLost and StateError."""

    def __init__(self, run: RunContext) -> None:
        self._run = run
        self._facts: dict[str, Facts] = {}
        self._looked_at: dict[str, datetime] = {}

    def begin_round(self, tasks: Iterable[Task]) -> None:
        """Starts with the facts of a plan that was made just now."""
        for task in tasks:
            resource = task.resource
            if resource is not None and resource.halt_when is not None and resource.route is Route.CALL:
                self._facts[task.address] = task.facts
                self._looked_at[task.address] = task.facts.now

    def find_stop(self, resource: Resource) -> Receipt | None:
        """Reads the calls of a resource again, if that was not done a moment ago. Returns why it is halted now, and
        records that; None where it is not."""
        facts, now = self._facts.get(resource.address), self._run.provider(resource).latest_now()
        if facts is None or now - self._looked_at[resource.address] < LOOK_EVERY:
            return None
        self._looked_at[resource.address] = now
        self._run.progress(f"{resource.address}: looking at what came of its calls")
        facts = self._read_calls(resource, replace(facts, now=now))
        self._facts[resource.address] = facts
        halt = find_halt(facts)
        if halt is None:
            return None
        self._run.ledger.update(resource.address, halted=halt, quiet=None)
        return Receipt(RequestStatus.HALTED, message=f"{halt.figures}; nobody more is called", final=True)

    def _read_calls(self, resource: Resource, facts: Facts) -> Facts:
        """The facts with every call that was not over, as it is now. One that cannot be read stays as it was."""
        record = self._run.ledger.resource_record(resource.address)
        channel, remotes = self._run.provider(resource).channels[Route.CALL], dict(facts.remotes)
        for remote_id, remote_record in record.remotes.items():
            if remote_record.route is not Route.CALL or ":" in remote_id or _has_ended(remotes.get(remote_id)):
                continue
            try:
                remote = channel.read(remote_id)
            except ProviderError:
                continue
            if remote is not None:
                remotes[remote_id] = remote
        return replace(facts, remotes=remotes, resource_record=record)


def _has_ended(remote: Remote | None) -> bool:
    return remote is not None and remote.members is not None and is_over(remote)
