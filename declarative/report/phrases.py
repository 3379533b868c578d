"""Words for verbs, reasons and outcomes, and one sentence for each action. Text and Markdown share them. No layout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from declarative import humanize
from declarative.humanize import people
from declarative.planning.decide import Reason, Verb
from declarative.planning.plan import Action, Notice, Plan
from declarative.privacy import clean
from declarative.report.outcome_words import describe_outcomes
from declarative.report.terms_phrases import sum_costs

SYMBOLS = {
    Verb.CREATE: "+",
    Verb.REPLACE: "~",
    Verb.RETRY: "↻",
    Verb.CANCEL: "-",
    Verb.ADOPT: "=",
    Verb.FORGET: "×",
    Verb.KEEP: " ",
    Verb.WAIT: "…",
    Verb.BLOCK: "!",
}
COLORS = {
    Verb.CREATE: "green",
    Verb.REPLACE: "yellow",
    Verb.RETRY: "cyan",
    Verb.CANCEL: "red",
    Verb.BLOCK: "magenta",
}
MOST_ALIKE = 3
"""As many warnings of the same words are shown each by itself."""
_SHARED_BLOCKS = (
    Reason.NO_MEMORY,
    Reason.OTHER_LINEAGE,
    Reason.LOCK_IS_OLDER,
    Reason.MANIFESTS_ARE_OLDER,
    Reason.NOT_READ,
    Reason.NO_SANDBOX,
    Reason.MISSING_REFERENCE,
)
"""Blocks that doubt the lock, the checkout, a provider or an agent, and so are alike at many addresses."""
_REASONS = {
    Reason.SUBMITTED_AGAIN: "taken off earlier",
    Reason.REFUSED_BEFORE: "refused before",
    Reason.ADDED: "added",
    Reason.NEW: "new",
    Reason.SETTINGS_CHANGED: "changed",
    Reason.BATCH_MATES: "share a batch with them",
    Reason.NOT_DESIRED: "no longer listed",
    Reason.SUPPRESSED: "on a do-not-call list",
    Reason.OTHER_COUNTRY: "in a country that is not allowed",
    Reason.REMOVED: "manifest removed",
    Reason.PAUSED: "paused",
    Reason.EXPIRED: "expired",
    Reason.CALLING_HOURS: "outside calling hours",
    Reason.TOO_EARLY: "too early",
    Reason.RETRY_AFTER: "waiting before a retry",
    Reason.ROLLOUT: "in a later step",
    Reason.FREQUENCY: "called as often as frequency allows",
    Reason.HALTED: "halted",
    Reason.RELEASED: "released",
    Reason.NOT_APPROVED: "not approved",
    Reason.UNREACHED: "unreached",
    Reason.UNSURE: "unsure",
    Reason.TWINS: "in two batches",
    Reason.REVOKED: "in a batch that was given up as lost",
    Reason.NOT_TAKEN_OFF: "not taken off",
}


def describe_reasons(counts: Mapping[str, int]) -> str:
    """Join counts of people by reason: `10 added, 4 changed`."""
    return ", ".join(f"{count:,} {_REASONS.get(Reason(word), word)}" for word, count in counts.items())


def describe_why(counts: Mapping[str, int]) -> str:
    """Join the reasons. A single reason has no count, because the sentence around it has one."""
    if len(counts) == 1:
        return _REASONS.get(Reason(next(iter(counts))), next(iter(counts)))
    return describe_reasons(counts)


def describe_action(action: Action, plan: Plan) -> str:
    """Say in one line what happens at the address."""
    if plan.offline and action.detail:
        return f"{people(action.people)}: {clean(action.detail)}"
    return _SENTENCES[action.verb](action, plan)


def _create_sentence(action: Action, plan: Plan) -> str:
    starts = ", at the earliest moment"
    if action.starts_at and action.starts_at > plan.created_at:
        starts = f", from {humanize.when(action.starts_at, plan.created_at)}"
    reasons_note = "" if set(action.reasons) <= {Reason.NEW} else f" ({describe_reasons(action.reasons)})"
    return f"{people(action.people)}{reasons_note}{_batches_note(action)}{starts}"


def _batches_note(action: Action) -> str:
    batches = action.counts.get("batches")
    return f" in {batches:,} batches" if batches else ""


def _replace_sentence(action: Action, plan: Plan) -> str:
    mates = action.reasons.get(Reason.BATCH_MATES, 0)
    moved = action.people - mates
    if Reason.TWINS in action.reasons:
        waiting_people = humanize.plural(action.people, "person waits", "people wait")
        return f"{waiting_people} in two batches: both are cancelled, and they are submitted once"
    if action.address.startswith("call/"):
        return "still waits: it is taken off and submitted anew as the manifest has it"
    if not moved:
        mates_moved = humanize.plural(mates, "person moves", "people move")
        return f"{mates_moved} to a new batch, because their batch has to be cancelled"
    waiting = action.counts.get("queued", action.counts.get("total", action.people))
    waiting_note = f"(of {waiting:,} who still {'waits' if waiting == 1 else 'wait'})"
    mates_people = humanize.plural(mates, "more who shares their batch", "more who share their batch")
    mates_note = f", and {mates_people}" if mates else ""
    mates_note = "; the others stay" if action.counts.get("alone") == action.people else mates_note
    moved_people = humanize.plural(moved, "person moves", "people move")
    return f"{moved_people} to {_destination(action)} {waiting_note}{mates_note}"


def _destination(action: Action) -> str:
    """Name what people move to. Without changed settings it is their own data that changed."""
    if not action.changes:
        return "what the manifest says of them now"
    return "the new agent" if all(change.is_agent for change in action.changes) else "the new settings"


def _retry_sentence(action: Action, plan: Plan) -> str:
    attempt_note = (
        f", attempt {action.counts['attempt']} of {action.counts['attempts']}" if "attempt" in action.counts else ""
    )
    return f"{action.people:,} unreached ({describe_outcomes(action.outcomes)}){_batches_note(action)}{attempt_note}"


def _cancel_sentence(action: Action, plan: Plan) -> str:
    in_flight = action.counts.get("in_flight", 0)
    in_flight_note = f"; {in_flight:,} in flight will finish" if in_flight else ""
    alone = action.counts.get("alone", 0)
    if alone == action.people:
        return f"{people(alone)} taken off ({describe_why(action.reasons)}); the others stay{in_flight_note}"
    waiting_people = humanize.plural(action.people, "person who still waits", "people who still wait")
    left_alone = humanize.plural(alone, "of them leaves", "of them leave")
    alone_note = f"; the others stay in the batches that {left_alone}" if alone else ""
    return f"{waiting_people} ({describe_why(action.reasons)}){alone_note}{in_flight_note}"


def _adopt_sentence(action: Action, plan: Plan) -> str:
    if action.reason is Reason.RENAMED:
        return f"{action.detail}; its record in the lock moves here"
    return f"{people(action.people)} found at the provider by our mark ({', '.join(action.remote_ids[:3])})"


def _forget_sentence(action: Action, plan: Plan) -> str:
    return clean(action.detail) or "over and no longer wanted; the lock keeps its people, so nobody is called again"


def _keep_sentence(action: Action, plan: Plan) -> str:
    if action.detail:
        return clean(action.detail)
    if action.reason is Reason.CALLED_ONCE:
        return "called once in its life; the edit changes nothing"
    return "calls in flight finish" if action.reason is Reason.REMOVED else f"{people(action.people)}, nothing to do"


def _wait_sentence(action: Action, plan: Plan) -> str:
    until = f" until {humanize.when(action.next_at, plan.created_at)}" if action.next_at else ""
    waiting_people = f"{humanize.plural(action.people, 'person waits', 'people wait')}{until}"
    if action.reason is Reason.TOO_EARLY and action.starts_at:
        call_time = humanize.when(action.starts_at, plan.created_at)
        return f"{waiting_people}: calls begin at {call_time}, too early to submit now"
    if action.detail:
        other_reasons = {word: count for word, count in action.reasons.items() if word != Reason.ROLLOUT}
        others = f" ({describe_reasons(other_reasons)})" if other_reasons else ""
        return f"{waiting_people} for {clean(action.detail)}{others}"
    if set(action.reasons) == {Reason.NOT_APPROVED}:
        return f"{waiting_people} for approval: dialctl apply without --only-approved, once confirmed, gives it"
    return f"{waiting_people} ({describe_why(action.reasons or {action.reason: action.people})})"


def _block_sentence(action: Action, plan: Plan) -> str:
    return clean(action.detail)


_SENTENCES = {
    Verb.CREATE: _create_sentence,
    Verb.REPLACE: _replace_sentence,
    Verb.RETRY: _retry_sentence,
    Verb.CANCEL: _cancel_sentence,
    Verb.ADOPT: _adopt_sentence,
    Verb.FORGET: _forget_sentence,
    Verb.KEEP: _keep_sentence,
    Verb.WAIT: _wait_sentence,
    Verb.BLOCK: _block_sentence,
}


def headline(plan: Plan) -> str:
    """Sum up the plan: `Plan: 39 people to call (2 new, 37 again), 12 moved, 210 taken off. 1 blocked.`

    People who move were going to be called already, so they are not among the people to call.
    """
    waiting_count = _count_people(plan, Verb.WAIT)
    blocked_count = len(plan.actions_with_verb(Verb.BLOCK))
    sentences = [f"{blocked_count:,} blocked."] if blocked_count else []
    sentences += [f"{waiting_count:,} to be called later."] if waiting_count else []
    effects = _headline_effects(plan)
    if effects:
        costs = [money.roughly for money in sum_costs(plan)]
        cost = [f"About {' and '.join(costs)}."] if costs else []
        return " ".join([f"Plan: {', '.join(effects)}.", *cost, *sentences])
    if sentences:
        # This does not say that no one is called: people who already wait at the provider may be.
        return " ".join(["Plan: nothing is sent.", *sentences])
    if not plan.is_empty:
        return "Plan: nobody is called."
    if plan.tasks and all(task.resource is None or task.resource.paused for task in plan.tasks.values()):
        return "Nothing to do: nobody waits."
    # Where a warning or a policy says that people are not called, it is not the place to say that all is well.
    all_is_well = not plan.warnings and not plan.held_counts
    has_people = all(action.people for action in plan.actions_with_verb(Verb.KEEP))
    return "Nothing to do: everybody is where they should be." if has_people and all_is_well else "Nothing to do."


def describe_lists(plan: Plan) -> list[str]:
    """Say what each do-not-call list under a URL held: its content is in no review but this one."""
    return [
        f"Do-not-call list {clean(one.name)}: {humanize.plural(one.size, 'number', 'numbers')}, sha256 {one.sha256}"
        for one in plan.lists
        if one.is_known and "://" in one.name
    ]


def _headline_effects(plan: Plan) -> list[str]:
    """The parts of the headline that stand for requests."""
    new_count, retried_count = _count_people(plan, Verb.CREATE), _count_people(plan, Verb.RETRY)
    cancelled_count = _count_people(plan, Verb.CANCEL)
    effects = []
    if new_count + retried_count:
        counts = _join_counts([(new_count, "new"), (retried_count, "again")])
        effects.append(f"{people(new_count + retried_count)} to call ({counts})")
    effects += [f"{plan.people_moved:,} moved"] if plan.people_moved else []
    effects += [f"{cancelled_count:,} taken off"] if cancelled_count else []
    return effects


def _count_people(plan: Plan, verb: Verb) -> int:
    return sum(action.people for action in plan.actions_with_verb(verb))


def _join_counts(parts: list[tuple[int, str]]) -> str:
    return ", ".join(f"{count:,} {word}" for count, word in parts if count)


def merge_shared_warnings(warnings: Sequence[Notice]) -> list[Notice]:
    """Tell a warning that more than MOST_ALIKE addresses share once, with the first of them."""
    counts = Counter(warning.message for warning in warnings)
    first: dict[str, Notice] = {}
    for warning in warnings:
        first.setdefault(warning.message, warning)
    return [
        replace(warning, address=f"{warning.address} and {count - 1:,} more") if count > MOST_ALIKE else warning
        for warning in warnings
        if (count := counts[warning.message]) <= MOST_ALIKE or first[warning.message] is warning
    ]


def merge_shared_blocks(actions: Sequence[Action]) -> list[Action]:
    """Tell a block that many addresses share once: the first action stands for all with the same reason and words."""
    merged: dict[object, Action] = {}
    counts: Counter[object] = Counter()
    for action in actions:
        is_shared = action.verb is Verb.BLOCK and action.reason in _SHARED_BLOCKS
        key = (action.reason, action.detail, action.hint) if is_shared else (action.address, action.verb)
        counts[key] += 1
        first = merged.get(key)
        merged[key] = replace(first, people=first.people + action.people) if first else action
    return [
        replace(action, address=f"{action.address} and {counts[key] - 1:,} more") if counts[key] > 1 else action
        for key, action in merged.items()
    ]
