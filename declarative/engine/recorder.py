"""Writes to the lock what an apply learns of an address apart from its own requests: what was observed, and what was
done in full."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from declarative.engine.partial import drop_found
from declarative.engine.results import ResourceResult
from declarative.engine.run_context import RunContext
from declarative.model import records
from declarative.model.lock import RemoteRecord, ResourceRecord
from declarative.model.remote import Phase, Remote, holds_queued, is_over
from declarative.model.resource import Route
from declarative.planning import diff, unchanged
from declarative.planning.columns import FactColumns
from declarative.planning.entries import read_members
from declarative.planning.facts import Facts
from declarative.planning.plan import Task
from declarative.planning.taking_back import is_forgotten_in_time
from declarative.state.ledger import ResourceRecordFields


class Recorder:
    """Writes records of one run. Raises LeaseLost and StateError."""

    def __init__(self, run: RunContext) -> None:
        self._run = run

    def record_observed(self, task: Task) -> None:
        """Records what was observed: renames, remotes found by their mark, counters and outcomes."""
        ledger = self._run.ledger
        for old_address in task.renamed_from:
            ledger.rename(old_address, task.address)
        resource_record = self._run.ledger.resource_record(task.address)
        if task.halt is not None and task.halt != resource_record.halted:
            ledger.update(task.address, halted=task.halt, quiet=None)
        remote_records = {
            remote.id: records.refreshed(
                resource_record.remotes.get(remote.id) or self._adopt_remote(resource_record, remote), remote
            )
            for remote in task.facts.remotes.values()
            if remote.id not in task.facts.also
        }
        remote_records = {
            remote_id: self._date_cancel(task.facts, remote_record)
            for remote_id, remote_record in remote_records.items()
        }
        # Protocol 8: proven now, and not any more once its start has passed.
        remote_records |= {
            remote_id: replace(remote_record, closed=True, settled=True)
            for remote_id, remote_record in resource_record.remotes.items()
            if remote_id not in task.facts.remotes and is_forgotten_in_time(task.facts, remote_record)
        }
        changed_records = {
            remote_id: remote_record
            for remote_id, remote_record in remote_records.items()
            if resource_record.remotes.get(remote_id) != remote_record
        }
        if changed_records:
            # Protocol 5: a remote with the mark of an open intent answers it.
            answered_marks = {remote_record.mark for remote_record in changed_records.values()} & set(
                resource_record.intents
            )
            ledger.update(
                task.address, remotes=changed_records, intents=dict.fromkeys(mark for mark in answered_marks if mark)
            )
        if resource_record.unseen:
            drop_found(self._run, task.address, read_members(FactColumns([task.facts])).frame)

    def _date_cancel(self, facts: Facts, remote_record: RemoteRecord) -> RemoteRecord:
        """Dates a cancel whose answer was lost, or that somebody declared to be ours, by when it was first seen."""
        if not facts.cancel_settles or remote_record.cancel is None or remote_record.cancelled_at is not None:
            return remote_record
        return replace(remote_record, cancelled_at=facts.now) if remote_record.cancelled else remote_record

    def _adopt_remote(self, resource_record: ResourceRecord, remote: Remote) -> RemoteRecord:
        """The record of a remote that the lock does not know: from its intent where one is open, otherwise from its
        mark."""
        if intent := resource_record.intents.get(str(remote.mark)):
            return records.from_intent(intent, remote)
        remote_record = records.from_mark(remote)
        if remote.route is Route.BATCH or remote.members is None or not len(remote.members):
            return remote_record
        lineage = self._run.ledger.lock.lineage
        return replace(remote_record, person=self._run.key.digest_person(lineage, remote.members.item(0, "number")))

    def record_result(self, task: Task, facts: Facts, result: ResourceResult) -> None:
        """Records how the address stands after its task: applied in full, unchanged, or a tombstone."""
        resource, resource_record = task.resource, self._run.ledger.resource_record(task.address)
        if resource is None:
            if result.is_clean:
                self.record_tombstone(task, facts, resource_record)
            return
        if not facts.approved:
            return  # what was last applied is still what was approved; the next plan shows the change against it
        if (
            facts.is_single_call
            and (task.facts.resource_record.remotes or resource_record.placed)
            and not result.submitted
        ):
            # The record keeps what was called, so that every later plan can say that an edit changes nothing. A call
            # that was turned away was never applied in full: only this tells that nothing is to be done about it.
            quiet = self._quiet_digest(task, replace(facts, resource_record=resource_record), result)
            if not resource_record.numbers and resource_record.quiet != quiet:
                self._run.ledger.update(task.address, quiet=quiet)
            return
        in_full = (
            result.is_clean
            and not result.unplanned
            and not result.listed
            and task.complete
            and task.facts.is_desired
            and not resource_record.intents
        )
        fields: dict[str, object] = {
            "provider": resource.provider,
            "settings": diff.redact_settings(resource.settings, resource.fields, resource.variable_settings),
            "settings_digest": resource.settings_digest,
            "count": resource.recipients.count,
            "numbers": resource.recipients.numbers if in_full else "",
            "payloads": resource.recipients.payloads if in_full else "",
            "tombstone": False,
            "also": tuple(sorted(resource.also)),
            "quiet": self._quiet_digest(task, replace(facts, resource_record=resource_record), result),
        }
        changes = {name: value for name, value in fields.items() if getattr(resource_record, name) != value}
        if changes:
            self._run.ledger.update(task.address, **cast(ResourceRecordFields, changes))

    def _quiet_digest(self, task: Task, facts: Facts, result: ResourceResult) -> str | None:
        """The digest of all facts where everything is over and nothing was done or is due later; otherwise None. While
        it stays the same, later plans need not read the people."""
        is_pending = result.unplanned or result.listed or task.due_later or not result.is_clean
        is_changed = result.submitted or task.cancels or len(task.removals) or facts.resource_record.intents
        remotes = {remote_id: remote for remote_id, remote in facts.remotes.items() if remote_id not in facts.also}
        # The counters of a batch may say that it is over while a person is still on the phone: a retry may be due then.
        # An ending that nobody knows is an ending: what is over is over.
        is_open = any(remote.has_phase(Phase.IN_FLIGHT) for remote in remotes.values())
        if is_pending or is_changed or is_open or not all(is_over(remote) for remote in remotes.values()):
            return None
        return unchanged.fingerprint(task.resource, facts.resource_record, remotes)

    def record_tombstone(self, task: Task, facts: Facts, resource_record: ResourceRecord) -> None:
        """Marks an address as no longer wanted, once nothing of it calls and no lost batch may appear. The record
        stays, so that no one is called twice when the resource comes back: lost calls and retries, which nothing may
        ever settle, stay in it."""
        is_settled = all(is_over(remote) and not holds_queued(remote) for remote in facts.remotes.values())
        is_awaited = any(intent.is_batch for intent in resource_record.intents.values())
        if (task.forget or (task.cancels and is_settled)) and not is_awaited and not resource_record.tombstone:
            self._run.ledger.update(task.address, tombstone=True, quiet=None)
