"""Carries out the work of a plan, address by address: cancels, then whoever may be rung, each through execute.py.

Nobody is rung who was not in the plan that was approved: `approved` narrows every request, however the facts moved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import polars as pl

from declarative import crowd, records
from declarative.desk import LEAST_GUARD, Desk
from declarative.errors import ProviderError
from declarative.execute import Executor, Receipt, Result
from declarative.look_after import Guardian
from declarative.memory import Record, RemoteRecord
from declarative.model import Resource, Route
from declarative.pacing import Pacer
from declarative.planning import blocks, explain, hours
from declarative.planning.case import Case, is_over
from declarative.planning.decide import Timing, Verb
from declarative.planning.plan import Plan, Work
from declarative.prove import Prover
from declarative.remote import Phase, Remote
from declarative.state.ledger import Fields
from declarative.tally import Tally

UNREAD_AFTER_CANCEL = "its people could not be read after it was cancelled; the next apply goes on from here"
READS_AFTER_CANCEL = (0.0, 1.0, 2.0, 4.0, 8.0)
"""Seconds before each look at whether a cancelled batch's people are free."""


class Hands:
    """Does one plan's work. Interrupted, LeaseLost and StateError pass through; everything else becomes a Tally."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._executor = Executor(desk)
        self.prover = Prover(desk)
        self.guardian = Guardian(desk, self._executor)
        self.tallies: dict[str, Tally] = {}
        self._sent: dict[str, list[pl.Series]] = {}
        self._unproven: dict[str, list[tuple[str, str]]] = {}

    def carry_out(self, plan: Plan, approved: Mapping[str, pl.Series]) -> None:
        """Plain cancels first, so that nobody is rung who is on the way out; then the rest, in the plan's order."""
        self._sent.clear()
        order = sorted(plan.works.values(), key=lambda work: len(work.ring) > 0 or bool(work.requests))
        try:
            for work in order:
                tally = self.tallies.setdefault(work.address, Tally())
                try:
                    self._one(work, tally, approved.get(work.address))
                except ProviderError as error:
                    tally.problems.append(Receipt(Result.FAILED, message=error.message))
        finally:  # an interruption as well: what was created is not left unseen
            for provider in list(self._unproven):
                self._prove(provider)

    def reconcile(self) -> None:
        """Requests that were unsure when they were sent, and are answered now, are problems no more."""
        for address, tally in self.tallies.items():
            record = self._record(address)
            by_mark = {known.mark: key for key, known in record.remotes.items() if known.mark}
            for receipt, verb, people in [entry for entry in tally.unsure if entry[0].mark not in record.intents]:
                tally.unsure.remove((receipt, verb, people))
                tally.problems = [problem for problem in tally.problems if problem is not receipt]
                if found := by_mark.get(receipt.mark) or receipt.remote_id:
                    tally.book(found, verb, people)

    def _one(self, work: Work, tally: Tally, approved: pl.Series | None) -> None:
        if work.quiet:
            self._bury(work, work.case, self._record(work.address))
            return
        self._take_in(work)
        case = self._without_leaving(work, tally, approved)
        resource = work.resource
        if resource is not None and case is not None:
            self._retry_by_request(work, resource, tally)
            rest = work.ring.filter(~pl.col("verb").is_in([Verb.REPLACE]))
            self._submit(resource, crowd.approved(rest, approved), tally)
        self._remember(work, case or work.case, tally)

    def _take_in(self, work: Work) -> None:
        """Writes down what was seen: memory under earlier addresses, things found by their mark, counters."""
        ledger = self._desk.ledger
        for old in work.renamed:
            ledger.rename(old, work.address)
        record = self._record(work.address)
        fresh = {
            remote.id: records.seen(record.remotes.get(remote.id) or self._found(record, remote), remote)
            for remote in work.case.remotes.values()
            if remote.id not in work.case.also
        }
        changed = {key: known for key, known in fresh.items() if record.remotes.get(key) != known}
        if changed:
            answered = {known.mark for known in changed.values()} & set(record.intents)
            ledger.update(work.address, remotes=changed, intents=dict.fromkeys(mark for mark in answered if mark))

    def _found(self, record: Record, remote: Remote) -> RemoteRecord:
        """Something new to the lock: as its intent says, where there is one, else as its mark tells."""
        if intent := record.intents.get(str(remote.mark)):
            return records.answered(intent, remote)
        known = records.found(remote)
        if remote.route is Route.BATCH or remote.members is None or not len(remote.members):
            return known
        lineage = self._desk.ledger.lock.lineage
        return replace(known, person=self._desk.key.of_person(lineage, remote.members.item(0, "number")))

    def _without_leaving(self, work: Work, tally: Tally, approved: pl.Series | None) -> Case | None:
        """Cancels batch by batch; whoever is free and still wanted is submitted again before the next is touched.
        None where it had to end: the rest stays as it is."""
        case = work.case
        if not work.cancels:
            return case
        moving = work.ring.filter(verb=Verb.REPLACE)
        if len(moving) and work.resource is not None and (missing := self._missing(work.resource)):
            tally.problems.append(Receipt(Result.FAILED, message=f"nothing was cancelled: {'; '.join(missing)}"))
            return None
        for remote_id in work.cancels:
            self._desk.stop.check()
            remote = self._cancel(work.address, case.remotes[remote_id], tally)
            if remote is None:
                return None
            case = replace(case, remotes={**case.remotes, remote_id: remote}, record=self._record(work.address))
            if len(moving) and work.resource is not None:
                free = crowd.approved(crowd.free(case, remote), moving.get_column("number"))
                self._submit(work.resource, crowd.approved(free, approved), tally)
                if not tally.clean:
                    return None
        return case

    def _missing(self, resource: Resource) -> list[str]:
        return self._desk.provider(resource).missing(resource.settings)

    def _cancel(self, address: str, remote: Remote, tally: Tally) -> Remote | None:
        """The batch as read after its cancel was answered; None where the cancel is not confirmed."""
        provider = self._desk.providers[self._record(address).provider]
        channel = provider.channels[Route.BATCH]
        receipt = self._executor.cancel(address, channel, remote)
        if receipt.result is not Result.DONE:
            tally.problems.append(receipt)
            return None
        read: Remote | None = None
        for pause in READS_AFTER_CANCEL:
            self._desk.sleep(pause) if pause else None
            read = channel.read(remote.id)
            if read is not None and read.members is not None and not crowd.queued(read):
                break
        if read is None or read.members is None:
            tally.problems.append(
                Receipt(
                    Result.FAILED,
                    remote.id,
                    UNREAD_AFTER_CANCEL,
                )
            )
            return None
        known = records.seen(self._record(address).remotes[remote.id], read)
        self._desk.ledger.update(address, remotes={remote.id: known})
        tally.cancelled += len(read.members.filter(phase=Phase.CANCELLED))
        tally.in_flight += len(read.members.filter(phase=Phase.IN_FLIGHT))
        return read

    def _retry_by_request(self, work: Work, resource: Resource, tally: Tally) -> None:
        for remote_id in work.requests:
            remote = work.case.remotes[remote_id]
            assert remote.members is not None
            unreached = len(remote.members.filter(phase=Phase.UNREACHED))
            receipt = self._executor.retry(resource, remote, unreached)
            self._book(receipt, Verb.RETRY, unreached, tally)

    def _submit(self, resource: Resource, ring: pl.DataFrame, tally: Tally) -> None:
        """Submits people in shards, those of one attempt together; single calls one by one, at their pace. Nobody whom
        this round has sent already is sent again, whatever the plan says."""
        for numbers in self._sent.setdefault(resource.address, []):
            ring = ring.filter(~pl.col("number").is_in(numbers.implode()))
        self._sent[resource.address].append(ring.get_column("number"))
        size = self._desk.abilities(resource.provider, resource.route).max_people
        pacer = Pacer(self._desk, resource)
        for (attempt,), rows in ring.partition_by("attempt", as_dict=True, maintain_order=True).items():
            for start in range(0, len(rows), size):
                shard = rows.slice(start, size)
                if self._must_end(resource, tally):
                    tally.left += len(rows) - start
                    break
                self._desk.say(f"{resource.address}: {start:,} of {len(rows):,} people submitted")
                pacer.wait()
                if self._closed_by_now(resource, shard):
                    tally.left += len(shard)
                    continue
                receipt = self._executor.submit(resource, shard.select("number", "payload"), int(str(attempt)))
                pacer.placed(receipt.remote_id)
                for verb, count in shard.group_by("verb").len().iter_rows():
                    self._book(receipt, Verb(verb), count, tally)
                if receipt.result is Result.DONE and resource.route is Route.BATCH:
                    self._unproven.setdefault(resource.provider, []).append((receipt.remote_id, resource.address))
                    self._prove_in_time(resource)

    def _prove_in_time(self, resource: Resource) -> None:
        """One reading of the list shows whatever was created at a provider; a long run reads it in between, so that
        each batch is looked after before its own guard ends."""
        key, address = self._unproven[resource.provider][0]
        first = self._record(address).remotes[key].created_at
        now = self._desk.provider(resource).now()
        if first is not None and now - first >= max(self._desk.project.guard, LEAST_GUARD) / 2:
            self._prove(resource.provider)

    def _prove(self, provider: str) -> None:
        """Before the guard ends: no twin, nothing revoked, every doubt proven or taken back."""
        created = self._unproven.pop(provider)
        for finding in self.guardian.look_after(provider, [key for key, _ in created]):
            tally = self.tallies.setdefault(finding.address or created[0][1], Tally())
            tally.undo(finding.undone)
            tally.findings.append(finding)

    def _closed_by_now(self, resource: Resource, shard: pl.DataFrame) -> bool:
        """Placing single calls may take hours: the window may have closed for this one since the plan was made."""
        if resource.route is not Route.CALL:
            return False
        now = self._desk.provider(resource).now()
        found, _ = hours.timing(resource.policy.calling_hours, lambda: shard, now)
        word = found if isinstance(found, Timing) else Timing(found.item(0, "timing"))
        return word is not Timing.NOW

    def _must_end(self, resource: Resource, tally: Tally) -> bool:
        if resource.provider in self._desk.closed:
            return True
        expired = resource.expires_at and resource.expires_at <= self._desk.provider(resource).now()
        if expired:
            tally.problems.append(
                Receipt(Result.FAILED, message="expires_at passed while this ran; whoever is left is not rung")
            )
        failed = [receipt for receipt in tally.problems if receipt.result is Result.FAILED]
        return bool(expired) or any(resource.route is Route.BATCH or receipt.final for receipt in failed)

    def _book(self, receipt: Receipt, verb: Verb, people: int, tally: Tally) -> None:
        if receipt.result is Result.DONE:
            tally.book(receipt.remote_id, verb, people)
        elif receipt not in tally.problems:
            tally.problems.append(receipt)
        if receipt.result is Result.UNSURE:
            tally.unsure.append((receipt, verb, people))
        if receipt.result is Result.OUT_OF_FUNDS:
            tally.left += people

    def _remember(self, work: Work, case: Case, tally: Tally) -> None:
        """What this address is known as from now on: as applied in full, as quiet, or as a tombstone."""
        resource, record = work.resource, self._record(work.address)
        if resource is None:
            self._bury(work, case, record)
            return
        if case.one_call and (work.case.record.remotes or record.placed) and not tally.submitted:
            return  # known as what was rung, so that every later plan can tell that an edit changes nothing
        in_full = tally.clean and work.complete and work.case.wanted and not record.intents
        wanted: dict[str, object] = {
            "provider": resource.provider,
            "settings": explain.remembered(resource.settings),
            "settings_digest": resource.settings_digest,
            "count": resource.people.count,
            "numbers": resource.people.numbers if in_full else "",
            "payloads": resource.people.payloads if in_full else "",
            "tombstone": False,
            "quiet": self._quiet(work, replace(case, record=record), tally),
        }
        changes = {name: value for name, value in wanted.items() if getattr(record, name) != value}
        if changes:
            self._desk.ledger.update(work.address, **cast(Fields, changes))

    def _quiet(self, work: Work, case: Case, tally: Tally) -> str | None:
        """The digest of all facts, where everything is over and nothing was done or is due later."""
        touched = tally.submitted or work.cancels or work.later or not tally.clean or case.record.intents
        remotes = {key: remote for key, remote in case.remotes.items() if key not in case.also}
        unknown = any(crowd.has_unknown(remote) for remote in remotes.values())
        if touched or unknown or not all(is_over(remote) for remote in remotes.values()):
            return None
        return blocks.fingerprint(work.resource, case.record, remotes)

    def _bury(self, work: Work, case: Case, record: Record) -> None:
        over = all(is_over(remote) for remote in case.remotes.values())
        if (work.forget or (work.cancels and over)) and not record.intents and not record.tombstone:
            self._desk.ledger.update(work.address, tombstone=True, quiet=None)

    def _record(self, address: str) -> Record:
        return self._desk.ledger.lock.resources.get(address) or Record()
