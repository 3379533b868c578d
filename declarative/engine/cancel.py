"""Cancels one batch or call, then reads it until its people are free. The request itself is made by execute.py."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from declarative import humanize
from declarative.engine import before_start
from declarative.engine.execute import Executor
from declarative.engine.results import Receipt, RequestStatus, ResourceResult
from declarative.engine.run_context import RunContext
from declarative.errors import ProviderError
from declarative.model import records
from declarative.model.capabilities import CancelProof
from declarative.model.history import PeopleCounts
from declarative.model.remote import Phase, Remote
from declarative.model.resource import Resource, Route
from declarative.planning import resubmit
from declarative.planning.decide import Verb
from declarative.planning.facts import Facts
from declarative.planning.membership import hold_against_lock
from declarative.planning.plan import Task
from declarative.providers.base import Channel, Provider

UNREAD_AFTER_CANCEL = "its people could not be read after it was cancelled; the next apply goes on from here"
STOP_ELSEWHERE = "they may still be called; stop it in the provider's own dashboard, then apply again"
READS_AFTER_CANCEL = (0.0, 1.0, 2.0, 4.0, 8.0)
"""Seconds to wait before each read of a cancelled batch, until no one in it is queued any more."""


def refuse_to_replace(run: RunContext, resource: Resource) -> Receipt | None:
    """The failure to report where the people of a batch could not be submitted again: the provider does not know the
    agent or the number. None where it knows both. Nobody is moved then, since a cancel cannot be undone."""
    unknown_references = run.provider(resource).unknown_references(resource.settings)
    if not unknown_references:
        return None
    return Receipt(RequestStatus.FAILED, message=f"nobody was moved: {'; '.join(unknown_references)}")


def can_move(run: RunContext, task: Task, result: ResourceResult) -> bool:
    """Whether people may be moved to a new batch, as far as is known before the first cancel."""
    takes_off = task.cancels or len(task.removals)
    if not takes_off or task.to_call.filter(verb=Verb.REPLACE).is_empty() or task.resource is None:
        return True
    refusal = refuse_to_replace(run, task.resource)
    result.problems += [refusal] if refusal is not None else []
    return refusal is None


def renew_facts(run: RunContext, task: Task, facts: Facts, remote: Remote) -> Facts:
    """The facts with a batch as read after its cancel."""
    resource_record = run.ledger.resource_record(task.address)
    provider_time = run.providers[resource_record.provider].latest_now()
    remotes = {**facts.remotes, remote.id: remote}
    renewed = replace(facts, remotes=remotes, resource_record=resource_record, now=provider_time)
    return hold_against_lock(renewed, [remote.id])


def find_freed(task: Task, facts: Facts, remote_id: str) -> pl.DataFrame | None:
    """The people of a cancelled batch who are free, and whom the task moves; None where it moves nobody."""
    to_replace = task.to_call.filter(verb=Verb.REPLACE)
    if to_replace.is_empty():
        return None
    # Protocol 8: decided again from the read after the cancel; people called meanwhile drop out.
    freed = resubmit.recipients_to_resubmit(facts, facts.remotes[remote_id])
    return resubmit.only_approved(freed, to_replace.get_column("number"))


def cancel_and_read(
    run: RunContext, executor: Executor, address: str, remote: Remote, result: ResourceResult
) -> Remote | None:
    """Cancels a batch, and returns it as read_cancelled() does. None also where the cancel is not confirmed."""
    receipt = cancel_batch(run, executor, address, remote.id, result)
    if receipt is None:
        return None
    # Protocol 7: batches created before must be checked before their guards end, however long a cancel takes to settle.
    if find_channel(run, address, remote.id).capabilities.cancel_settles:
        executor.on_wait()
    return read_cancelled(run, address, remote.id, receipt.read_before, result)


def cancel_batch(
    run: RunContext, executor: Executor, address: str, remote_id: str, result: ResourceResult
) -> Receipt | None:
    """Cancels a batch. Returns the receipt where the provider took it; otherwise None, and the problem goes into
    `result`. Raises no ProviderError, so that one batch never keeps another from being cancelled."""
    receipt = executor.cancel(address, find_channel(run, address, remote_id), remote_id)
    if receipt.status is RequestStatus.DONE:
        return receipt
    result.problems.append(receipt)
    return None


def read_cancelled(
    run: RunContext, address: str, remote_id: str, read_before: Remote | None, result: ResourceResult
) -> Remote | None:
    """Returns a batch as read after its cancel was answered and settled. None where its people cannot be read: then no
    one of it may be submitted again. `read_before` is the batch as it was before, where that matters. Counts and
    problems go into `result`. Raises no ProviderError."""
    channel = find_channel(run, address, remote_id)
    _wait_until_settled(run, channel, remote_id)
    try:
        if read_before is not None and channel.capabilities.cancel_proof is CancelProof.ABSENCE:
            cancelled_remote = _read_until_forgotten(run, _provider(run, address), channel, read_before)
        else:
            cancelled_remote = _read_until_free(run, channel, remote_id)
    except ProviderError as error:
        result.problems.append(Receipt(RequestStatus.FAILED, remote_id, f"{UNREAD_AFTER_CANCEL} ({error.message})"))
        return None
    if cancelled_remote is None or cancelled_remote.members is None:
        result.problems.append(Receipt(RequestStatus.FAILED, remote_id, UNREAD_AFTER_CANCEL))
        return None
    remote_record = records.refreshed(run.ledger.resource_record(address).remotes[remote_id], cancelled_remote)
    if channel.capabilities.cancel_proof is CancelProof.ABSENCE:
        remote_record = replace(remote_record, closed=True, settled=True)
    cancelled_count = len(cancelled_remote.members.filter(phase=Phase.CANCELLED))
    counts = PeopleCounts(people_taken_off=cancelled_count)
    run.ledger.update(address, remotes={remote_id: remote_record}, counts=counts)
    result.cancelled += cancelled_count
    result.in_flight += len(cancelled_remote.members.filter(phase=Phase.IN_FLIGHT))
    result.problems += _list_not_taken_off(cancelled_remote)
    return cancelled_remote


def _provider(run: RunContext, address: str) -> Provider:
    return run.providers[run.ledger.resource_record(address).provider]


def find_batch_channel(run: RunContext, address: str) -> Channel:
    """The channel of the batches at an address."""
    return _provider(run, address).channels[Route.BATCH]


def find_channel(run: RunContext, address: str, remote_id: str) -> Channel:
    """The channel of one batch or call at an address."""
    route = run.ledger.resource_record(address).remotes[remote_id].route
    return _provider(run, address).channels[route]


def _wait_until_settled(run: RunContext, channel: Channel, remote_id: str) -> None:
    # Protocol 8: a call may go out for a while after the answer. Only a read that began later proves anything.
    if settles := channel.capabilities.cancel_settles:
        run.progress(f"{remote_id} is cancelled; its provider may call for {settles:g} s more, then it is read")
        run.pause(settles)


def _read_until_free(run: RunContext, channel: Channel, remote_id: str) -> Remote | None:
    """The batch as last read. Raises ProviderError."""
    # Protocol 8: a person is free only when their own status reads `cancelled` in a read begun after the answer. The
    # batch's status is not enough: people of a cancelled batch may still be on the phone, or be called a moment later.
    remote: Remote | None = None
    for pause in READS_AFTER_CANCEL:
        run.sleep(pause)
        remote = channel.read(remote_id)
        if remote is not None and remote.members is not None and not remote.has_phase(Phase.QUEUED):
            break
    return remote


def _read_until_forgotten(run: RunContext, provider: Provider, channel: Channel, read_before: Remote) -> Remote | None:
    """The batch with everybody free, once the provider says in time that it does not know it. None where it does not
    say so. Raises ProviderError."""
    for pause in READS_AFTER_CANCEL:
        run.sleep(pause)
        if before_start.is_forgotten(provider, channel, read_before):
            return before_start.as_cancelled(read_before)
    return None


def _list_not_taken_off(remote: Remote) -> list[Receipt]:
    """The problem to report where people of a cancelled batch may still be called; empty where none of them may."""
    assert remote.members is not None
    queued_count = len(remote.members.filter(phase=Phase.QUEUED))
    # A person with an ending was called: their word is unknown, and no further call follows.
    unknown = remote.members.filter(pl.col("outcome").is_null(), phase=Phase.UNKNOWN)
    unknown_count = 0 if remote.cancelled else len(unknown)
    details = [f"{humanize.plural(queued_count, 'person still waits', 'people still wait')}"] if queued_count else []
    if unknown_count:
        phrase = humanize.plural(unknown_count, "person reads", "people read")
        details.append(f"{phrase} a word that dialctl does not know")
    message = f"the provider took the cancel of {remote.id}, and {' and '.join(details)} there; {STOP_ELSEWHERE}"
    return [Receipt(RequestStatus.NOT_TAKEN_OFF, remote.id, message)] if details else []
