"""From observations to actions, for people to read, and the task behind those of each address. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import polars as pl

from declarative.model.capabilities import Capabilities
from declarative.planning import standing
from declarative.planning.changes import list_changes, show_changes_once
from declarative.planning.columns import FactColumns
from declarative.planning.decide import KEEPS_EVERYTHING, Reason, Verb
from declarative.planning.facts import Block, Facts, Observation
from declarative.planning.plan import Action, Task, main_reason
from declarative.planning.stuck import describe_stuck, hint_stuck, select_stuck
from declarative.planning.tasks import TaskMaker, add_batch_count, make_removal_task
from declarative.planning.totals import AddressDecisions, VerbTotals, add_up, split_decisions
from declarative.planning.unsure import describe_unsure, hint_unsure, keep_unwanted
from declarative.planning.waiting import describe_wait, find_next_call

_NOTHING_LEFT = "nothing of it is known any more, here or at the provider"

Composed = tuple[list[Action], Task | None]
"""The actions of one address, at most one for each verb, and its task (None where nothing may be done)."""


def compose_actions(
    observations: Sequence[Observation], capabilities_of: Callable[[Observation], Capabilities | None]
) -> list[Composed]:
    """Return what is done at each address, in order. The people of all addresses of a provider are decided at once.

    `capabilities_of` returns those of the resource's channel; None where the manifest is gone and only cancels can
    follow.
    """
    composed: dict[int, Composed] = {}
    by_provider: dict[str, list[int]] = {}
    for index, observation in enumerate(observations):
        if observation.block is not None and observation.block.reason in KEEPS_EVERYTHING:
            composed[index] = [_block_action(observation, observation.block)], None
        elif observation.block is None and observation.unchanged:
            composed[index] = _compose_unchanged(observation)
        else:
            by_provider.setdefault(observation.provider, []).append(index)
    for indices in by_provider.values():
        decided = _decide_provider([observations[index] for index in indices], capabilities_of)
        composed |= zip(indices, decided, strict=True)
    return [composed[index] for index in range(len(observations))]


def _decide_provider(
    observations: Sequence[Observation], capabilities_of: Callable[[Observation], Capabilities | None]
) -> Iterator[Composed]:
    """Yield what is done at each of several addresses of one provider."""
    columns = FactColumns([_judged_facts(observation) for observation in observations])
    blocks = [observation.block.reason if observation.block else None for observation in observations]
    capabilities = [capabilities_of(observation) for observation in observations]
    decisions = standing.decide_addresses(columns, blocks)
    addresses = split_decisions(decisions)
    maker = TaskMaker.prepare(decisions, addresses, capabilities)
    for place, (observation, decided, able) in enumerate(zip(observations, addresses, capabilities, strict=True)):
        if observation.block is not None:
            yield _compose_blocked(observation, observation.block, decided)
        else:
            yield _compose_open(observation, decided, maker.make_task(place, observation, decided), able)


def _judged_facts(observation: Observation) -> Facts:
    """The facts by which people are decided. A campaign that halted by itself takes people off, whatever the runs of
    this machine must not do."""
    has_halted = observation.block is not None and observation.block.halt is not None
    return replace(observation.facts, emergency=None) if has_halted else observation.facts


def _compose_open(
    observation: Observation, decided: AddressDecisions, task: Task, capabilities: Capabilities | None
) -> Composed:
    actions = [*_adopt_actions(observation), *_people_actions(observation, decided, task, capabilities)]
    actions += [_forget_action(observation)] if task.forget else []
    actions += keep_unwanted(observation, actions)
    if not actions and not observation.facts.is_tombstone:
        resource = observation.facts.resource
        actions = [_keep_action(observation, resource.recipients.count if resource else decided.person_count)]
    return actions, task


def _compose_blocked(observation: Observation, block: Block, decided: AddressDecisions) -> Composed:
    """Return the block, and the cancel of people who must be taken off all the same, as far as they were seen."""
    block_action = _block_action(observation, block)
    if Verb.CANCEL not in decided.totals.verbs and block.halt is None:
        return [block_action], None
    task = make_removal_task(decided, block)
    if not task.cancels and task.removals.is_empty():
        return [block_action], task if task.halt else None
    is_leaving = pl.col("queued_in").list.eval(pl.element().is_in(list(task.cancels))).list.any()
    is_leaving |= pl.col("number").is_in(task.removals.get_column("number").to_list())
    leaving = decided.people.filter(is_leaving, verb=Verb.CANCEL).with_columns(address=pl.lit(0, dtype=pl.UInt32))
    group = add_up(FactColumns([decided.facts]), leaving)[0].verbs[Verb.CANCEL]
    return [_verb_action(observation, Verb.CANCEL, group, decided, task), block_action], task


def _people_actions(
    observation: Observation, decided: AddressDecisions, task: Task, capabilities: Capabilities | None
) -> list[Action]:
    actions = show_changes_once(
        [_verb_action(observation, verb, group, decided, task) for verb, group in decided.totals.verbs.items()]
    )
    return [add_batch_count(action, task, capabilities) for action in actions] if capabilities else actions


def _verb_action(
    observation: Observation, verb: Verb, group: VerbTotals, decided: AddressDecisions, task: Task
) -> Action:
    facts, resource = observation.facts, observation.facts.resource
    reasons = group.reasons
    if verb is Verb.BLOCK and observation.lease_holder and set(reasons) == {Reason.UNSURE}:
        reasons = {Reason.BEING_APPLIED: group.people}
    return Action(
        address=facts.address,
        verb=verb,
        reason=main_reason({word: n for word, n in reasons.items() if word != Reason.BATCH_MATES} or reasons)
        if verb is Verb.CANCEL
        else main_reason(reasons),
        provider=observation.provider,
        people=group.people,
        remote_ids=task.requests if verb is Verb.RETRY else group.remote_ids,
        changes=list_changes(decided, verb),
        reasons=reasons,
        counts=_count_people(decided, group) | _count_alone(verb, task),
        outcomes=group.outcomes,
        detail=_detail(observation, verb, group, decided),
        hint="; ".join(_block_hints(observation, decided)) if verb is Verb.BLOCK else "",
        starts_at=resource.scheduled_at if resource and (verb.dials or verb is Verb.WAIT) else None,
        next_at=find_next_call(decided, group) if verb is Verb.WAIT else None,
    )


def _count_people(decided: AddressDecisions, group: VerbTotals) -> dict[str, int]:
    resource, totals = decided.facts.resource, decided.totals
    counts = {
        "total": resource.recipients.count if resource else decided.person_count,
        "known": decided.person_count,
        "called": decided.finished.people + totals.called,
        "queued": totals.queued,
        "in_flight": totals.in_flight,
    }
    if resource and resource.retry:
        counts["attempt"] = group.most_attempts + 1
        counts["attempts"] = 1 + resource.retry.max_retries
    return counts


def _count_alone(verb: Verb, task: Task) -> dict[str, int]:
    """Count those of the people under a verb who are taken off a batch whose others stay; nothing where nobody is."""
    if verb not in (Verb.CANCEL, Verb.REPLACE):
        return {}
    alone = task.removals.filter(leaves=verb is Verb.CANCEL).get_column("number").n_unique()
    return {"alone": alone} if alone else {}


def _block_action(observation: Observation, block: Block) -> Action:
    resource = observation.facts.resource
    return Action(
        address=observation.facts.address,
        verb=Verb.BLOCK,
        reason=block.reason,
        provider=observation.provider,
        people=resource.recipients.count if resource else observation.facts.resource_record.count,
        detail=block.detail,
        hint=block.hint,
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


def _compose_unchanged(observation: Observation) -> Composed:
    facts, actions = observation.facts, []
    if not facts.is_tombstone:
        count = facts.resource.recipients.count if facts.resource else 0
        actions = [_keep_action(observation, count) if facts.resource else _forget_action(observation)]
    forget = any(action.verb is Verb.FORGET for action in actions)
    return actions, Task(address=facts.address, facts=facts, unchanged=True, forget=forget)


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


def _detail(observation: Observation, verb: Verb, group: VerbTotals, decided: AddressDecisions) -> str:
    if verb is Verb.WAIT:
        return describe_wait(decided, group)
    return "; ".join(_block_details(observation, decided)) if verb is Verb.BLOCK else ""


def _block_details(observation: Observation, decided: AddressDecisions) -> Iterator[str]:
    """Yield what was found about the blocked people of an address."""
    reasons = decided.totals.verbs[Verb.BLOCK].reasons
    if Reason.NOT_TAKEN_OFF in reasons:
        yield describe_stuck(observation.facts, select_stuck(decided.people))
    if set(reasons) != {Reason.NOT_TAKEN_OFF}:
        yield describe_unsure(observation)


def _block_hints(observation: Observation, decided: AddressDecisions) -> Iterator[str]:
    """Yield the ways out for the blocked people of an address."""
    reasons = decided.totals.verbs[Verb.BLOCK].reasons
    if Reason.NOT_TAKEN_OFF in reasons:
        yield hint_stuck(observation.facts, select_stuck(decided.people))
    if set(reasons) != {Reason.NOT_TAKEN_OFF} and (hint := hint_unsure(observation)):
        yield hint
