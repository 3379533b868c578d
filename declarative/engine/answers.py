"""What an outcome says for people, and how long to wait after it; and the step around every request."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from declarative.engine.before_start import ANSWERED_LATE
from declarative.engine.results import Receipt, RequestStatus
from declarative.engine.run_context import RunContext
from declarative.providers.base import Busy, Done, Failure, NotSent, Outcome, OutOfFunds, Rejected

T = TypeVar("T")

steps = logging.getLogger("dialctl.steps")

TRIES = 4
"""How often one request is sent at most, where each earlier try was certainly not done."""
LONGEST_PAUSE = 600.0
"""Seconds. A run does not wait for a provider that asks for a longer pause between two tries."""
BAD_KEY = 401
"""The HTTP status of a wrong key: no later request to this provider can succeed."""
FAILS_RESOURCE = (403, 404)
"""HTTP statuses that every request for the same resource would get."""


def retry_delay(outcome: Outcome, try_index: int) -> float:
    """Seconds before the next try: what the provider asked for, otherwise 1, 2, 4, ..."""
    retry_after = outcome.retry_after if isinstance(outcome, Busy) else None
    return retry_after if retry_after is not None else float(2**try_index)


def outcome_message(outcome: Outcome) -> str:
    return outcome.message if isinstance(outcome, Failure) else ""


def cancel_problem(outcome: Outcome) -> str:
    """Why a cancel proves nothing: it was not confirmed, or confirmed after the start."""
    return ANSWERED_LATE if isinstance(outcome, Done) else f"the cancel was not confirmed: {outcome_message(outcome)}"


def failure_receipt(outcome: NotSent | Busy | Rejected | OutOfFunds) -> Receipt | None:
    """Says why a request was not done; None where the next try may succeed."""
    if isinstance(outcome, NotSent | Busy):
        return None
    if isinstance(outcome, OutOfFunds):
        return Receipt(RequestStatus.OUT_OF_FUNDS, message=outcome.message)
    return Receipt(RequestStatus.FAILED, message=outcome.message, final=outcome.status in FAILS_RESOURCE)


def stops_provider(outcome: Outcome) -> bool:
    """Whether no later request to the same provider can succeed in this run."""
    return isinstance(outcome, OutOfFunds) or (isinstance(outcome, Rejected) and outcome.status == BAD_KEY)


def send(run: RunContext, description: str, request: Callable[[], T]) -> T:
    """Sends one request, once."""
    # Protocol 11: writing the intent may have taken long. A run that took the lease meanwhile may not have read it.
    run.lease.check()
    steps.debug("send: %s", description)
    outcome = request()
    steps.debug("answer: %s: %s", description, type(outcome).__name__)
    return outcome
