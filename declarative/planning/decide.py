"""The truth table: what is known of one person in, what happens to them out. Pure: no I/O, no clock, no frame.

A person is a phone number within one resource. The strongest entry wins:
unsure > dialed > waiting > refused > unsubmitted.

| first match wins                                                      | what happens                        |
| --------------------------------------------------------------------- | ----------------------------------- |
| a reason to block the whole resource                                  | block                               |
| unsure                                                                | block                               |
| not desired, or expired; still queued somewhere                       | cancel                              |
| not desired, or expired                                               | keep                                |
| queued for an attempt that was made already, elsewhere                | cancel                              |
| waits in two live batches at the same attempt                         | replace (cancel both, decide again) |
| a call is due (the next four rows), but it would begin after expiry   | keep; who is queued: cancel         |
| a call is due (the next four rows), but not yet                       | wait; who is queued: cancel         |
| desired, unsubmitted                                                  | create                              |
| desired, refused, and changed or the policy names pre_dial            | create                              |
| desired, waiting, changed                                             | replace                             |
| desired, dialed, unreached, over, in retry.on, attempts left          | retry                               |
| outside calling hours, still queued                                   | cancel                              |
| anything else                                                         | keep                                |

A person may be dialed and yet be queued, after a retry. A person who is no longer wanted is then taken off as well:
being called before is no reason to be called again after leaving the list.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum, StrEnum


class Verb(StrEnum):
    """What happens at an address. The set is closed."""

    CREATE = "create"
    REPLACE = "replace"
    RETRY = "retry"
    CANCEL = "cancel"
    ADOPT = "adopt"
    FORGET = "forget"
    KEEP = "keep"
    WAIT = "wait"
    BLOCK = "block"

    @property
    def dials(self) -> bool:
        """Whether it makes a request that calls people."""
        return self in (Verb.CREATE, Verb.REPLACE, Verb.RETRY)

    @property
    def sends(self) -> bool:
        """Whether it makes a request that changes something at a provider."""
        return self.dials or self is Verb.CANCEL


class Reason(StrEnum):
    """Why it happens. The set is closed, and the plan schema lists it."""

    NEW = "new"
    ADDED = "added"
    SUBMITTED_AGAIN = "submitted_again"
    REFUSED_BEFORE = "refused_before"
    SETTINGS_CHANGED = "settings_changed"
    BATCH_MATES = "batch_mates"
    TWINS = "twins"
    UNREACHED = "unreached"
    NOT_DESIRED = "not_desired"
    SUPPRESSED = "suppressed"
    OTHER_COUNTRY = "other_country"
    REMOVED = "removed"
    PAUSED = "paused"
    EXPIRED = "expired"
    CALLING_HOURS = "calling_hours"
    TOO_EARLY = "too_early"
    RETRY_AFTER = "retry_after"
    FOUND = "found"
    RENAMED = "renamed"
    OVER = "over"
    UNCHANGED = "unchanged"
    CALLED_ONCE = "called_once"
    UNSURE = "unsure"
    BEING_APPLIED = "being_applied"
    LOST = "lost"
    MEMBERS_UNREADABLE = "members_unreadable"
    NO_MEMORY = "no_memory"
    OTHER_LINEAGE = "other_lineage"
    LOCK_IS_OLDER = "lock_is_older"
    CANCELLED_ELSEWHERE = "cancelled_elsewhere"
    LOOKS_RENAMED = "looks_renamed"
    MARK_LOST = "mark_lost"
    PROVIDER_CHANGED = "provider_changed"
    NOT_READ = "not_read"


BLOCKS_RESOURCE = (
    Reason.NOT_READ,
    Reason.NO_MEMORY,
    Reason.OTHER_LINEAGE,
    Reason.LOCK_IS_OLDER,
    Reason.LOST,
    Reason.PROVIDER_CHANGED,
    Reason.MEMBERS_UNREADABLE,
    Reason.CANCELLED_ELSEWHERE,
    Reason.MARK_LOST,
    Reason.LOOKS_RENAMED,
)
"""Reasons to block a whole resource. Where several apply, the first in this order is named."""


class Standing(IntEnum):
    """Where a person stands in a resource. The greatest of their entries wins."""

    UNSUBMITTED = 0
    REFUSED = 1
    WAITING = 2
    DIALED = 3
    UNSURE = 4


class Timing(Enum):
    """Whether a call may be asked for now."""

    NOW = "now"
    TOO_EARLY = "too early"
    CLOSED = "outside calling hours"
    TOO_LATE = "would begin after the expiry"
    EXPIRED = "expired"


@dataclass(frozen=True)
class PersonFacts:
    """All facts that decide about one person."""

    desired: bool
    """The manifest lists them, and is not paused."""
    standing: Standing
    """The strongest of their entries."""
    queued: bool = False
    """A live batch of ours will call them unless it is cancelled."""
    changed: bool = False
    """Settings or their own data differ from those that they wait with or were refused with."""
    retriable: bool = False
    """They were unreached for a reason in `retry.on`, all entries of theirs are over, and attempts are left."""
    before_retry: bool = False
    """`retry.after` has not passed yet."""
    try_refused: bool = False
    """`retry.on` names `pre_dial`, and tries are left."""
    twin: bool = False
    """They wait in two live batches at the same attempt."""
    already_called: bool = False
    """They were called elsewhere for the very attempt that they are queued for."""
    timing: Timing = Timing.NOW
    """Whether they may be called now."""
    absence: Reason = Reason.NOT_DESIRED
    """Why they are not desired. Means nothing for a desired person."""


@dataclass(frozen=True)
class Decision:
    """What happens to one person, and why."""

    verb: Verb
    """What happens; never ADOPT or FORGET, which concern an address."""
    reason: Reason
    """Why; never one of BLOCKS_RESOURCE."""


def decide(person: PersonFacts) -> Decision:
    """Decide about one person of a resource that is not blocked as a whole."""
    if person.standing is Standing.UNSURE:
        return Decision(Verb.BLOCK, Reason.UNSURE)
    if not person.desired or person.timing is Timing.EXPIRED:
        return _decide_undesired(person)
    if person.already_called and person.queued:
        return Decision(Verb.CANCEL, Reason.TWINS)
    if person.twin:
        return Decision(Verb.REPLACE, Reason.TWINS)
    due = _due_decision(person)
    if due is not None and person.timing is Timing.TOO_LATE:
        return Decision(Verb.CANCEL if person.queued else Verb.KEEP, Reason.EXPIRED)
    if due is not None and person.timing is not Timing.NOW:
        return _postpone(person)
    if due is not None and due.verb is Verb.RETRY and person.before_retry:
        return Decision(Verb.WAIT, Reason.RETRY_AFTER)
    if due is not None:
        return due
    if person.queued and person.timing is Timing.CLOSED:
        return Decision(Verb.CANCEL, Reason.CALLING_HOURS)
    return Decision(Verb.KEEP, Reason.UNCHANGED)


def _decide_undesired(person: PersonFacts) -> Decision:
    reason = person.absence if not person.desired else Reason.EXPIRED
    return Decision(Verb.CANCEL if person.queued else Verb.KEEP, reason)


def _due_decision(person: PersonFacts) -> Decision | None:
    """Return the request that would call a desired person if time did not matter; None where no call is due."""
    match person.standing:
        case Standing.UNSUBMITTED:
            return Decision(Verb.CREATE, Reason.ADDED)
        case Standing.REFUSED if person.changed or person.try_refused:
            return Decision(Verb.CREATE, Reason.REFUSED_BEFORE)
        case Standing.WAITING if person.changed:
            return Decision(Verb.REPLACE, Reason.SETTINGS_CHANGED)
        case Standing.DIALED if person.retriable and not person.queued:
            return Decision(Verb.RETRY, Reason.UNREACHED)
        case _:
            return None


def _postpone(person: PersonFacts) -> Decision:
    """Postpone a call that is due at another time.

    A person who is queued with the old settings would be called at the wrong time, and is taken off.
    """
    reason = Reason.CALLING_HOURS if person.timing is Timing.CLOSED else Reason.TOO_EARLY
    return Decision(Verb.CANCEL if person.queued else Verb.WAIT, reason)
