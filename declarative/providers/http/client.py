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

import httpx
from tenacity import RetryCallState, Retrying, retry_if_result, wait_random_exponential

from declarative.errors import ProviderError, Unauthorized
from declarative.model.resource import Json
from declarative.privacy import mask, redact
from declarative.providers.base import Ambiguous, NotSent, Outcome, steady_seconds
from declarative.providers.http.clock import Clock
from declarative.providers.http.endpoint import Endpoint
from declarative.providers.http.outcomes import Answer, ErrorParser, NoAnswer, classify, describe_answer
from declarative.providers.http.transport import AnswerRefused, BoundedTransport, describe_transport_error, exchange

ATTEMPTS = 5
"""How often a read is sent at most."""
MAX_RETRY_DELAY = 60.0
"""Seconds. A read is not repeated where the provider asks for a longer wait."""

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
_DIALER_LIMITS = httpx.Limits(max_connections=32, max_keepalive_connections=0)
steps = logging.getLogger("dialctl.steps")
SLEPT = "this machine slept since the provider's time was last asked"
_NUMBER_IN_PATH = re.compile(r"(?<=/)(?:\+|%2B)?\d{7,15}(?![^/])")
_REQUEST_ID_HEADERS = ("x-request-id", "request-id", "x-amzn-requestid", "cf-ray")
_BACKOFF = wait_random_exponential(multiplier=0.5, max=15)


