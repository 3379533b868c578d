"""Recognizes Twilio's own error form, and what its codes say (twilio.md 1 and 5)."""

from __future__ import annotations

import re

from declarative.providers.base import Busy, Outcome, OutOfFunds, Rejected
from declarative.providers.http.outcomes import Answer, is_out_of_funds
from declarative.providers.http.parse import dict_or_empty, int_or_none, text_or_none

_FIELDS = frozenset({"code", "message", "more_info", "status", "details"})
_QUEUE_FULL = 22005
_TOO_MANY = (20429, _QUEUE_FULL)
"""Codes under which 429 says that nothing happened."""
_CODE = re.compile(r"\(code (\d{4,6})\)$")
_INACTIVE = re.compile(r"\b(suspended|closed|not active|inactive)\b", re.IGNORECASE)


def parse_error(answer: Answer) -> str | None:
    """Return the message and the code; None for any other form, and for a 429 that is not known to be a refusal."""
    # Protocol 3: an object with other fields, or about another status, could be the JSON of a proxy.
    error = dict_or_empty(answer.data)
    code, message = int_or_none(error.get("code")), text_or_none(error.get("message"))
    if code is None or message is None or not error.keys() <= _FIELDS:
        return None
    if error.get("status") not in (None, answer.status) or (answer.status == 429 and code not in _TOO_MANY):
        return None
    return f"{message} (code {code})"


def sort_refusal(outcome: Outcome) -> Outcome:
    """Return the outcome of a request that dials by the code of its refusal: a full queue is no reason to give the
    person up, and without money or account no later request can succeed."""
    if not isinstance(outcome, Rejected):
        return outcome
    code = _CODE.search(outcome.message)
    if code is not None and int(code[1]) == _QUEUE_FULL:
        return Busy(None, outcome.message)
    if is_out_of_funds(outcome.message) or _INACTIVE.search(outcome.message):
        return OutOfFunds(outcome.message)
    return outcome
