"""What the lock learns of an address in an apply besides its requests: what was seen, and what was done in full."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from declarative.engine.results import ResourceResult
from declarative.engine.run_context import RunContext
from declarative.model import records
from declarative.model.lock import RemoteRecord, ResourceRecord
from declarative.model.remote import Phase, Remote, is_over
from declarative.model.resource import Route
from declarative.planning import diff as explain
from declarative.planning import unchanged
from declarative.planning.facts import Facts
from declarative.planning.plan import Task
from declarative.state.ledger import Fields


class Recorder:
    """Raises LeaseLost and StateError."""

    def __init__(self, desk: RunContext) -> None:
        self._desk = desk

    def take_in(self, work: Task) -> None:
        """Writes down what was seen: memory under earlier addresses, things found by their mark, counters."""
        ledger = self._desk.ledger
        for old in work.renamed:
            ledger.rename(old, work.address)
        record = self._desk.ledger.record(work.address)
        fresh = {
            remote.id: records.refreshed(record.remotes.get(remote.id) or self._found(record, remote), remote)
            for remote in work.case.remotes.values()
            if remote.id not in work.case.also
        }
        changed = {key: known for key, known in fresh.items() if record.remotes.get(key) != known}
        if changed:
            answered = {known.mark for known in changed.values()} & set(record.intents)
            ledger.update(work.address, remotes=changed, intents=dict.fromkeys(mark for mark in answered if mark))

    def _found(self, record: ResourceRecord, remote: Remote) -> RemoteRecord:
        """Something new to the lock: as its intent says, where there is one, else as its mark tells."""
        if intent := record.intents.get(str(remote.mark)):
            return records.from_intent(intent, remote)
        known = records.from_mark(remote)
        if remote.route is Route.BATCH or remote.members is None or not len(remote.members):
            return known
        lineage = self._desk.ledger.lock.lineage
        return replace(known, person=self._desk.key.of_person(lineage, remote.members.item(0, "number")))

    def remember(self, work: Task, case: Facts, tally: ResourceResult) -> None:
        """What this address is known as from now on: as applied in full, as quiet, or as a tombstone."""
        resource, record = work.resource, self._desk.ledger.record(work.address)
        if resource is None:
            self.bury(work, case, record)
            return
        if case.one_call and (work.case.record.remotes or record.placed) and not tally.submitted:
            return  # known as what was rung, so that every later plan can tell that an edit changes nothing
        in_full = tally.clean and not tally.unplanned and work.complete and work.case.wanted and not record.intents
        wanted: dict[str, object] = {
            "provider": resource.provider,
            "settings": explain.remembered(resource.settings),
            "settings_digest": resource.settings_digest,
            "count": resource.people.count,
            "numbers": resource.people.numbers if in_full else "",
            "payloads": resource.people.payloads if in_full else "",
            "tombstone": False,
            "also": tuple(sorted(resource.also)),
            "quiet": self._quiet(work, replace(case, record=record), tally),
        }
        changes = {name: value for name, value in wanted.items() if getattr(record, name) != value}
        if changes:
            self._desk.ledger.update(work.address, **cast(Fields, changes))

    def _quiet(self, work: Task, case: Facts, tally: ResourceResult) -> str | None:
        """The digest of all facts, where everything is over and nothing was done or is due later."""
        due = tally.unplanned or work.later or not tally.clean
        touched = tally.submitted or work.cancels or case.record.intents
        remotes = {key: remote for key, remote in case.remotes.items() if key not in case.also}
        unknown = any(remote.has(Phase.UNKNOWN) for remote in remotes.values())
        if due or touched or unknown or not all(is_over(remote) for remote in remotes.values()):
            return None
        return unchanged.fingerprint(work.resource, case.record, remotes)

    def bury(self, work: Task, case: Facts, record: ResourceRecord) -> None:
        over = all(is_over(remote) for remote in case.remotes.values())
        if (work.forget or (work.cancels and over)) and not record.intents and not record.tombstone:
            self._desk.ledger.update(work.address, tombstone=True, quiet=None)
