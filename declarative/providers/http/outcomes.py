"""The one place where answers become outcomes, by what can be concluded from them.

Pure: sends nothing. The provider's own error form is passed in.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TypeVar

import httpx
import orjson

from declarative.model.resource import Json
from declarative.privacy import redact
from declarative.providers.base import Ambiguous, Busy, Failure, NotSent, OutOfFunds, Rejected
from declarative.providers.http.clock import parse_http_date

T = TypeVar("T")

REJECTING = frozenset({400, 401, 402, 403, 404, 405, 413, 415, 422})
"""Statuses after which, in the provider's own error form, the request had no effect."""

TRANSIENT = frozenset({408, 425, 429})
"""Statuses below 500 after which a read may be repeated."""

_CALLS_PAUSED = "calls paused"  # callingbox.md 4.2: the HTTP status of this refusal is not documented
_FUNDS = re.compile(r"\b(balance|funds?|credits?|usage limit|calls paused)\b", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]*>([^<]{1,200})</title>", re.IGNORECASE)
_SECONDS = re.compile(r"\d{1,9}(\.\d+)?")


@dataclass(frozen=True)
class Answer:
    """A complete HTTP answer."""

    status: int
    """HTTP status code."""
    headers: httpx.Headers
    """Header names are matched in any case."""
    body: bytes
    """As received, decompressed."""
    data: Json
    """The body as JSON; None where it is not JSON."""

    sent: bytes = field(default=b"", repr=False)
    """The body of the request. Numbers in it are people's own, and are masked in the answer's text."""

    @classmethod
    def from_body(cls, status: int, headers: httpx.Headers, body: bytes, sent: bytes = b"") -> Answer:
        return cls(status, headers, body, _parse_json(body), sent)

    @property
    def is_accepted(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_transient(self) -> bool:
        """Whether a repeated read may succeed. An accepted answer that is not JSON was cut short, save one that says by
        its status that it has no body."""
        is_cut = self.is_accepted and self.status != 204 and self.data is None
        return self.status >= 500 or self.status in TRANSIENT or is_cut

    @property
    def retry_after(self) -> float | None:
        """Seconds from `Retry-After`, which may be a number or a date; None where it is missing or unreadable."""
        text = self.headers.get("retry-after", "").strip()
        if _SECONDS.fullmatch(text):
            return float(text)
        retry_at = parse_http_date(text)
        provider_time = parse_http_date(self.headers.get("date")) or datetime.now(UTC)
        return None if retry_at is None else max(0.0, (retry_at - provider_time).total_seconds())

    @property
    def excerpt(self) -> str:
        """The beginning of a body that is not in the provider's form, for people."""
        text = self.body[:2000].decode(errors="replace").strip()
        if not text.startswith("<"):
            return text
        title = _TITLE.search(text)
        return f'an HTML page, "{html.unescape(title.group(1)).strip()}"' if title else "an HTML page"


@dataclass(frozen=True)
class NoAnswer:
    """No complete answer came."""

    maybe_sent: bool
    """Whether a part of the request may have left this machine."""
    message: str
    """What went wrong, for people."""


ErrorParser = Callable[[Answer], str | None]
"""Returns the provider's message from an error answer; None where the answer is not in the provider's own form."""


def classify(
    answer: Answer | NoAnswer,
    parse_error: ErrorParser,
    parse_accepted: Callable[[Answer], T],
    *,
    secret: str = "",
) -> T | Failure:
    """Return the outcome of a request that dials or cancels."""
    # Protocol 3: sort by what the answer proves, not by what is likely. Only the provider's own error form proves that
    # nothing happened: a proxy may answer 403 after the provider has placed the call.
    if isinstance(answer, NoAnswer):
        return Ambiguous(answer.message) if answer.maybe_sent else NotSent(answer.message)
    if answer.is_accepted:
        return parse_accepted(answer)
    provider_message = parse_error(answer)
    message = describe_answer(answer, provider_message, secret=secret)
    if provider_message is not None and (
        answer.status == 402 or (answer.status >= 400 and _CALLS_PAUSED in provider_message.lower())
    ):
        return OutOfFunds(message)
    if provider_message is None:
        return Ambiguous(f"{message}{_gateway_hint(answer.status)}")
    if answer.status == 429:
        return Busy(answer.retry_after, message)
    return Rejected(answer.status, message) if answer.status in REJECTING else Ambiguous(message)


def _gateway_hint(status: int) -> str:
    """Return whose answer it probably was. A gateway's refusal proves nothing: it may come after the effect."""
    if status < 400 or status >= 500:
        return ""
    advice = ": send fewer people or less data in one request" if status == 413 else ""
    return f" (not in the provider's own form, as from a gateway in between{advice})"


def describe_answer(answer: Answer, provider_message: str | None, *, secret: str = "") -> str:
    """Return `answered 404 Not Found: agent not found`, with the provider's message or else the start of the body."""
    try:
        phrase = f" {HTTPStatus(answer.status).phrase}"
    except ValueError:
        phrase = ""
    text = redact(answer.excerpt if provider_message is None else provider_message, secret=secret, sent=answer.sent)
    return f"answered {answer.status}{phrase}: {text}" if text else f"answered {answer.status}{phrase}"


def is_out_of_funds(text: str) -> bool:
    """Tell whether a refusal is about money, by its words. No provider publishes a code for that."""
    return _FUNDS.search(text) is not None


def _parse_json(body: bytes) -> Json:
    try:
        data: Json = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return data
