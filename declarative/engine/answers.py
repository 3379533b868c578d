"""What an outcome says for people, and how long to wait after it. Pure."""

from __future__ import annotations

from declarative.engine.before_start import ANSWERED_LATE
from declarative.providers.base import Ambiguous, Busy, Done, NotSent, Outcome, OutOfFunds, Rejected

BAD_KEY = 401
"""The HTTP status of a wrong key: no later request to this provider can succeed."""
FAILS_RESOURCE = (403, 404)
"""HTTP statuses that every request for the same resource would get."""


def retry_delay(outcome: Outcome, try_index: int) -> float:
    """Seconds before the next try: what the provider asked for, otherwise 1, 2, 4, ..."""
    retry_after = outcome.retry_after if isinstance(outcome, Busy) else None
    return retry_after if retry_after is not None else float(2**try_index)


def outcome_message(outcome: Outcome) -> str:
    return outcome.message if isinstance(outcome, NotSent | Busy | Rejected | OutOfFunds | Ambiguous) else ""


def cancel_problem(outcome: Outcome) -> str:
    """Why a cancel proves nothing: it was not confirmed, or confirmed after the start."""
    return ANSWERED_LATE if isinstance(outcome, Done) else f"the cancel was not confirmed: {outcome_message(outcome)}"