class HttpClient:
    """A connection to one API under one key. Safe to use from several threads."""

    def __init__(
        self,
        endpoint: Endpoint,
        parse_error: ErrorParser,
        *,
        headers: Mapping[str, str] | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = steady_seconds,
        dial_timeout: float = 60.0,
        answer_timeout: float = 120.0,
    ) -> None:
        """Open nothing yet. Raises ProviderError for CA certificates that cannot be read.

        `parse_error` recognizes the provider's own error form. `headers` go with every request. `transport` replaces
        the network, and stays the caller's to close. Seconds: `dial_timeout` to wait for the next byte of the answer to
        a request that dials, `answer_timeout` for any exchange as a whole.
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
            "Authorization": f"Bearer {endpoint.key}",
            "Accept-Encoding": "gzip, deflate",
            **(headers or {}),
        }
        # Protocol 2: no redirect is followed, because it would send a request that dials a second time.
        new_client = partial(httpx.Client, trust_env=False, follow_redirects=False)
        self._reader = new_client(
            headers=common_headers,
            timeout=_timeout(30.0),
            transport=transport or BoundedTransport(endpoint, _READER_LIMITS),
        )
        self._dialer = new_client(
            headers={**common_headers, "Connection": "close"},
            timeout=_timeout(dial_timeout),
            transport=transport or BoundedTransport(endpoint, _DIALER_LIMITS),
        )

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Json:
        """Return the JSON of a 2xx answer. Raises Unauthorized or ProviderError."""
        return self._json_or_raise(path, self._read(path, params))

    def get_or_none(self, path: str) -> Json:
        """Return as `get` does; None where the provider itself answers 404. The 404 page of a proxy raises."""
        answer = self._read(path, None)
        if isinstance(answer, Answer) and answer.status == 404 and self._parse_error(answer) is not None:
            return None
        return self._json_or_raise(path, answer)

    def post_once(self, path: str, body: bytes | None, parse_accepted: Callable[[Answer], Outcome]) -> Outcome:
        """POST exactly once, over a fresh connection. `parse_accepted` reads a 2xx answer.

        Never raises for what the network or the provider did.
        """
        # Protocol 6: after a suspend the start time in the body may be past. The caller asks for the time anew.
        if self.clock.is_stale():
            return NotSent(SLEPT)
        # Protocol 2: no repeat here, whatever the answer. Repeats are for `get` and `cancel`.
        return self._classify(self._exchange(self._dialer, "POST", path, body=body), parse_accepted)

    def cancel(self, path: str, parse_accepted: Callable[[Answer], Outcome]) -> Outcome:
        """POST, repeated like a read. Only for a request that is documented to be idempotent."""
        answers: list[Answer | NoAnswer] = []

        def send() -> Answer | NoAnswer:
            answers.append(self._exchange(self._dialer, "POST", path))
            return answers[-1]

        outcome = self._classify(_send_with_retries(send, self._sleep), parse_accepted)
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

    def failure(self, path: str, message: str, *, hint: str = "") -> ProviderError:
        """Return the error of a read, to raise."""
        return ProviderError(f"{self._endpoint.provider}: GET {path} {self.redact(message)}", hint=hint)

    def close(self) -> None:
        """Close the connections. May be called twice."""
        if self._owns_transport:
            self._reader.close()
            self._dialer.close()

    def _read(self, path: str, params: Mapping[str, str] | None) -> Answer | NoAnswer:
        def send() -> Answer | NoAnswer:
            if self._remaining_seconds() <= 0:
                return NoAnswer(False, "could not be read in the time that was left for it")
            return self._exchange(self._reader, "GET", path, params=params)

        return _send_with_retries(send, self._sleep, lambda state: state.upcoming_sleep >= self._remaining_seconds())

    def _remaining_seconds(self) -> float:
        """Return how long a read may still take; infinite without a deadline."""
        provider_time = self.clock.latest_now()
        if self._read_deadline is None or provider_time is None:
            return math.inf
        return (self._read_deadline - provider_time).total_seconds()

    def _classify(self, answer: Answer | NoAnswer, parse_accepted: Callable[[Answer], Outcome]) -> Outcome:
        try:
            return classify(answer, self._parse_error, parse_accepted, secret=self._endpoint.key)
        except ProviderError as problem:  # an accepted answer whose content cannot be read
            return Ambiguous(problem.message)

    def _json_or_raise(self, path: str, answer: Answer | NoAnswer) -> Json:
        if isinstance(answer, NoAnswer):
            raise self.failure(path, answer.message, hint=f"check the network from here to {self.host}, and try again")
        if answer.is_accepted and answer.data is not None:
            return answer.data
        message = describe_answer(answer, self._parse_error(answer), secret=self._endpoint.key)
        if answer.is_accepted:
            raise self.failure(path, f"answered {answer.status}, but not with JSON: {answer.excerpt}")
        if answer.status == 401:
            raise Unauthorized(
                f"{self._endpoint.provider}: GET {path} {message}", hint=f"look at {self._endpoint.key_variable}"
            )
        raise self.failure(path, message, hint="try again later" if answer.is_transient else "")

    def _exchange(
        self,
        httpx_client: httpx.Client,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer | NoAnswer:
        headers = None if body is None else {"Content-Type": "application/json"}
        url = self._endpoint.base_url + path
        request = httpx_client.build_request(method, url, params=params, content=body, headers=headers)
        started = time.monotonic()
        answer: Answer | NoAnswer
        try:
            # Protocol 7: an answer that comes byte by byte must end before the guard does, too.
            seconds = self._answer_timeout if method != "GET" else min(self._answer_timeout, self._remaining_seconds())
            answer = Answer.from_body(*exchange(httpx_client, request, seconds), body or b"")
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


def _send_with_retries(
    send: Callable[[], Answer | NoAnswer],
    sleep: Callable[[float], None],
    is_too_late: Callable[[RetryCallState], bool] = lambda _: False,
) -> Answer | NoAnswer:
    retrying = Retrying(
        stop=lambda state: state.attempt_number >= ATTEMPTS or is_too_late(state),
        wait=_backoff_delay,
        retry=retry_if_result(_is_retryable),
        retry_error_callback=_last_answer,
        sleep=sleep,
    )
    return retrying(send)


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


def _timeout(read: float) -> httpx.Timeout:
    return httpx.Timeout(read, connect=10.0)


def _is_retryable(answer: Answer | NoAnswer) -> bool:
    if isinstance(answer, NoAnswer):
        return True
    return answer.is_transient and (answer.retry_after or 0.0) <= MAX_RETRY_DELAY


def _last_answer(retry_state: RetryCallState) -> Answer | NoAnswer:
    assert retry_state.outcome is not None
    answer: Answer | NoAnswer = retry_state.outcome.result()
    return answer


def _backoff_delay(retry_state: RetryCallState) -> float:
    answer = _last_answer(retry_state)
    retry_after = answer.retry_after if isinstance(answer, Answer) else None
    backoff = _BACKOFF(retry_state)
    return backoff if retry_after is None else max(retry_after, backoff)
