"""What a person does when the phone is called: a pure draw by (seed, number, attempt). Knows no provider, no clock."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import NamedTuple

OUTCOMES = """\
What happens to a number is decided by (seed, number, how often it was dialed before), and for the numbers
`+1xxx55501yy` by their last two digits:

\b
91  never answers (`dial_no_answer`)
92  busy
93  the carrier fails (`dial_failed`)
94  turned away before any phone is called
95  not answered the first time, reached from the second time on
96  voicemail (Cartesia: a short connected call; CallingBox: `no_answer`, answered by `machine`)
97  answers, then the call breaks with `error`
98  is called, and ends in words that no documentation knows (`diverted`)

Of all others 76 % are reached (20 to 180 seconds of talk), 16 % do not answer, 6 % are busy, 2 % fail. With
--lifelike, 1 % break with `error`, 1 % are turned away before any phone is called, and 1 in 500 ends as 98 does. A
number outside `+1` from a Cartesia number is turned away before any phone is called. Ids containing `missing` do
not exist; agents whose id contains `broken` break every call with `error`; Cartesia numbers whose id contains `sip`
or `twilio` are of that kind; keys containing `revoked` are refused.
"""
"""Shown by the help of `dialctl sandbox serve`."""


class Outcome(IntEnum):
    """How one attempt ends. The numbers are stored in databases, so new ones go to the end."""

    AGENT_HANGUP = 0
    CLIENT_HANGUP = 1
    MAX_DURATION = 2
    NO_ANSWER = 3
    BUSY = 4
    DIAL_FAILED = 5
    PRE_DIAL = 6
    VOICEMAIL = 7
    ERROR = 8
    API_CANCELLED = 9
    DIVERTED = 10


REACHED = frozenset({Outcome.AGENT_HANGUP, Outcome.CLIENT_HANGUP, Outcome.MAX_DURATION, Outcome.API_CANCELLED})
CONNECTED = REACHED | {Outcome.VOICEMAIL}
# "Recipients whose latest attempt failed or went unanswered", pre-dial failures included (assumed).
RETRIED = frozenset({Outcome.NO_ANSWER, Outcome.BUSY, Outcome.DIAL_FAILED, Outcome.PRE_DIAL, Outcome.ERROR})

_UNANSWERED_SECONDS = {
    Outcome.BUSY: 2.0,
    Outcome.DIAL_FAILED: 1.0,
    Outcome.PRE_DIAL: 0.0,
    Outcome.DIVERTED: 6.0,
}
_ANSWERED_SECONDS = {Outcome.VOICEMAIL: 12.0, Outcome.ERROR: 5.0}
_TEST_NUMBER = re.compile(r"\+1\d{3}55501(\d\d)")
_BY_SUFFIX = {
    "91": Outcome.NO_ANSWER,
    "92": Outcome.BUSY,
    "93": Outcome.DIAL_FAILED,
    "94": Outcome.PRE_DIAL,
    "96": Outcome.VOICEMAIL,
    "97": Outcome.ERROR,
    "98": Outcome.DIVERTED,
}
_LIFELIKE = ((10, Outcome.ERROR), (20, Outcome.PRE_DIAL), (22, Outcome.DIVERTED))
"""Outcomes of --lifelike, each up to a number in a thousand."""


class Draw(NamedTuple):
    """What will happen at one dial, before any cap is applied."""

    outcome: Outcome
    """How the attempt ends."""
    answer_after: int
    """Seconds of ringing before an answer."""
    talk: int
    """Seconds of talk after an answer."""


class AttemptTimes(NamedTuple):
    """Times of one attempt, in seconds from the moment of dialing."""

    outcome: Outcome
    """How the attempt ends, the caps on ringing and talk applied."""
    answer: float | None
    """Seconds from dialing to the answer; None if there is none."""
    end: float
    """Seconds from dialing to the end."""


def draw(
    seed: int, number: str, attempt: int, *, agent_id: str = "", us_only: bool = False, lifelike: bool = False
) -> Draw:
    """Draw what happens at the `attempt`-th dial (from 1) of an E.164 number by an agent.

    `us_only` turns other countries away. `lifelike` adds rare outcomes that a client does not hope for.
    """
    from hashlib import blake2b  # imported late: the command line imports this module for its help alone

    dice = int.from_bytes(blake2b(f"{seed}:{number}:{attempt}".encode(), digest_size=8).digest(), "big")
    answer_after, talk = 3 + (dice >> 8) % 12, 20 + (dice >> 16) % 161
    if us_only and not number.startswith("+1"):
        return Draw(Outcome.PRE_DIAL, answer_after, talk)
    if "broken" in agent_id:
        return Draw(Outcome.ERROR, answer_after, talk)
    hangup = Outcome.AGENT_HANGUP if (dice >> 32) & 1 else Outcome.CLIENT_HANGUP
    test_number = _TEST_NUMBER.fullmatch(number) if "55501" in number else None
    if test_number and test_number[1] == "95":
        return Draw(Outcome.NO_ANSWER if attempt < 2 else hangup, answer_after, talk)
    if test_number and test_number[1] in _BY_SUFFIX:
        return Draw(_BY_SUFFIX[test_number[1]], answer_after, talk)
    rare = _pick_rare_outcome((dice >> 40) % 1000) if lifelike else None
    return Draw(_pick_outcome(dice % 100, hangup) if rare is None else rare, answer_after, talk)


def _pick_rare_outcome(permille: int) -> Outcome | None:
    return next((outcome for bound, outcome in _LIFELIKE if permille < bound), None)


def _pick_outcome(percent: int, hangup: Outcome) -> Outcome:
    if percent < 76:
        return hangup
    if percent < 92:
        return Outcome.NO_ANSWER
    return Outcome.BUSY if percent < 98 else Outcome.DIAL_FAILED


def compute_times(fate: Draw, ringing: float, longest: float) -> AttemptTimes:
    """Compute the times of an attempt under a ringing time-out and a cap on talk, both in seconds."""
    outcome, answer = fate.outcome, min(fate.answer_after, ringing - 1)
    if outcome in REACHED:
        if fate.talk > longest:
            return AttemptTimes(Outcome.MAX_DURATION, answer, answer + longest)
        return AttemptTimes(outcome, answer, answer + fate.talk)
    if outcome is Outcome.NO_ANSWER:
        return AttemptTimes(outcome, None, ringing)
    if outcome in _ANSWERED_SECONDS:
        return AttemptTimes(outcome, answer, answer + _ANSWERED_SECONDS[outcome])
    return AttemptTimes(outcome, None, _UNANSWERED_SECONDS[outcome])
