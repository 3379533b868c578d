"""The truth table: what is known of one person in, what happens to them out. Pure: no I/O, no clock, no frame.

A person is a phone number within one resource. The strongest entry wins:
unsure > dialed > waiting > refused > unsubmitted.

| first match wins                                                      | what happens                        |
| --------------------------------------------------------------------- | ----------------------------------- |
| queued, and to be taken off                                           | cancel                              |
| a reason to block the whole resource                                  | block                               |
| to be taken off, and shown neither as queued nor as off               | block                               |
| not desired, or expired                                               | keep                                |
| unsure                                                                | block                               |
| halted, and a row below would call them, now or later                 | block                               |
| waits under a revoked mark, or in two live batches at one attempt     | replace (cancel them, decide again) |
| a call is due (the next four rows), but it would begin after expiry   | keep; who is queued: cancel         |
| a call is due (the next four rows), but not yet, or not approved      | wait; who is queued: cancel         |
| desired, unsubmitted                                                  | create                              |
| desired, refused, and changed or the policy names pre_dial            | create                              |
| desired, waiting, changed                                             | replace                             |
| desired, dialed, unreached, over, in retry.on, attempts left          | retry                               |
| anything else                                                         | keep                                |

A person is to be taken off who is not desired, expired, halted, outside calling hours, called elsewhere already for the
attempt that they are queued for, or queued under a revoked mark. A cancel calls nobody, so it comes before every block:
what is not known of others is no reason to call a person who left the list. Only the blocks of KEEPS_EVERYTHING come
first, since under them the wish itself is in doubt. Where nothing blocks, who waits under a revoked mark moves.

A person who belongs to a later step of a rollout waits (rollout.py), and so does a number that was called as often as
`frequency` allows (frequency.py): a table about one person cannot count others, or their calls at other addresses.

An address that is not approved (`apply --only-approved`) submits nobody. Taking off goes on, and who waits in two
batches or under a revoked mark is cancelled there instead of moved. Who waits with old settings stays as they are.

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
    REVOKED = "revoked"
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
    ROLLOUT = "rollout"
    FREQUENCY = "frequency"
    NOT_APPROVED = "not_approved"
    FOUND = "found"
    RENAMED = "renamed"
    OVER = "over"
    UNCHANGED = "unchanged"
    CALLED_ONCE = "called_once"
    UNSURE = "unsure"
    NOT_TAKEN_OFF = "not_taken_off"
    BEING_APPLIED = "being_applied"
    LOST = "lost"
    MEMBERS_UNREADABLE = "members_unreadable"
    NO_MEMORY = "no_memory"
    OTHER_LINEAGE = "other_lineage"
    LOCK_IS_OLDER = "lock_is_older"
    CANCELLED_ELSEWHERE = "cancelled_elsewhere"
    MANIFESTS_ARE_OLDER = "manifests_are_older"
    LOOKS_RENAMED = "looks_renamed"
    MARK_LOST = "mark_lost"
    PROVIDER_CHANGED = "provider_changed"
    MISSING_REFERENCE = "missing_reference"
    HALTED = "halted"
    RELEASED = "released"
    NOT_READ = "not_read"
    NO_SANDBOX = "no_sandbox"


BLOCKS_RESOURCE = (
    Reason.NO_SANDBOX,
    Reason.NOT_READ,
    Reason.NO_MEMORY,
    Reason.OTHER_LINEAGE,
    Reason.LOCK_IS_OLDER,
    Reason.MANIFESTS_ARE_OLDER,
    Reason.LOST,
    Reason.PROVIDER_CHANGED,
    Reason.MEMBERS_UNREADABLE,
    Reason.CANCELLED_ELSEWHERE,
    Reason.MARK_LOST,
    Reason.LOOKS_RENAMED,
    Reason.HALTED,
    Reason.RELEASED,
    Reason.MISSING_REFERENCE,
)
"""Reasons to block a whole resource. Where several apply, the first in this order is named."""

KEEPS_EVERYTHING = (
    Reason.NO_MEMORY,
    Reason.OTHER_LINEAGE,
    Reason.LOCK_IS_OLDER,
    Reason.MANIFESTS_ARE_OLDER,
    Reason.LOOKS_RENAMED,
)
"""Those that doubt the lock or the manifests. Under them nobody is taken off either."""


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
    revoked: bool = False
    """They are queued in a batch whose mark was revoked."""
    stuck: bool = False
    """A batch of ours shows them as queued though it was cancelled, or by a word that nobody knows."""
    approved: bool = True
    """The manifest of their address was approved as it is, or this run does not ask for that."""
    timing: Timing = Timing.NOW
    """Whether they may be called now."""
    absence: Reason = Reason.NOT_DESIRED
    """Why they are not desired. Means nothing for a desired person."""
    halted: bool = False
    """Their campaign is halted, by itself or by a person, and whoever waits in it is taken off."""
    block: Reason | None = None
    """Why the whole resource is blocked: one of BLOCKS_RESOURCE, but none of KEEPS_EVERYTHING. None: it is not."""


@dataclass(frozen=True)
class Decision:
    """What happens to one person, and why."""

    verb: Verb
    """What happens; never ADOPT or FORGET, which concern an address."""
    reason: Reason
    """Why; one of BLOCKS_RESOURCE only where the whole resource is blocked."""


def decide(person: PersonFacts) -> Decision:
    """Decide about one person of a resource, unless it is blocked for one of KEEPS_EVERYTHING."""
    decision = _decide_unhalted(person)
    would_call = decision.verb.dials or decision.verb is Verb.WAIT
    return Decision(Verb.BLOCK, Reason.HALTED) if person.halted and would_call else decision


def _decide_unhalted(person: PersonFacts) -> Decision:
    """Decide about one person, if whoever would be called may be."""
    removal = _removal_reason(person)
    if removal is not None and person.queued:
        return Decision(Verb.CANCEL, removal)
    if person.block is not None:
        return Decision(Verb.BLOCK, person.block)
    if removal is not None and person.stuck:
        return Decision(Verb.BLOCK, Reason.NOT_TAKEN_OFF)
    if not person.desired or person.timing is Timing.EXPIRED:
        return Decision(Verb.KEEP, person.absence if not person.desired else Reason.EXPIRED)
    if person.standing is Standing.UNSURE:
        return Decision(Verb.BLOCK, Reason.UNSURE)
    if person.queued and person.revoked:
        return Decision(Verb.REPLACE, Reason.REVOKED)
    if person.twin and (person.approved or person.queued):
        # Two batches would call them twice, so both are cancelled whether or not they may be submitted again.
        return Decision(Verb.REPLACE if person.approved else Verb.CANCEL, Reason.TWINS)
    return _decide_wanted(person)


def _decide_wanted(person: PersonFacts) -> Decision:
    """Decide about a desired person who is neither unsure nor to be taken off."""
    due = _due_decision(person)
    if due is None:
        return Decision(Verb.KEEP, Reason.UNCHANGED)
    if person.timing is Timing.TOO_LATE:
        return Decision(Verb.CANCEL if person.queued else Verb.KEEP, Reason.EXPIRED)
    if not person.approved:
        return Decision(Verb.WAIT, Reason.NOT_APPROVED)
    if person.timing is not Timing.NOW:
        return _postpone(person)
    if due.verb is Verb.RETRY and person.before_retry:
        return Decision(Verb.WAIT, Reason.RETRY_AFTER)
    return due


def _removal_reason(person: PersonFacts) -> Reason | None:
    """Why a person must not be called by what they are queued in; None where they may be."""
    if not person.desired:
        return person.absence
    if person.timing is Timing.EXPIRED:
        return Reason.EXPIRED
    if person.timing is Timing.CLOSED:
        return Reason.CALLING_HOURS
    if person.halted:
        return Reason.HALTED
    if person.already_called:
        return Reason.TWINS
    return Reason.REVOKED if person.revoked and not _can_move(person) else None


def _can_move(person: PersonFacts) -> bool:
    """Whether a person who waits for a first call in a batch may be submitted again once it is cancelled."""
    is_waiting = person.standing is Standing.WAITING and person.timing is Timing.NOW
    return is_waiting and person.block is None and person.approved


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
