"""The HTTP client of all providers: it repeats reads, and sends a request that dials exactly once.

Independent of any provider's routes and words.
"""

from __future__ import annotations

import logging
import math
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import TypeVar

import httpx

from declarative.errors import ProviderError, Unauthorized
from declarative.model.resource import Json
from declarative.privacy import mask, redact
from declarative.providers.base import Ambiguous, Failure, NotSent, Outcome, steady_seconds
from declarative.providers.http.clock import Clock
from declarative.providers.http.endpoint import Endpoint
from declarative.providers.http.outcomes import Answer, ErrorParser, NoAnswer, classify, describe_answer
from declarative.providers.http.repeats import send_with_retries
from declarative.providers.http.request import Body, Params, as_body, bearer, build_request
from declarative.providers.http.transport import AnswerRefused, BoundedTransport, describe_transport_error, exchange

T = TypeVar("T")

# Protocol 3: errors that come before a connection exists. Only after these is it sure that no byte left.
_NOT_SENT_ERRORS = (
    httpx.ConnectError,  # refused, DNS, TLS
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
_READER_LIMITS = httpx.Limits(max_connections=32, max_keepalive_connections=16)
# Protocol 2: a kept connection may be dead without our knowing whether the request left, so none is kept.
_DIALER_LIMITS = httpx.Limits(max_connections=64, max_keepalive_connections=0)
steps = logging.getLogger("dialctl.steps")
SLEPT = "this machine slept since the provider's time was last asked"
_NUMBER_IN_PATH = re.compile(r"(?<=/)(?:\+|%2B)?\d{7,15}(?![^/])")
_REQUEST_ID_HEADERS = ("x-request-id", "request-id", "x-amzn-requestid", "cf-ray")


class HttpClient:
    """A connection to one API under one key. Safe to use from several threads."""

    def __init__(
        self,
        endpoint: Endpoint,
        parse_error: ErrorParser,
        *,
        headers: Mapping[str, str] | None = None,
        key_headers: Callable[[str], Mapping[str, str]] = bearer,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = steady_seconds,
        dial_timeout: float = 60.0,
        answer_timeout: float = 120.0,
    ) -> None:
        """Open nothing yet. Raises ProviderError for CA certificates that cannot be read.

        `parse_error` recognizes the provider's own error form. `headers` go with every request, and so do those that
        `key_headers` makes of the key. `transport` replaces the network, and stays the caller's to close. Seconds:
        `dial_timeout` to wait for the next byte of the answer to a request that dials, `answer_timeout` for any
        exchange as a whole.
        """
        self.clock = Clock(monotonic=monotonic)
        self.host = endpoint.host
        self._endpoint = endpoint
        self._parse_error = parse_error
        self._sleep = sleep
        self._read_deadline: datetime | None = None
        self._owns_transport = transport is None
        self._answer_timeout = answer_timeout
        common_headers = {
            **key_headers(endpoint.key),
            "Accept-Encoding": "gzip, deflate",
            **(headers or {}),
        }
        self._reader = _open(endpoint, transport, common_headers, 30.0, _READER_LIMITS)
        self._dialer = _open(
            endpoint, transport, {**common_headers, "Connection": "close"}, dial_timeout, _DIALER_LIMITS
        )

    def get(self, path: str, params: Params | None = None) -> Json:
        """Return the JSON of a 2xx answer. Raises Unauthorized or ProviderError."""
        return self._json_or_raise("GET", path, self._read("GET", path, params))

    def read_by_post(self, path: str, body: Body) -> Json:
        """Return as `get` does, for a read that its API wants as a POST. It is repeated like any read."""
        return self._json_or_raise("POST", path, self._read("POST", path, None, body))

    def get_or_none(self, path: str) -> Json:
        """Return as `get` does; None where the provider itself answers 404. The 404 page of a proxy raises."""
        answer = self._read("GET", path, None)
        if isinstance(answer, Answer) and answer.status == 404 and self._parse_error(answer) is not None:
            return None
        return self._json_or_raise("GET", path, answer)

    def post_once(
        self,
        path: str,
        body: bytes | Body | None,
        parse_accepted: Callable[[Answer], Outcome],
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Outcome:
        """POST exactly once, over a fresh connection. `parse_accepted` reads a 2xx answer. `headers` are those of this
        request alone, such as an idempotency key.

        Never raises for what the network or the provider did.
        """
        # Protocol 6: after a suspend the start time in the body may be past. The caller asks for the time anew.
        if self.clock.is_stale():
            return NotSent(SLEPT)
        # Protocol 2: no repeat here, whatever the answer. Repeats are for `get` and `cancel`.
        answer = self._exchange(self._dialer, "POST", path, body=as_body(body), headers=headers)
        return self._classify(answer, parse_accepted)

    def cancel(
        self,
        path: str,
        parse_accepted: Callable[[Answer], T],
        *,
        method: str = "POST",
        body: Body | None = None,
        is_idempotent: bool = True,
    ) -> T | Failure:
        """Send what takes people off: repeated like a read, where it is documented to be idempotent, else once."""
        answers: list[Answer | NoAnswer] = []

        def send() -> Answer | NoAnswer:
            answers.append(self._exchange(self._dialer, method, path, body=body))
            return answers[-1]

        answer = send_with_retries(send, self._sleep) if is_idempotent else send()
        outcome = self._classify(answer, parse_accepted)
        # Protocol 3: the last attempt did not leave, but an earlier one may have.
        if isinstance(outcome, NotSent) and any(
            not isinstance(answer, NoAnswer) or answer.maybe_sent for answer in answers
        ):
            return Ambiguous(outcome.message)
        return outcome

    @contextmanager
    def reading_until(self, deadline: datetime) -> Iterator[None]:
        """Within it, no read lasts beyond `deadline`, by the provider's clock: it fails instead."""
        self._read_deadline = deadline
        try:
            yield
        finally:
            self._read_deadline = None

    def redact(self, text: str, sent: bytes = b"") -> str:
        """Return a provider's text, safe to print: without the key, phone numbers and digits of `sent` masked."""
        return redact(text, secret=self._endpoint.key, sent=sent)

    def failure(self, path: str, message: str, *, hint: str = "", method: str = "GET") -> ProviderError:
        """Return the error of a read, to raise."""
        return ProviderError(f"{self._endpoint.provider}: {method} {path} {self.redact(message)}", hint=hint)

    def close(self) -> None:
        """Close the connections. May be called twice."""
        if self._owns_transport:
            self._reader.close()
            self._dialer.close()

    def _read(self, method: str, path: str, params: Params | None, body: Body | None = None) -> Answer | NoAnswer:
        def send() -> Answer | NoAnswer:
            if self._remaining_seconds() <= 0:
                return NoAnswer(False, "could not be read in the time that was left for it")
            return self._exchange(self._reader, method, path, params=params, body=body)

        return send_with_retries(send, self._sleep, lambda state: state.upcoming_sleep >= self._remaining_seconds())

    def _remaining_seconds(self) -> float:
        """Return how long a read may still take; infinite without a deadline."""
        provider_time = self.clock.latest_now()
        if self._read_deadline is None or provider_time is None:
            return math.inf
        return (self._read_deadline - provider_time).total_seconds()

    def _classify(self, answer: Answer | NoAnswer, parse_accepted: Callable[[Answer], T]) -> T | Failure:
        try:
            return classify(answer, self._parse_error, parse_accepted, secret=self._endpoint.key)
        except ProviderError as problem:  # an accepted answer whose content cannot be read
            return Ambiguous(problem.message)

    def _json_or_raise(self, method: str, path: str, answer: Answer | NoAnswer) -> Json:
        failure = partial(self.failure, path, method=method)
        if isinstance(answer, NoAnswer):
            raise failure(answer.message, hint=f"check the network from here to {self.host}, and try again")
        if answer.is_accepted and answer.data is not None:
            return answer.data
        message = describe_answer(answer, self._parse_error(answer), secret=self._endpoint.key)
        if answer.is_accepted:
            raise failure(f"answered {answer.status}, but not with JSON: {answer.excerpt}")
        if answer.status == 401:
            raise Unauthorized(
                f"{self._endpoint.provider}: {method} {path} {message}", hint=f"look at {self._endpoint.key_names}"
            )
        raise failure(message, hint="try again later" if answer.is_transient else "")

    def _exchange(
        self,
        httpx_client: httpx.Client,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: Body | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer | NoAnswer:
        request = build_request(httpx_client, method, self._endpoint.base_url + path, params, body, headers)
        started = time.monotonic()
        answer: Answer | NoAnswer
        try:
            # Protocol 7: an answer that comes byte by byte must end before the guard does, too.
            is_read = httpx_client is self._reader
            seconds = min(self._answer_timeout, self._remaining_seconds()) if is_read else self._answer_timeout
            sent = b"" if body is None else body.content
            answer = Answer.from_body(*exchange(httpx_client, request, seconds), sent)
        except AnswerRefused as problem:
            answer = NoAnswer(True, str(problem))
        except httpx.HTTPError as problem:
            message = self.redact(describe_transport_error(problem, self._endpoint))
            answer = NoAnswer(not isinstance(problem, _NOT_SENT_ERRORS), message)
        else:
            if _is_own_form(answer, self._parse_error):
                self.clock.record(answer.headers)
        _log_exchange(method, path, answer, time.monotonic() - started)
        return answer


def _is_own_form(answer: Answer, parse_error: ErrorParser) -> bool:
    """Tell whether the provider itself answered. A proxy's page comes with the proxy's time."""
    return isinstance(answer.data, dict | list) if answer.is_accepted else parse_error(answer) is not None


def _log_exchange(method: str, path: str, answer: Answer | NoAnswer, seconds: float) -> None:
    """Log a line for people: no key, no query, no body, and no phone number in the path."""
    shown_path = _NUMBER_IN_PATH.sub(lambda found: mask(found.group()), path)
    milliseconds = f"{seconds * 1000:.0f} ms"
    if isinstance(answer, NoAnswer):
        steps.debug("http: %s %s no answer %s %s", method, shown_path, milliseconds, answer.message)
        return
    data = answer.data if isinstance(answer.data, dict) else {}
    request_id = next((text for name in _REQUEST_ID_HEADERS if (text := answer.headers.get(name))), None)
    shown_id = redact(request_id or str(data.get("request_id") or ""))
    steps.debug("http: %s %s %d %s %s", method, shown_path, answer.status, milliseconds, shown_id)


def _open(
    endpoint: Endpoint,
    transport: httpx.BaseTransport | None,
    headers: Mapping[str, str],
    read_timeout: float,
    limits: httpx.Limits,
) -> httpx.Client:
    # Protocol 2: no redirect is followed, because it would send a request that dials a second time.
    return httpx.Client(
        trust_env=False,
        follow_redirects=False,
        headers=headers,
        timeout=httpx.Timeout(read_timeout, connect=10.0),
        transport=transport or BoundedTransport(endpoint, limits),
    )
