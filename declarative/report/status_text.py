"""`dialctl status` as lines of text: a headline, a bar, and people in words. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import click

from declarative import humanize
from declarative.app.address_state import State
from declarative.app.costs import SpentCost, add_costs
from declarative.app.people_counts import PeopleCounts, add_counts
from declarative.app.status import AddressStatus
from declarative.humanize import people
from declarative.model.recipients import HELD_BACK
from declarative.planning.decide import Reason
from declarative.privacy import clean, mask
from declarative.report.outcome_words import describe_outcomes

_BAR_WIDTH = 20
_MAX_IDS = 5
"""Ids of batches and calls that are shown for one address."""
_COLORS = {State.HALTED: "magenta", State.BLOCKED: "magenta", State.IN_PROGRESS: "cyan", State.OVER: "green"}
_LATER = {
    Reason.CALLING_HOURS: "it is outside calling hours now",
    Reason.TOO_EARLY: "it is too early to submit them",
    Reason.RETRY_AFTER: "the time before a retry has not passed",
    Reason.ROLLOUT: "they belong to a later step of the rollout",
    Reason.FREQUENCY: "they were called as often as frequency allows",
}


def format_statuses(statuses: Sequence[AddressStatus]) -> str:
    """Format each address with its headline, bar and people, what is unsure and how to settle it, and a total."""
    if not statuses:
        return "No manifest wants anything, and the lock knows no address."
    blocks = ["\n".join(_status_lines(status)) for status in statuses]
    if len(statuses) > 1:
        total = add_counts(status.counts for status in statuses)
        costs = describe_costs(add_costs(status.cost for status in statuses if status.cost))
        lines = [*_count_lines(total), *(f"  {sentence}" for sentence in costs)]
        blocks.append("\n".join([click.style(f"total of {len(statuses):,}", bold=True), *lines]))
    return "\n\n".join(blocks)


def state_headline(status: AddressStatus) -> str:
    """Say in words what an address is doing, and until when: `in progress, over at about 16:24 UTC on 1 Dec`."""
    state, counts = status.state, status.counts
    until = humanize.when(state.until, status.seen_at) if state.until else ""
    match state.state:
        case State.HALTED:
            return "halted: nobody is called until a person resumes it"
        case State.BLOCKED:
            return f"blocked: {status.block.reason}" if status.block else "blocked: somebody has to decide"
        case State.PAUSED:
            return "paused"
        case State.SCHEDULED:
            return f"scheduled for {until}" if until else "scheduled"
        case State.STARTING:
            return f"starts at {until}, when the guard of its new batch ends"
        case State.DUE:
            return f"waits for dialctl apply, which calls {people(counts.due)}"
        case State.CALLING_HOURS:
            return f"waits for calling hours{f' until {until}' if until else ''}"
        case State.BEFORE_RETRY:
            return f"waits{f' until {until}' if until else ''} to call the unreached again"
        case State.NEXT_STEP:
            return "waits for the next step of its rollout"
        case State.FREQUENCY:
            return f"waits{f' until {until}' if until else ''}: its people were called as often as frequency allows"
        case State.IN_PROGRESS:
            return _progress_headline(status)
        case State.OVER:
            return "over" if status.has_manifest else "over, and its manifest is removed"


def _progress_headline(status: AddressStatus) -> str:
    if status.state.expected_end is not None:
        return f"in progress, over at about {humanize.when(status.state.expected_end, status.seen_at)}"
    has_begun = status.counts.called > status.counts.called_again
    return "in progress" if has_begun else "in progress: the provider has not called anybody yet"


def _status_lines(status: AddressStatus) -> Iterator[str]:
    color = _COLORS.get(status.state.state)
    yield f"{click.style(status.address, bold=True)} · {click.style(state_headline(status), fg=color)}"
    if status.counts == PeopleCounts():
        yield f"  {people(status.people)}{', of whom nothing is known now' if status.block else ''}"
    yield from _count_lines(status.counts)
    yield from (f"  {sentence}" for sentence in describe_costs([status.cost] if status.cost else []))
    yield from _id_lines(status.remote_ids)
    yield from _doubt_lines(status)


def _count_lines(counts: PeopleCounts) -> Iterator[str]:
    if counts.percent is not None:
        filled = _BAR_WIDTH * counts.percent // 100
        bar = f"[{'#' * filled}{'-' * (_BAR_WIDTH - filled)}]"
        yield f"  {bar} {counts.percent}% of {people(counts.finished + counts.coming)}"
    if counts.called:
        yield f"  {counts.called:,} called: {describe_called(counts)}"
        yield f"  {describe_hours(counts)}"
    yield from (f"  {count:,} {words}" for count, words in list_uncalled(counts) if count)


def describe_called(counts: PeopleCounts) -> str:
    """Say what came of the people who were called: `8 reached, 3 not reached (2 no answer, 1 busy), 1 in a call`."""
    reasons = f" ({describe_outcomes(counts.not_reached_by)})" if counts.not_reached else ""
    parts = [
        (counts.reached, "reached"),
        (counts.not_reached, f"not reached{reasons}"),
        (counts.in_flight, "in a call"),
        (counts.called_again, "waiting to be called again"),
        (counts.outcome_unknown, "unclear: nothing says whether they were reached"),
    ]
    return ", ".join(f"{count:,} {words}" for count, words in parts if count)


def describe_hours(counts: PeopleCounts) -> str:
    """Say how many calls began outside calling hours, none too, and of how many that is known."""
    if not counts.timed:
        return "when their calls began is not known here: dialctl results --details asks for it"
    calls = humanize.plural(counts.timed, "call", "calls")
    return f"{counts.outside_hours:,} began outside calling hours (of {calls} whose time is known)"


def list_uncalled(counts: PeopleCounts) -> list[tuple[int, str]]:
    """List counts of everybody else, and of what the next apply does, each with its words."""
    return [
        (counts.waiting, "waiting at the provider"),
        (counts.refused, "turned away by the provider before any phone was called"),
        (counts.in_doubt, "unsure: it is not known whether they were called"),
        (counts.not_submitted, "not submitted"),
        (counts.due, "due: the next apply calls them"),
        *((count, f"to be called later: {_LATER[Reason(reason)]}") for reason, count in counts.later.items()),
        (counts.to_take_off, "no longer to be called: the next apply takes them off"),
        *((count, f"held back: {describe_held({name: count})}") for name, count in counts.held.items()),
    ]


def describe_costs(costs: Sequence[SpentCost]) -> list[str]:
    """Say what calls have cost: `cost 7.32 USD so far`. Without a price nothing is said."""
    return [_describe_cost(cost) for cost in costs]


def _describe_cost(cost: SpentCost) -> str:
    if not cost.untimed:
        return f"cost {cost.money} so far"
    calls = humanize.plural(cost.untimed, "call is", "calls are")
    missing = f"the minutes of {calls} not known here (dialctl results --details asks for them)"
    return f"cost at least {cost.money} so far: {missing}"


def describe_held(held: Mapping[str, int]) -> str:
    """Join the reasons for which people of a recipients file are left out."""
    return ", ".join(HELD_BACK.get(name, name) for name in held)


def _id_lines(remote_ids: Sequence[str]) -> Iterator[str]:
    more = f" and {len(remote_ids) - _MAX_IDS:,} more" if len(remote_ids) > _MAX_IDS else ""
    if remote_ids:
        yield f"  at the provider: {', '.join(map(clean, remote_ids[:_MAX_IDS]))}{more}"


def _doubt_lines(status: AddressStatus) -> Iterator[str]:
    if status.block is not None:
        yield click.style(f"  ! {status.block.reason}: {clean(status.block.detail)}", fg="magenta")
        yield from [f"    {status.block.hint}"] if status.block.hint else []
    for intent in status.unsure:
        person = f" (person {intent.person})" if intent.person else ""
        sent_at = humanize.when(intent.sent_at)
        sentence = f"  ! unsure: {people(intent.count)}{person}, sent {sent_at}, mark {intent.mark}"
        yield click.style(sentence, fg="magenta")
        yield from [f"    {clean(intent.answer)}"] if intent.answer else []
        yield _resolve_line(status)
    for call in status.candidates:
        placed_note = f", placed {humanize.when(call.created_at)}" if call.created_at else ""
        numbers = call.members.get_column("number").to_list() if call.members is not None else []
        to_note = f", to {mask(numbers[0])}" if numbers else ""
        yield f"    candidate: {clean(call.id)}{placed_note}{to_note}, {clean(call.status)}"
        yield f"      if it is this one: dialctl resolve {status.address}#{clean(call.id)} --placed"
    yield from (click.style(f"  ! {clean(warning)}", fg="magenta") for warning in status.warnings)
    if status.unnamed and status.is_wanted:
        phrase = f"unsure: a batch of {people(status.unnamed)} counts as called, and it is not known who was in it"
        yield click.style(f"  ! {phrase}", fg="magenta")
        yield _resolve_line(status)
    if status.unseen:
        yield click.style(f"  ! unsure: {people(status.unseen)} not found, and not known to be uncalled", fg="magenta")
        yield _resolve_line(status)


def _resolve_line(status: AddressStatus) -> str:
    return f"    dialctl resolve {status.address} --placed | --not-placed"
