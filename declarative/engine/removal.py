"""Takes people off a batch one by one, where its type can, then reads it: its others stay. The requests are made by
execute.py."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from declarative import humanize
from declarative.engine.answers import BAD_KEY, outcome_message
from declarative.engine.cancel import (
    READS_AFTER_CANCEL,
    STOP_ELSEWHERE,
    UNREAD_AFTER_CANCEL,
    find_batch_channel,
    renew_facts,
)
from declarative.engine.execute import remove_member
from declarative.engine.results import Receipt, RequestStatus, ResourceResult
from declarative.engine.run_context import RunContext
from declarative.errors import ProviderError
from declarative.model import records
from declarative.model.history import PeopleCounts
from declarative.model.lock import CancelProgress
from declarative.model.remote import Phase
from declarative.planning.facts import Facts
from declarative.planning.plan import Task
from declarative.providers.base import Failure, Rejected, Removal, RemovalChannel

_NOT_SHOWN = "the provider does not show them there"


@dataclass
class RemovalAnswers:
    """What became of the requests for the people of one batch, by number."""

    answered: list[str] = field(default_factory=list)
    """Whom the provider took off."""
    in_flight: list[str] = field(default_factory=list)
    """Those whose call goes on, as it says."""
    refused: list[str] = field(default_factory=list)
    """Whom it cannot take off alone."""
    messages: list[str] = field(default_factory=list)
    """Why the others were not taken off, or it is not known whether they were; one for each."""


def remove_and_read(
    run: RunContext, task: Task, facts: Facts, removals: pl.DataFrame, result: ResourceResult
) -> Facts | None:
    """Takes people off one batch (columns REMOVALS_SCHEMA). Returns the facts with the batch as read afterwards; None
    where it could not be read, or somebody could not be taken off. Counts and problems go into `result`. Raises no
    ProviderError."""
    remote_id, numbers = str(removals.item(0, "remote")), removals.get_column("number").to_list()
    channel = find_batch_channel(run, task.address)
    if not isinstance(channel, RemovalChannel):
        message = "its provider type declares that it takes off one person, and has no request for it"
        result.problems.append(Receipt(RequestStatus.FAILED, remote_id, message))
        return None
    try:
        member_ids = channel.find_members(remote_id, frozenset(numbers))
        # Protocol 1: recorded before it is sent, so that it can be told from what a person does in the dashboard.
        _record_progress(run, task.address, remote_id, asked=numbers)
        answers = _send_all(run, channel, remote_id, [(number, member_ids.get(number, ())) for number in numbers])
        # Whom the provider cannot take off alone leaves by a cancel of the batch, which the next plan shows.
        _record_progress(run, task.address, remote_id, asked=numbers, answers=answers)
        renewed = _read_until_off(run, task, facts, remote_id, answers.answered)
    except ProviderError as error:
        result.problems.append(Receipt(RequestStatus.FAILED, remote_id, f"{UNREAD_AFTER_CANCEL} ({error.message})"))
        return None
    if renewed is None:
        result.problems.append(Receipt(RequestStatus.FAILED, remote_id, UNREAD_AFTER_CANCEL))
        return None
    is_clean = _record_read(run, renewed, remote_id, numbers, answers, result)
    return renewed if is_clean else None


def _send_all(
    run: RunContext, channel: RemovalChannel, remote_id: str, people: Iterable[tuple[str, Sequence[str]]]
) -> RemovalAnswers:
    """Sends a request for each person. One that fails keeps nobody else in the batch, unless the key is wrong."""
    answers = RemovalAnswers()
    for number, member_ids in people:
        run.stop.check()
        run.lease.check()
        outcomes = [remove_member(run, channel, remote_id, member_id) for member_id in member_ids]
        failures = [outcome for outcome in outcomes if not isinstance(outcome, Removal)]
        if failures or not outcomes:
            answers.messages.append(outcome_message(failures[0]) if failures else _NOT_SHOWN)
            answers.refused += [number] if all(_is_refusal(failure) for failure in failures) else []
        else:
            answers.answered.append(number)
            is_in_flight = any(isinstance(outcome, Removal) and outcome.in_flight for outcome in outcomes)
            answers.in_flight += [number] if is_in_flight else []
        if any(isinstance(failure, Rejected) and failure.status == BAD_KEY for failure in failures):
            break
    return answers


def _is_refusal(failure: Failure) -> bool:
    return isinstance(failure, Rejected) and failure.status != BAD_KEY


def _record_progress(
    run: RunContext, address: str, remote_id: str, *, asked: Iterable[str], answers: RemovalAnswers | None = None
) -> None:
    remote_record, lineage = run.ledger.resource_record(address).remotes[remote_id], run.ledger.lock.lineage
    persons = {number: run.key.digest_person(lineage, number) for number in asked}
    taken_off = {**dict.fromkeys(persons.values(), CancelProgress.ASKED), **remote_record.taken_off}
    if answers is not None:
        taken_off |= {persons[number]: CancelProgress.DONE for number in (*answers.answered, *answers.refused)}
        # Protocol 8: of a person whose call goes on, no later word proves that they were never called.
        taken_off = {
            person: progress
            for person, progress in taken_off.items()
            if person not in {persons[number] for number in answers.in_flight}
        }
    remotes = {remote_id: replace(remote_record, taken_off=taken_off)}
    run.ledger.update(address, remotes=remotes, quiet=None, counts=PeopleCounts())


def _read_until_off(run: RunContext, task: Task, facts: Facts, remote_id: str, answered: Sequence[str]) -> Facts | None:
    """The facts with the batch as last read; None where its people cannot be read. Raises ProviderError."""
    # Protocol 8: a person is free only by their own word in a read begun after the answer.
    channel, renewed = find_batch_channel(run, task.address), None
    for pause in READS_AFTER_CANCEL:
        run.sleep(pause)
        remote = channel.read(remote_id)
        if remote is None or remote.members is None:
            continue
        renewed = renew_facts(run, task, facts, remote)
        if not _count(renewed, remote_id, answered, Phase.QUEUED):
            break
    return renewed


def _count(facts: Facts, remote_id: str, numbers: Sequence[str], phase: Phase) -> int:
    members = facts.remotes[remote_id].members
    return 0 if members is None else len(members.filter(pl.col("number").is_in(numbers), phase=phase))


def _record_read(
    run: RunContext,
    facts: Facts,
    remote_id: str,
    numbers: Sequence[str],
    answers: RemovalAnswers,
    result: ResourceResult,
) -> bool:
    """Writes down what the batch shows of them. Returns whether all of them are off it."""
    remote_record = facts.resource_record.remotes[remote_id]
    taken_off = _count(facts, remote_id, numbers, Phase.CANCELLED)
    run.ledger.update(
        facts.address,
        remotes={remote_id: records.refreshed(remote_record, facts.remotes[remote_id])},
        counts=PeopleCounts(people_taken_off=taken_off),
    )
    result.cancelled += taken_off
    result.in_flight += _count(facts, remote_id, numbers, Phase.IN_FLIGHT)
    if answers.messages:
        who = humanize.people(len(answers.messages))
        message = f"{who} could not be taken off {remote_id}: {answers.messages[0]}"
        result.problems.append(Receipt(RequestStatus.FAILED, remote_id, message))
    if waiting := _count(facts, remote_id, answers.answered, Phase.QUEUED):
        who = humanize.plural(waiting, "person still waits", "people still wait")
        message = f"the provider answered that it took them off {remote_id}, and {who} there; {STOP_ELSEWHERE}"
        result.problems.append(Receipt(RequestStatus.NOT_TAKEN_OFF, remote_id, message))
    return not answers.messages and not waiting
