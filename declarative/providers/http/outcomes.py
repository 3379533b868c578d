"""What may be concluded from an exchange: the one place where answers become outcomes. Pure: sends nothing
and knows no provider, whose own error form is handed in."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

import httpx
import orjson

from declarative.model.resource import Json
from declarative.privacy import redact
from declarative.providers.base import Ambiguous, Busy, NotSent, Outcome, OutOfFunds, Rejected
from declarative.providers.http.clock import http_date

REJECTING = frozenset({400, 401, 402, 403, 404, 405, 413, 415, 422})
"""Statuses by which a provider, in its own words, says that nothing happened."""

PASSING = frozenset({408, 425, 429})
"""Statuses below 500 after which a read may be repeated."""

_PAUSED = "calls paused"  # callingbox.md 4.2: the HTTP status of this refusal is documented nowhere
_FUNDS = re.compile(r"\b(balance|funds?|credits?|usage limit|calls paused)\b", re.IGNORECASE)
_SECONDS = re.compile(r"\d{1,9}(\.\d+)?")


@dataclass(frozen=True)
class Answer:
    """A whole answer. `data` is its JSON, None where it is none."""

    status: int
    headers: httpx.Headers
    body: bytes
    data: Json

    @classmethod
    def of(cls, response: httpx.Response) -> Answer:
        return cls(response.status_code, response.headers, response.content, _json(response.content))

    @property
    def accepted(self) -> bool:
        return 200 <= self.status < 300

    @property
    def passing(self) -> bool:
        """Whether a repeated read may well succeed; an accepted answer that is no JSON was cut short."""
        return self.status >= 500 or self.status in PASSING or (self.accepted and self.data is None)

    @property
    def retry_after(self) -> float | None:
        """Seconds, from `Retry-After` in either of its forms."""
        text = self.headers.get("retry-after", "").strip()
        if _SECONDS.fullmatch(text):
            return float(text)
        until = http_date(text)
        here = http_date(self.headers.get("date")) or datetime.now(UTC)
        return None if until is None else max(0.0, (until - here).total_seconds())

    @property
    def excerpt(self) -> str:
        """The beginning of a body whose form is foreign, for a person."""
        text = self.body[:2000].decode(errors="replace").strip()
        return "an HTML page" if text.startswith("<") else text


@dataclass(frozen=True)
class NoAnswer:
    """No whole answer. `sent`: a part of the request may have left."""

    sent: bool
    message: str


ErrorForm = Callable[[Answer], str | None]
"""The provider's own words in an error answer; None where the answer is not in the provider's own form."""


def classify(
    result: Answer | NoAnswer, form: ErrorForm, accepted: Callable[[Answer], Outcome], *, secret: str = ""
) -> Outcome:
    """What a request that dials or cancels may be said to have done (CONTRIBUTING.md, "The protocol", 3)."""
    if isinstance(result, NoAnswer):
        return Ambiguous(result.message) if result.sent else NotSent(result.message)
    if result.accepted:
        return accepted(result)
    words = form(result)
    message = describe(result, words, secret=secret)
    if words is not None and (result.status == 402 or (result.status >= 400 and _PAUSED in words.lower())):
        return OutOfFunds(message)
    if result.status == 429:
        return Busy(result.retry_after, message)
    if words is not None and result.status in REJECTING:
        return Rejected(result.status, message)
    return Ambiguous(message)


def describe(answer: Answer, words: str | None, *, secret: str = "") -> str:
    """`answered 404 Not Found: agent not found`, from the provider's own words or else from what there is."""
    try:
        phrase = f" {HTTPStatus(answer.status).phrase}"
    except ValueError:
        phrase = ""
    text = redact(answer.excerpt if words is None else words, secret=secret)
    return f"answered {answer.status}{phrase}: {text}" if text else f"answered {answer.status}{phrase}"


def speaks_of_funds(text: str) -> bool:
    """Whether a refusal is for want of money; no provider publishes a code for that."""
    return _FUNDS.search(text) is not None


def _json(body: bytes) -> Json:
    try:
        data: Json = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return data
