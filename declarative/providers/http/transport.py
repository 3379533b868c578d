"""One HTTP exchange within bounds of bytes, values and time, through the proxy and the CAs that the endpoint names.

Independent of any provider's routes and words.
"""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any

import httpcore
import httpx

from declarative.errors import ProviderError
from declarative.providers.http.endpoint import Endpoint

MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""Bytes of a whole answer, decoded. The largest that is known of is a batch of 5,000 people with 8 kB each."""
MAX_ANSWER_VALUES = 5_000_000
"""JSON values of a whole answer. Each takes up to 70 bytes of memory."""
_CODINGS = frozenset({"", "identity", "gzip", "deflate"})
"""Content codings that are read. Two of them at once could decode a few bytes into more than the memory holds."""

_ERROR_NOISE = re.compile(r"^\[[^]]*\] | \(_ssl\.c:\d+\)")

_deadline: ContextVar[float] = ContextVar("deadline")
"""Until when the exchange of this thread may take, by time.monotonic()."""


class AnswerRefused(Exception):
    """An answer beyond the bounds. Its text says which, for people."""


class BoundedTransport(httpx.HTTPTransport):
    """Ends an exchange at its deadline, even where every single byte comes in time."""

    def __init__(self, endpoint: Endpoint, limits: httpx.Limits) -> None:
        context = _ssl_context(endpoint)
        super().__init__(verify=context, limits=limits, proxy=_proxy(endpoint, context), trust_env=False)
        # httpx has no parameter for the backend. Its timeouts start anew with each byte that arrives.
        self._pool._network_backend = _BoundedBackend(self._pool._network_backend)


def exchange(httpx_client: httpx.Client, request: httpx.Request, seconds: float) -> tuple[int, httpx.Headers, bytes]:
    """Send once and return status, headers and the decoded body. Raises httpx.HTTPError or AnswerRefused."""
    _deadline.set(time.monotonic() + seconds)
    response = httpx_client.send(request, stream=True)
    try:
        return response.status_code, response.headers, _read_body(response)
    finally:
        response.close()


def _read_body(response: httpx.Response) -> bytes:
    if response.headers.get("content-encoding", "").strip().lower() not in _CODINGS:
        raise AnswerRefused("gave an answer in an encoding that was not asked for")
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise AnswerRefused(f"gave an answer of more than {MAX_ANSWER_BYTES:,} bytes")
        if time.monotonic() > _deadline.get():
            raise httpx.ReadTimeout("the whole answer took too long")
    if body.count(b",") + body.count(b"[") + body.count(b"{") > MAX_ANSWER_VALUES:
        raise AnswerRefused(f"gave an answer of more than {MAX_ANSWER_VALUES:,} values")
    return bytes(body)


def _time_left(timeout: float | None) -> float:
    left = _deadline.get() - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the whole answer took too long")
    return left if timeout is None else min(timeout, left)


class _BoundedBackend(httpcore.NetworkBackend):
    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self._backend = backend

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        return _BoundedStream(self._backend.connect_tcp(host, port, timeout, local_address, socket_options))


class _BoundedStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _time_left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _time_left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _BoundedStream(self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _proxy(endpoint: Endpoint, context: ssl.SSLContext) -> httpx.Proxy | None:
    if not endpoint.proxy:
        return None
    return httpx.Proxy(endpoint.proxy, ssl_context=context if endpoint.proxy.startswith("https://") else None)


def _ssl_context(endpoint: Endpoint) -> ssl.SSLContext:
    """Return the CAs of SSL_CERT_FILE or SSL_CERT_DIR; without either, those that the system trusts."""
    if endpoint.base_url.startswith("http://"):  # this machine: no certificate is ever looked at
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if endpoint.ca_file or endpoint.ca_directory:
        try:
            return ssl.create_default_context(cafile=endpoint.ca_file or None, capath=endpoint.ca_directory or None)
        except OSError as problem:
            raise ProviderError(
                f"the CA certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read: {problem.strerror}",
                hint="it must be a file of certificates in PEM form; unset it to trust what the system trusts",
            ) from None
    import truststore

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def describe_transport_error(problem: httpx.HTTPError, endpoint: Endpoint) -> str:
    """Return what went wrong, for people. What is about the way names the proxy, or where the CAs come from."""
    match problem:
        case httpx.ConnectTimeout():
            return f"could not connect in time{_through(endpoint)}"
        case httpx.ConnectError() | httpx.ProxyError():
            cause = _ERROR_NOISE.sub("", str(problem))
            return f"could not connect{_through(endpoint)}: {cause}{_trusted_cas(cause, endpoint)}"
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


def _through(endpoint: Endpoint) -> str:
    if not endpoint.proxy:
        return ""
    proxy = httpx.URL(endpoint.proxy)
    return f" through the proxy {proxy.host}{f':{proxy.port}' if proxy.port else ''} ({endpoint.proxy_variable})"


def _trusted_cas(cause: str, endpoint: Endpoint) -> str:
    if "certificate" not in cause:
        return ""
    if endpoint.ca_file or endpoint.ca_directory:
        return "; only the CAs of SSL_CERT_FILE or SSL_CERT_DIR are trusted"
    return "; the CAs that this system trusts were asked, SSL_CERT_FILE can name others"
