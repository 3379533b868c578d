"""The HTTP client of all providers: it repeats reads, and sends a request that dials exactly once.

Independent of any provider's routes and words.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping
from functools import partial

import httpx
from tenacity import RetryCallState, Retrying, retry_if_result, stop_after_attempt, wait_random_exponential

from declarative.errors import ProviderError, Unauthorized
from declarative.model.resource import Json
from declarative.privacy import redact
from declarative.providers.base import Ambiguous, NotSent, Outcome
from declarative.providers.http.clock import Clock
from declarative.providers.http.endpoint import Endpoint
from declarative.providers.http.outcomes import Answer, ErrorParser, NoAnswer, classify, describe_answer

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
_ERRNO = re.compile(r"^\[Errno -?\d+\] ")
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
        monotonic: Callable[[], float] = time.monotonic,
        dial_timeout: float = 60.0,
    ) -> None:
        """Open nothing yet.

        `parse_error` recognizes the provider's own error form. `headers` go with every request. `transport` replaces
        the network, and stays the caller's to close. `dial_timeout` is in seconds: how long to wait for the answer to
        a request that dials.
        """
        self.clock = Clock(monotonic=monotonic)
        self.host = endpoint.host
        self._endpoint = endpoint
        self._parse_error = parse_error
        self._sleep = sleep
        self._owns_transport = transport is None
        verify = httpx.create_ssl_context() if transport is None else True
        common_headers = {"Authorization": f"Bearer {endpoint.key}", **(headers or {})}
        # Protocol 2: no redirect is followed, because it would send a request that dials a second time.
        # A proxy from the environment does not apply to a server on this machine.
        new_client = partial(
            httpx.Client,
            transport=transport,
            verify=verify,
            trust_env=not endpoint.loopback,
            follow_redirects=False,
        )
        self._reader = new_client(headers=common_headers, timeout=_timeout(30.0), limits=_READER_LIMITS)
        self._dialer = new_client(
            headers={**common_headers, "Connection": "close"}, timeout=_timeout(dial_timeout), limits=_DIALER_LIMITS
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
        # Protocol 2: no repeat here, whatever the answer. Repeats are for `get` and `cancel`.
        return self._classify(self._exchange(self._dialer, "POST", path, body=body), parse_accepted)

    def cancel(self, path: str, parse_accepted: Callable[[Answer], Outcome]) -> Outcome:
        """POST, repeated like a read. Only for a request that is documented to be idempotent."""
        answers: list[Answer | NoAnswer] = []

        def send() -> Answer | NoAnswer:
            answers.append(self._exchange(self._dialer, "POST", path))
            return answers[-1]

        outcome = self._classify(self._send_with_retries(send), parse_accepted)
        # Protocol 3: the last attempt did not leave, but an earlier one may have.
        if isinstance(outcome, NotSent) and any(
            not isinstance(answer, NoAnswer) or answer.maybe_sent for answer in answers
        ):
            return Ambiguous(outcome.message)
        return outcome

    def redact(self, text: str) -> str:
        """Return a provider's text, safe to print: without the key, phone numbers masked."""
        return redact(text, secret=self._endpoint.key)

    def failure(self, path: str, message: str, *, hint: str = "") -> ProviderError:
        """Return the error of a read, to raise."""
        return ProviderError(f"{self._endpoint.provider}: GET {path} {self.redact(message)}", hint=hint)

    def close(self) -> None:
        """Close the connections. May be called twice."""
        if self._owns_transport:
            self._reader.close()
            self._dialer.close()

    def _read(self, path: str, params: Mapping[str, str] | None) -> Answer | NoAnswer:
        return self._send_with_retries(lambda: self._exchange(self._reader, "GET", path, params=params))

    def _classify(self, answer: Answer | NoAnswer, parse_accepted: Callable[[Answer], Outcome]) -> Outcome:
        return classify(answer, self._parse_error, parse_accepted, secret=self._endpoint.key)

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

    def _send_with_retries(self, send: Callable[[], Answer | NoAnswer]) -> Answer | NoAnswer:
        retrying = Retrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=_backoff_delay,
            retry=retry_if_result(_is_retryable),
            retry_error_callback=_last_answer,
            sleep=self._sleep,
        )
        return retrying(send)

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
        steps.debug("http: %s %s", method, path)
        try:
            response = httpx_client.request(method, url, params=params, content=body, headers=headers)
        except httpx.HTTPError as problem:
            return NoAnswer(not isinstance(problem, _NOT_SENT_ERRORS), self.redact(_describe_transport_error(problem)))
        self.clock.record(response.headers)
        return Answer.from_response(response)


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


def _describe_transport_error(problem: httpx.HTTPError) -> str:
    match problem:
        case httpx.ConnectTimeout():
            return "could not connect in time"
        case httpx.ConnectError() | httpx.ProxyError():
            return f"could not connect: {_ERRNO.sub('', str(problem))}"
        case httpx.WriteTimeout() | httpx.WriteError():
            return "lost the connection while the request was being sent"
        case httpx.ReadTimeout():
            return "gave no answer in time"
        case httpx.DecodingError():
            return "gave an answer that cannot be decoded"
        case httpx.ReadError() | httpx.RemoteProtocolError():
            return "lost the connection before the answer was complete"
        case _:
            return "broke off the exchange"
