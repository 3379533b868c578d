"""One address: from its outlook to its actions and the work behind them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import polars as pl

from declarative import humanize
from declarative.model.capabilities import Capabilities
from declarative.model.remote import Phase
from declarative.model.resource import Resource
from declarative.planning import diff as explain
from declarative.planning import standing
from declarative.planning.decide import Reason, Standing, Verb
from declarative.planning.facts import Facts, Observation
from declarative.planning.plan import Action, Change, Task, counted, in_shards, main_reason
from declarative.planning.tasks import _work
from declarative.privacy import mask

_NOTHING_LEFT = "nothing of it is known any more, or at the provider"


def compose(outlook: Observation, abilities: Capabilities | None) -> tuple[list[Action], Task | None]:
    """The actions of one address, at most one a verb, and the work behind them (None where nothing may be done).

    `abilities` are those of the resource's channel; None where the manifest is gone and only cancels can follow.
    """
    if outlook.block is not None:
        return [_blocked(outlook)], None
    if outlook.quiet:
        actions = _resting(outlook)
        forget = any(action.verb is Verb.FORGET for action in actions)
        return actions, Task(address=outlook.case.address, case=outlook.case, quiet=True, forget=forget)
    people, resting = standing.decide_open(outlook.case)
    work = _work(outlook, people, abilities)
    actions = [*_adopted(outlook), *_of_people(outlook, people, resting, work, abilities)]
    actions += [_forgotten(outlook)] if work.forget else []
    actions += _nobodys(outlook, actions)
    if not actions and not outlook.case.buried:
        resource = outlook.case.resource
        actions = [_keep(outlook, resource.people.count if resource else len(people) + resting)]
    return actions, work


def _of_people(
    outlook: Observation, people: pl.DataFrame, resting: int, work: Task, abilities: Capabilities | None
) -> list[Action]:
    chosen = people.filter(pl.col("verb") != Verb.KEEP)
    groups = chosen.partition_by("verb", as_dict=True) if len(chosen) else {}
    actions = [_action(outlook, Verb(str(verb)), group, people, resting, work) for (verb,), group in groups.items()]
    return [in_shards(action, work, abilities.max_people) for action in actions] if abilities else actions


def _action(
    outlook: Observation, verb: Verb, group: pl.DataFrame, people: pl.DataFrame, resting: int, work: Task
) -> Action:
    case, resource = outlook.case, outlook.case.resource
    reasons = _reasons(case, verb, group)
    if verb is Verb.BLOCK and outlook.applying:
        reasons = {Reason.BEING_APPLIED: len(group)}
    return Action(
        address=case.address,
        verb=verb,
        reason=main_reason(reasons),
        provider=outlook.provider,
        people=len(group),
        remote_ids=_remote_ids(verb, group, work),
        changes=_changes(case, resource, verb, group),
        reasons=reasons,
        counts=_counts(case, people, resting, group),
        outcomes=counted(group.get_column("dialed_outcome")) if verb is Verb.RETRY else {},
        detail=_unsure_detail(outlook) if verb is Verb.BLOCK else "",
        way_out=_unsure_way_out(outlook) if verb is Verb.BLOCK else "",
        starts_at=resource.scheduled_at if resource and (verb.dials or verb is Verb.WAIT) else None,
        next_at=_next_at(case, group) if verb is Verb.WAIT else None,
    )


def _reasons(case: Facts, verb: Verb, group: pl.DataFrame) -> dict[str, int]:
    """Counts by reason; a create says besides whether these people are the first, further ones, or come again."""
    if verb is not Verb.CREATE:
        return counted(group.get_column("reason"))
    first = Reason.ADDED if case.record.numbers else Reason.NEW  # unknown after a run that did not come to its end
    again = pl.col("phase").is_in([Phase.CANCELLED, Phase.UNFUNDED]).fill_null(False)
    named = group.with_columns(
        pl.when(pl.col("reason") != Reason.ADDED)
        .then("reason")
        .when(again)
        .then(pl.lit(str(Reason.SUBMITTED_AGAIN)))
        .otherwise(pl.lit(str(first)))
        .alias("reason")
    )
    return counted(named.get_column("reason"))


def _remote_ids(verb: Verb, group: pl.DataFrame, work: Task) -> tuple[str, ...]:
    if verb in (Verb.CANCEL, Verb.REPLACE):
        return tuple(group.get_column("queued_in").explode().drop_nulls().unique().sort())
    return work.requests if verb is Verb.RETRY else ()


def _changes(case: Facts, resource: Resource | None, verb: Verb, group: pl.DataFrame) -> tuple[Change, ...]:
    if resource is None or verb not in (Verb.CREATE, Verb.REPLACE):
        return ()
    before = case.record.settings
    settings = explain.changes(before, resource.settings) if verb is Verb.REPLACE or not before else ()
    return (*settings, *_renumbered(case, group)) if case.one_call and verb is Verb.REPLACE else settings


def _renumbered(case: Facts, group: pl.DataFrame) -> Iterator[Change]:
    """The numbers under which a call still waits, where the manifest has another."""
    number = group.item(0, "number")
    for remote_id in group.get_column("queued_in").explode().drop_nulls().sort():
        members = case.remotes[remote_id].members
        assert members is not None  # nobody is known to be queued in what was not read
        for waiting in members.get_column("number"):
            if waiting != number:
                yield Change("spec.to_number", mask(waiting), mask(number))


def _counts(case: Facts, people: pl.DataFrame, resting: int, group: pl.DataFrame) -> dict[str, int]:
    resource, everybody = case.resource, len(people) + resting
    counts = {
        "total": resource.people.count if resource else everybody,
        "known": everybody,
        "rung": resting + len(people.filter(pl.col("standing") == int(Standing.DIALED), ~pl.col("queued"))),
        "queued": int(people.get_column("queued").sum()),
        "in_flight": len(people.filter(pl.col("phase") == Phase.IN_FLIGHT)),
    }
    if resource and resource.retry:
        highest = group.get_column("attempts").max()
        counts["attempt"] = int(highest) + 1 if isinstance(highest, int) else 1
        counts["attempts"] = 1 + resource.retry.max_retries
    return counts


def _next_at(case: Facts, group: pl.DataFrame) -> datetime | None:
    if (group.get_column("reason") == Reason.RETRY_AFTER).all():
        moment = group.get_column("free_at").min()
        return moment if isinstance(moment, datetime) else None
    return case.opens_at


def _blocked(outlook: Observation) -> Action:
    assert outlook.block is not None
    resource = outlook.case.resource
    return Action(
        address=outlook.case.address,
        verb=Verb.BLOCK,
        reason=outlook.block.reason,
        provider=outlook.provider,
        people=resource.people.count if resource else outlook.case.record.count,
        detail=outlook.block.detail,
        way_out=outlook.block.way_out,
    )


def _adopted(outlook: Observation) -> list[Action]:
    if not outlook.adopt and not outlook.renamed:
        return []
    return [
        Action(
            address=outlook.case.address,
            verb=Verb.ADOPT,
            reason=Reason.FOUND if outlook.adopt else Reason.RENAMED,
            provider=outlook.provider,
            people=sum(remote.total for remote in outlook.adopt) or outlook.case.record.count,
            remote_ids=tuple(remote.id for remote in outlook.adopt),
            detail=f"was {', '.join(outlook.renamed)}" if outlook.renamed else "",
        )
    ]


def _forgotten(outlook: Observation) -> Action:
    return Action(
        address=outlook.case.address,
        verb=Verb.FORGET,
        reason=Reason.OVER,
        provider=outlook.provider,
        people=outlook.case.record.count,
        detail=_NOTHING_LEFT if outlook.case.record.forgotten and not outlook.case.remotes else "",
    )


def _resting(outlook: Observation) -> list[Action]:
    if outlook.case.buried:
        return []
    resource = outlook.case.resource
    return [_keep(outlook, resource.people.count) if resource else _forgotten(outlook)]


def _keep(outlook: Observation, count: int) -> Action:
    case = outlook.case
    reason = Reason.RUNG_ONCE if case.one_call and _is_edited(case) else Reason.UNCHANGED
    if case.resource is None:
        reason = Reason.REMOVED
    return Action(address=case.address, verb=Verb.KEEP, reason=reason, provider=outlook.provider, people=count)


def _is_edited(case: Facts) -> bool:
    """Whether a call's manifest differs from what was placed, as far as that is remembered."""
    resource, record = case.resource, case.record
    if resource is None or not record.numbers:
        return False
    return (record.settings_digest, record.numbers, record.payloads) != (
        resource.settings_digest,
        resource.people.numbers,
        resource.people.payloads,
    )


