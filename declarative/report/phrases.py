"""The words for verbs, reasons and outcomes that every view shares. Knows no layout."""

from __future__ import annotations

from collections.abc import Mapping

from declarative import humanize
from declarative.humanize import people
from declarative.planning.decide import Reason, Verb
from declarative.planning.plan import Action, Plan
from declarative.privacy import clean

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
_OUTCOMES = {
    "dial_no_answer": "no answer",
    "dial_busy": "busy",
    "dial_failed": "failed",
    "no_answer": "no answer",
}
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
    Reason.RETRY_AFTER: "resting before a retry",
    Reason.UNREACHED: "unreached",
    Reason.UNSURE: "unsure",
    Reason.TWINS: "in two batches",
    Reason.REVOKED: "in a batch that was given up as lost",
    Reason.NOT_TAKEN_OFF: "not taken off",
}


def describe_outcomes(counts: Mapping[str, int]) -> str:
    """`31 no answer, 6 busy`"""
    return ", ".join(f"{count:,} {_OUTCOMES.get(word, clean(word))}" for word, count in counts.items())


def describe_reasons(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {_REASONS.get(Reason(word), word)}" for word, count in counts.items())


def _describe_why(counts: Mapping[str, int]) -> str:
    """The reasons, without the count where there is one only."""
    if len(counts) == 1:
        return _REASONS.get(Reason(next(iter(counts))), next(iter(counts)))
    return describe_reasons(counts)


def describe_action(action: Action, plan: Plan) -> str:
    """What happens at the address, in one line."""
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
    total = action.counts.get("total", action.people)
    if Reason.TWINS in action.reasons:
        waiting_people = humanize.plural(action.people, "person waits", "people wait")
        return f"{waiting_people} in two batches: both are cancelled, and they are submitted once"
    if action.address.startswith("call/"):
        return "still waits: it is taken off and submitted anew as the manifest has it"
    if not moved:
        waiting_people = humanize.plural(mates, "person goes on", "people go on")
        return f"{waiting_people} in a new batch, because theirs has to be cancelled"
    more_moved = humanize.plural(
        mates, "more shares a batch with them and moves", "more share a batch with them and move"
    )
    mates_note = f", {more_moved} along" if mates else ""
    of_waiting = f"of {people(total)} still waiting"
    destination = "to the new settings" if action.changes else "to what the manifest says of them now"
    return f"{humanize.plural(moved, f'{of_waiting} moves', f'{of_waiting} move')} {destination}{mates_note}"


def _retry_sentence(action: Action, plan: Plan) -> str:
    attempt_note = (
        f", attempt {action.counts['attempt']} of {action.counts['attempts']}" if "attempt" in action.counts else ""
    )
    return f"{action.people:,} unreached ({describe_outcomes(action.outcomes)}){_batches_note(action)}{attempt_note}"


def _cancel_sentence(action: Action, plan: Plan) -> str:
    in_flight = action.counts.get("in_flight", 0)
    in_flight_note = f"; {in_flight:,} in flight will finish" if in_flight else ""
    return f"{people(action.people)} waiting taken off ({_describe_why(action.reasons)}){in_flight_note}"


def _adopt_sentence(action: Action, plan: Plan) -> str:
    if action.reason is Reason.RENAMED:
        return f"{action.detail}; its memory moves here"
    return f"{people(action.people)} found at the provider by our mark ({', '.join(action.remote_ids[:3])})"


def _forget_sentence(action: Action, plan: Plan) -> str:
    lock_note = "still remembered, so that nobody whom it called is called again"
    return clean(action.detail) or f"finished and no longer wanted; {lock_note}"


def _keep_sentence(action: Action, plan: Plan) -> str:
    if action.reason is Reason.CALLED_ONCE:
        return "called once in its life; the edit changes nothing"
    return "calls in flight finish" if action.reason is Reason.REMOVED else f"{people(action.people)}, nothing to do"


def _wait_sentence(action: Action, plan: Plan) -> str:
    until = f" until {humanize.when(action.next_at, plan.created_at)}" if action.next_at else ""
    if action.reason is Reason.TOO_EARLY and action.starts_at:
        call_time = humanize.when(action.starts_at, plan.created_at)
        return f"{people(action.people)}, to be called from {call_time}: too early to submit{until}"
    return f"{people(action.people)}, {_describe_why(action.reasons or {action.reason: action.people})}{until}"


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
    """`Plan: 39 more calls (2 new, 37 again), 12 moved, 210 taken off. 1 blocked.`"""
    new_people = sum(action.people for action in plan.actions_with_verb(Verb.CREATE))
    retried_people = sum(action.people for action in plan.actions_with_verb(Verb.RETRY))
    cancelled_people = sum(action.people for action in plan.actions_with_verb(Verb.CANCEL))
    parts = []
    if new_people + retried_people:
        calls = humanize.plural(new_people + retried_people, "more call", "more calls")
        parts.append(f"{calls} ({_join_counts([(new_people, 'new'), (retried_people, 'again')])})")
    parts += [f"{plan.people_moved:,} moved"] if plan.people_moved else []
    parts += [f"{cancelled_people:,} taken off"] if cancelled_people else []
    waiting_people = sum(action.people for action in plan.actions_with_verb(Verb.WAIT))
    parts += [f"{waiting_people:,} to be called later"] if waiting_people else []
    blocked_count = len(plan.actions_with_verb(Verb.BLOCK))
    blocked_note = f" {blocked_count:,} blocked." if blocked_count else ""
    if not parts:
        if blocked_count:
            return f"Plan: nothing is sent.{blocked_note}"  # whoever waits already may be called all the same
        if not plan.is_empty:
            return "Plan: nobody is called."
        has_people = all(action.people for action in plan.actions_with_verb(Verb.KEEP))
        return "Nothing to do: everybody is where they should be." if has_people else "Nothing to do."
    return f"Plan: {', '.join(parts)}.{blocked_note}"


def _join_counts(parts: list[tuple[int, str]]) -> str:
    return ", ".join(f"{count:,} {word}" for count, word in parts if count)
