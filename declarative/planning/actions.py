"""One address: from its observation to its actions, for people to read, and the task behind them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from declarative.model.capabilities import Capabilities
from declarative.model.remote import Phase
from declarative.planning import standing
from declarative.planning.changes import list_changes, show_changes_once
from declarative.planning.decide import KEEPS_EVERYTHING, Reason, Standing, Verb
from declarative.planning.facts import Block, Facts, Observation
from declarative.planning.plan import Action, Task, add_batch_count, count_values, main_reason
from declarative.planning.stuck import describe_stuck, hint_stuck, select_stuck
from declarative.planning.tasks import make_removal_task, make_task
from declarative.planning.unsure import describe_unsure, hint_unsure, keep_unwanted
from declarative.planning.waiting import describe_wait, find_next_call

_NOTHING_LEFT = "nothing of it is known any more, here or at the provider"


def compose_actions(observation: Observation, capabilities: Capabilities | None) -> tuple[list[Action], Task | None]:
    """Return the actions of one address, at most one for each verb, and its task (None where nothing may be done).

    `capabilities` are those of the resource's channel; None where the manifest is gone and only cancels can follow.
    """
    if observation.block is not None:
        return _actions_when_blocked(observation, observation.block)
    if observation.unchanged:
        actions = _actions_when_unchanged(observation)
        forget = any(action.verb is Verb.FORGET for action in actions)
        return actions, Task(address=observation.facts.address, facts=observation.facts, unchanged=True, forget=forget)
    people, finished = standing.decide_open(observation.facts)
    finished_count = finished.people
    task = make_task(observation, people, capabilities)
    actions = [*_adopt_actions(observation), *_people_actions(observation, people, finished_count, task, capabilities)]
    actions += [_forget_action(observation)] if task.forget else []
    actions += keep_unwanted(observation, actions)
    if not actions and not observation.facts.is_tombstone:
        resource = observation.facts.resource
        actions = [_keep_action(observation, resource.recipients.count if resource else len(people) + finished_count)]
    return actions, task


def _actions_when_blocked(observation: Observation, block: Block) -> tuple[list[Action], Task | None]:
    """Return the block, and the cancel of people who must be taken off all the same, as far as they were seen."""
    if block.reason in KEEPS_EVERYTHING:
        return [_block_action(observation)], None
    # A campaign that halted by itself takes people off, whatever the runs of this machine must not do.
    facts = replace(observation.facts, emergency=None) if block.halt else observation.facts
    people, finished = standing.decide_open(facts, block.reason)
    task = make_removal_task(facts, people, block)
    if not task.cancels:
        return [_block_action(observation)], task if task.halt else None
    is_leaving = pl.col("queued_in").list.eval(pl.element().is_in(list(task.cancels))).list.any()
    leaving = people.filter(is_leaving, verb=Verb.CANCEL)
    cancel_action = _verb_action(observation, Verb.CANCEL, leaving, people, finished.people, task)
    return [cancel_action, _block_action(observation)], task


def _people_actions(
    observation: Observation, people: pl.DataFrame, finished_count: int, task: Task, capabilities: Capabilities | None
) -> list[Action]:
    stuck = select_stuck(people)
    to_change = pl.concat([people.filter(~pl.col("verb").is_in([Verb.KEEP, Verb.BLOCK])), stuck, _unsure(people)])
    groups = to_change.partition_by("verb", as_dict=True) if len(to_change) else {}
    actions = show_changes_once(
        [
            _verb_action(observation, Verb(str(verb)), group, people, finished_count, task)
            for (verb,), group in groups.items()
        ]
    )
    return [add_batch_count(action, task, capabilities) for action in actions] if capabilities else actions


def _unsure(people: pl.DataFrame) -> pl.DataFrame:
    return people.filter(pl.col("reason") != Reason.NOT_TAKEN_OFF, verb=Verb.BLOCK)


def _verb_action(
    observation: Observation, verb: Verb, group: pl.DataFrame, people: pl.DataFrame, finished_count: int, task: Task
) -> Action:
    facts, resource = observation.facts, observation.facts.resource
    reasons = _count_reasons(facts, verb, group)
    if verb is Verb.BLOCK and observation.lease_holder and set(reasons) == {Reason.UNSURE}:
        reasons = {Reason.BEING_APPLIED: len(group)}
    return Action(
        address=facts.address,
        verb=verb,
        reason=main_reason({word: n for word, n in reasons.items() if word != Reason.BATCH_MATES} or reasons)
        if verb is Verb.CANCEL
        else main_reason(reasons),
        provider=observation.provider,
        people=len(group),
        remote_ids=_remote_ids(verb, group, task),
        changes=list_changes(facts, verb, group),
        reasons=reasons,
        counts=_count_people(facts, people, finished_count, group),
        outcomes=count_values(group.get_column("dialed_outcome")) if verb is Verb.RETRY else {},
        detail=_detail(observation, verb, group, people, finished_count),
        hint="; ".join(_block_hints(observation, group)) if verb is Verb.BLOCK else "",
        starts_at=resource.scheduled_at if resource and (verb.dials or verb is Verb.WAIT) else None,
        next_at=find_next_call(facts, group, people, finished_count) if verb is Verb.WAIT else None,
    )


def _count_reasons(facts: Facts, verb: Verb, group: pl.DataFrame) -> dict[str, int]:
    """Count people by reason. A create also tells whether they are the first, added later, or submitted again."""
    if verb is not Verb.CREATE:
        return count_values(group.get_column("reason"))
    # After a run that did not come to its end the lock holds no numbers, and all people count as new.
    first = Reason.ADDED if facts.resource_record.numbers else Reason.NEW
    comes_again = pl.col("phase").is_in([Phase.CANCELLED, Phase.UNFUNDED]).fill_null(False)
    with_reason = group.with_columns(
        pl.when(pl.col("reason") != Reason.ADDED)
        .then("reason")
        .when(comes_again)
        .then(pl.lit(str(Reason.SUBMITTED_AGAIN)))
        .otherwise(pl.lit(str(first)))
        .alias("reason")
    )
    return count_values(with_reason.get_column("reason"))


def _remote_ids(verb: Verb, group: pl.DataFrame, task: Task) -> tuple[str, ...]:
    if verb in (Verb.CANCEL, Verb.REPLACE):
        return tuple(group.get_column("queued_in").explode().drop_nulls().unique().sort())
    return task.requests if verb is Verb.RETRY else ()


def _count_people(facts: Facts, people: pl.DataFrame, finished_count: int, group: pl.DataFrame) -> dict[str, int]:
    resource, person_count = facts.resource, len(people) + finished_count
    counts = {
        "total": resource.recipients.count if resource else person_count,
        "known": person_count,
        "called": finished_count + len(people.filter(pl.col("standing") == int(Standing.DIALED), ~pl.col("queued"))),
        "queued": int(people.get_column("queued").sum()),
        "in_flight": len(people.filter(pl.col("phase") == Phase.IN_FLIGHT)),
    }
    if resource and resource.retry:
        highest = group.get_column("attempts").max()
        counts["attempt"] = int(highest) + 1 if isinstance(highest, int) else 1
        counts["attempts"] = 1 + resource.retry.max_retries
    return counts


def _block_action(observation: Observation) -> Action:
    assert observation.block is not None
    resource = observation.facts.resource
    return Action(
        address=observation.facts.address,
        verb=Verb.BLOCK,
        reason=observation.block.reason,
        provider=observation.provider,
        people=resource.recipients.count if resource else observation.facts.resource_record.count,
        detail=observation.block.detail,
        hint=observation.block.hint,
    )


def _adopt_actions(observation: Observation) -> list[Action]:
    if not observation.to_adopt and not observation.renamed_from:
        return []
    return [
        Action(
            address=observation.facts.address,
            verb=Verb.ADOPT,
            reason=Reason.FOUND if observation.to_adopt else Reason.RENAMED,
            provider=observation.provider,
            people=sum(remote.total for remote in observation.to_adopt) or observation.facts.resource_record.count,
            remote_ids=tuple(remote.id for remote in observation.to_adopt),
            detail=f"was {', '.join(observation.renamed_from)}" if observation.renamed_from else "",
        )
    ]


def _forget_action(observation: Observation) -> Action:
    return Action(
        address=observation.facts.address,
        verb=Verb.FORGET,
        reason=Reason.OVER,
        provider=observation.provider,
        people=observation.facts.resource_record.count,
        detail=_NOTHING_LEFT
        if observation.facts.resource_record.is_forgotten and not observation.facts.remotes
        else "",
    )


def _actions_when_unchanged(observation: Observation) -> list[Action]:
    if observation.facts.is_tombstone:
        return []
    resource = observation.facts.resource
    return [_keep_action(observation, resource.recipients.count) if resource else _forget_action(observation)]


def _keep_action(observation: Observation, count: int) -> Action:
    facts = observation.facts
    reason = Reason.CALLED_ONCE if facts.is_single_call and _is_edited(facts) else Reason.UNCHANGED
    if facts.resource is None:
        reason = Reason.REMOVED
    return Action(address=facts.address, verb=Verb.KEEP, reason=reason, provider=observation.provider, people=count)


def _is_edited(facts: Facts) -> bool:
    """Whether the manifest of a Call differs from what was placed, as far as the lock knows."""
    resource, resource_record = facts.resource, facts.resource_record
    if resource is None or not resource_record.numbers:
        return False
    return (resource_record.settings_digest, resource_record.numbers, resource_record.payloads) != (
        resource.settings_digest,
        resource.recipients.numbers,
        resource.recipients.payloads,
    )


def _detail(
    observation: Observation, verb: Verb, group: pl.DataFrame, people: pl.DataFrame, finished_count: int
) -> str:
    if verb is Verb.WAIT:
        return describe_wait(observation.facts, group, people, finished_count)
    return "; ".join(_block_details(observation, group)) if verb is Verb.BLOCK else ""


def _block_details(observation: Observation, group: pl.DataFrame) -> Iterator[str]:
    """Yield what was found about the blocked people of an address."""
    stuck = group.filter(reason=Reason.NOT_TAKEN_OFF)
    if len(stuck):
        yield describe_stuck(observation.facts, stuck)
    if len(stuck) < len(group):
        yield describe_unsure(observation)


def _block_hints(observation: Observation, group: pl.DataFrame) -> Iterator[str]:
    """Yield the ways out for the blocked people of an address."""
    stuck = group.filter(reason=Reason.NOT_TAKEN_OFF)
    if len(stuck):
        yield hint_stuck(observation.facts, stuck)
    if len(stuck) < len(group) and (hint := hint_unsure(observation)):
        yield hint