def _nobodys(outlook: Observation, actions: list[Action]) -> list[Action]:
    """A lost answer none of whose people is known here any more, their manifest or their row being gone. They may be
    rung all the same, and nobody may take that for rest."""
    intents = outlook.case.open_intents()
    if not intents or any(action.verb is Verb.BLOCK for action in actions):
        return []
    action = Action(
        address=outlook.case.address,
        verb=Verb.BLOCK,
        reason=Reason.BEING_APPLIED if outlook.applying else Reason.UNSURE,
        provider=outlook.provider,
        people=sum(intent.count for intent in intents),
        detail=_unsure_detail(outlook),
        way_out=_unsure_way_out(outlook),
    )
    return [action]


def _unsure_detail(outlook: Observation) -> str:
    if outlook.applying:
        return f"being applied by {outlook.applying}"
    intents = outlook.case.open_intents()
    if not intents:
        return "the lock was rebuilt and they were not found: no list proves that they were not rung"
    when = humanize.when(min(intent.sent_at for intent in intents))
    return f"an answer was lost at {when}; not proven either way"


def _unsure_way_out(outlook: Observation) -> str:
    if outlook.applying:
        return ""
    if outlook.case.doubtful_batches():
        return "run dialctl apply again: it looks for the lost batch, and goes on once it knows"
    return f"dialctl resolve {outlook.case.address} --placed | --not-placed"
