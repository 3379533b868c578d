"""The one layer over HTTP: reads are repeated, a request that dials is sent exactly once. Knows no provider's
routes or words."""

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
from declarative.providers.http.endpoint import Access
from declarative.providers.http.outcomes import Answer, ErrorForm, NoAnswer, classify, describe

ATTEMPTS = 5
LONGEST_PAUSE = 60.0  # seconds; a provider that asks for more is not waited for

_NOTHING_LEFT = (
    httpx.ConnectError,  # refused, DNS, TLS
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
_READER_LIMITS = httpx.Limits(max_connections=32, max_keepalive_connections=16)
_DIALER_LIMITS = httpx.Limits(max_connections=32, max_keepalive_connections=0)
steps = logging.getLogger("dialctl.steps")
_ERRNO = re.compile(r"^\[Errno -?\d+\] ")
_BACKOFF = wait_random_exponential(multiplier=0.5, max=15)


class HttpClient:
    """A connection to one API under one key; safe to use from several threads.

    `form` tells the provider's own error form; `dial_timeout` is how long, in seconds, the answer to a
    request that dials is waited for. A `transport` that is handed in is the caller's to close.
    """

    def __init__(
        self,
        access: Access,
        form: ErrorForm,
        *,
        headers: Mapping[str, str] | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        dial_timeout: float = 60.0,
    ) -> None:
        self.clock = Clock(monotonic=monotonic)
        self.host = access.host
        self._access = access
        self._form = form
        self._sleep = sleep
        self._owned = transport is None
        verify = httpx.create_ssl_context() if transport is None else True
        common = {"Authorization": f"Bearer {access.key}", **(headers or {})}
        # A proxy of the environment has no business between us and this machine.
        shared = partial(
            httpx.Client,
            transport=transport,
            verify=verify,
            trust_env=not access.loopback,
            follow_redirects=False,
        )
        self._reader = shared(headers=common, timeout=_timeout(30.0), limits=_READER_LIMITS)
        # A kept connection may be dead without our knowing whether the request left; so none is kept.
        self._dialer = shared(
            headers={**common, "Connection": "close"}, timeout=_timeout(dial_timeout), limits=_DIALER_LIMITS
        )

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Json:
        """The JSON of a 2xx answer. Raises Unauthorized or ProviderError."""
        return self._data(path, self._read(path, params))

    def get_or_none(self, path: str) -> Json:
        """As `get`; None where the provider itself answers 404, which a proxy's page does not count as."""
        result = self._read(path, None)
        if isinstance(result, Answer) and result.status == 404 and self._form(result) is not None:
            return None
        return self._data(path, result)

    def post_once(self, path: str, body: bytes | None, accepted: Callable[[Answer], Outcome]) -> Outcome:
        """POST exactly once over a fresh connection; `accepted` reads a 2xx answer. Never raises for what the
        network or the provider did."""
        return self._sorted(self._exchange(self._dialer, "POST", path, body=body), accepted)

    def cancel(self, path: str, accepted: Callable[[Answer], Outcome]) -> Outcome:
        """POST as often as a read, for a request that is documented to be idempotent."""
        results: list[Answer | NoAnswer] = []

        def once() -> Answer | NoAnswer:
            results.append(self._exchange(self._dialer, "POST", path))
            return results[-1]

        outcome = self._sorted(self._repeated(once), accepted)
        if isinstance(outcome, NotSent) and any(not isinstance(one, NoAnswer) or one.sent for one in results):
            return Ambiguous(outcome.message)
        return outcome

    def redact(self, text: str) -> str:
        return redact(text, secret=self._access.key)

    def failure(self, path: str, message: str, *, hint: str = "") -> ProviderError:
        return ProviderError(f"{self._access.provider}: GET {path} {self.redact(message)}", hint=hint)

    def close(self) -> None:
        if self._owned:
            self._reader.close()
            self._dialer.close()

    def _read(self, path: str, params: Mapping[str, str] | None) -> Answer | NoAnswer:
        return self._repeated(lambda: self._exchange(self._reader, "GET", path, params=params))

    def _sorted(self, result: Answer | NoAnswer, accepted: Callable[[Answer], Outcome]) -> Outcome:
        return classify(result, self._form, accepted, secret=self._access.key)

    def _data(self, path: str, result: Answer | NoAnswer) -> Json:
        if isinstance(result, NoAnswer):
            raise self.failure(path, result.message, hint=f"check the network from here to {self.host}, and try again")
        if result.accepted and result.data is not None:
            return result.data
        message = describe(result, self._form(result), secret=self._access.key)
        if result.accepted:
            raise self.failure(path, f"answered {result.status}, but not with JSON: {result.excerpt}")
        if result.status == 401:
            raise Unauthorized(
                f"{self._access.provider}: GET {path} {message}", hint=f"look at {self._access.key_variable}"
            )
        raise self.failure(path, message, hint="try again later" if result.passing else "")

    def _repeated(self, once: Callable[[], Answer | NoAnswer]) -> Answer | NoAnswer:
        retrying = Retrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=_pause,
            retry=retry_if_result(_worth_repeating),
            retry_error_callback=_last_result,
            sleep=self._sleep,
        )
        return retrying(once)

    def _exchange(
        self,
        client: httpx.Client,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer | NoAnswer:
        headers = None if body is None else {"Content-Type": "application/json"}
        url = self._access.base_url + path
        steps.debug("http: %s %s", method, path)
        try:
            response = client.request(method, url, params=params, content=body, headers=headers)
        except httpx.HTTPError as problem:
            return NoAnswer(not isinstance(problem, _NOTHING_LEFT), self.redact(_reason(problem)))
        self.clock.note(response.headers)
        return Answer.of(response)


def _timeout(read: float) -> httpx.Timeout:
    return httpx.Timeout(read, connect=10.0)


def _worth_repeating(result: Answer | NoAnswer) -> bool:
    if isinstance(result, NoAnswer):
        return True
    return result.passing and (result.retry_after or 0.0) <= LONGEST_PAUSE


def _last_result(state: RetryCallState) -> Answer | NoAnswer:
    assert state.outcome is not None
    result: Answer | NoAnswer = state.outcome.result()
    return result


def _pause(state: RetryCallState) -> float:
    result = _last_result(state)
    asked = result.retry_after if isinstance(result, Answer) else None
    backoff = _BACKOFF(state)
    return backoff if asked is None else max(asked, backoff)


def _reason(problem: httpx.HTTPError) -> str:
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
