"""The words for verbs, reasons and outcomes that every view shares. Knows no layout."""

from __future__ import annotations

from collections.abc import Mapping

from declarative import humanize
from declarative import humanize as counting
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
}


def outcomes(counts: Mapping[str, int]) -> str:
    """`31 no answer, 6 busy`"""
    return ", ".join(f"{count:,} {_OUTCOMES.get(word, clean(word))}" for word, count in counts.items())


def reasons(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {_REASONS.get(Reason(word), word)}" for word, count in counts.items())


def _why(counts: Mapping[str, int]) -> str:
    """The reasons, without the count where there is one only."""
    if len(counts) == 1:
        return _REASONS.get(Reason(next(iter(counts))), next(iter(counts)))
    return reasons(counts)


def sentence(action: Action, plan: Plan) -> str:
    """What happens at the address, in one line."""
    if plan.offline and action.detail:
        return f"{people(action.people)}: {clean(action.detail)}"
    return _SENTENCES[action.verb](action, plan)


def _create(action: Action, plan: Plan) -> str:
    starts = ", at the earliest moment"
    if action.starts_at and action.starts_at > plan.created_at:
        starts = f", from {humanize.when(action.starts_at, plan.created_at)}"
    some = "" if set(action.reasons) <= {Reason.NEW} else f" ({reasons(action.reasons)})"
    return f"{people(action.people)}{some}{_in_batches(action)}{starts}"


def _in_batches(action: Action) -> str:
    batches = action.counts.get("batches")
    return f" in {batches:,} batches" if batches else ""


def _replace(action: Action, plan: Plan) -> str:
    mates = action.reasons.get(Reason.BATCH_MATES, 0)
    moving = action.people - mates
    total = action.counts.get("total", action.people)
    if Reason.TWINS in action.reasons:
        who = counting.plural(action.people, "person waits", "people wait")
        return f"{who} in two batches: both are cancelled, and they are submitted once"
    if action.address.startswith("call/"):
        return "still waits: it is taken off and submitted anew as the manifest has it"
    if not moving:
        who = counting.plural(mates, "person goes on", "people go on")
        return f"{who} in a new batch, because theirs has to be cancelled"
    more = counting.plural(mates, "more shares a batch with them and moves", "more share a batch with them and move")
    also = f", {more} along" if mates else ""
    of_all = f"of {people(total)} still waiting"
    where = "to the new settings" if action.changes else "to what the manifest says of them now"
    return f"{counting.plural(moving, f'{of_all} moves', f'{of_all} move')} {where}{also}"


def _retry(action: Action, plan: Plan) -> str:
    which = f", attempt {action.counts['attempt']} of {action.counts['attempts']}" if "attempt" in action.counts else ""
    return f"{action.people:,} unreached ({outcomes(action.outcomes)}){_in_batches(action)}{which}"


def _cancel(action: Action, plan: Plan) -> str:
    flying = action.counts.get("in_flight", 0)
    rest = f"; {flying:,} in flight will finish" if flying else ""
    return f"{people(action.people)} waiting taken off ({_why(action.reasons)}){rest}"


def _adopt(action: Action, plan: Plan) -> str:
    if action.reason is Reason.RENAMED:
        return f"{action.detail}; its memory moves here"
    return f"{people(action.people)} found at the provider by our mark ({', '.join(action.remote_ids[:3])})"


def _forget(action: Action, plan: Plan) -> str:
    remembered = "still remembered, so that nobody whom it rang is rung again"
    return clean(action.detail) or f"finished and no longer wanted; {remembered}"


def _keep(action: Action, plan: Plan) -> str:
    if action.reason is Reason.RUNG_ONCE:
        return "rung once in its life; the edit changes nothing"
    return "calls in flight finish" if action.reason is Reason.REMOVED else f"{people(action.people)}, nothing to do"


def _wait(action: Action, plan: Plan) -> str:
    until = f" until {humanize.when(action.next_at, plan.created_at)}" if action.next_at else ""
    if action.reason is Reason.TOO_EARLY and action.starts_at:
        rung = humanize.when(action.starts_at, plan.created_at)
        return f"{people(action.people)}, to be rung from {rung}: too early to submit{until}"
    return f"{people(action.people)}, {_why(action.reasons or {action.reason: action.people})}{until}"


def _block(action: Action, plan: Plan) -> str:
    return clean(action.detail)


_SENTENCES = {
    Verb.CREATE: _create,
    Verb.REPLACE: _replace,
    Verb.RETRY: _retry,
    Verb.CANCEL: _cancel,
    Verb.ADOPT: _adopt,
    Verb.FORGET: _forget,
    Verb.KEEP: _keep,
    Verb.WAIT: _wait,
    Verb.BLOCK: _block,
}


def headline(plan: Plan) -> str:
    """`Plan: 39 more rings (2 new, 37 again), 12 moved, 210 taken off. 1 blocked.`"""
    new = sum(action.people for action in plan.of(Verb.CREATE))
    again = sum(action.people for action in plan.of(Verb.RETRY))
    off = sum(action.people for action in plan.of(Verb.CANCEL))
    parts = []
    if new + again:
        rings = counting.plural(new + again, "more ring", "more rings")
        parts.append(f"{rings} ({_and([(new, 'new'), (again, 'again')])})")
    parts += [f"{plan.people_moved:,} moved"] if plan.people_moved else []
    parts += [f"{off:,} taken off"] if off else []
    later = sum(action.people for action in plan.of(Verb.WAIT))
    parts += [f"{later:,} to be rung later"] if later else []
    blocked = len(plan.of(Verb.BLOCK))
    tail = f" {blocked:,} blocked." if blocked else ""
    if not parts:
        if blocked:
            return f"Plan: nothing is sent.{tail}"  # whoever waits already may be rung all the same
        if not plan.empty:
            return "Plan: nobody is rung."
        everybody = all(action.people for action in plan.of(Verb.KEEP))
        return "Nothing to do: everybody is where they should be." if everybody else "Nothing to do."
    return f"Plan: {', '.join(parts)}.{tail}"


def _and(parts: list[tuple[int, str]]) -> str:
    return ", ".join(f"{count:,} {word}" for count, word in parts if count)
