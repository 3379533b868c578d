"""One HTTP exchange within bounds of bytes, values and time, through the proxy and the CAs that the endpoint names.

Independent of any provider's routes and words.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import httpcore
import httpx

from declarative.errors import ProviderError
from declarative.providers.http import network
from declarative.providers.http.endpoint import Endpoint

MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""Bytes of a whole answer, decoded. The largest that is known of is a batch of 5,000 people with 8 kB each."""
MAX_ANSWER_VALUES = 5_000_000
"""JSON values of a whole answer. Each takes up to 70 bytes of memory."""
_CODINGS = frozenset({"", "identity", "gzip", "deflate"})
"""Content codings that are read. Two of them at once could decode a few bytes into more than the memory holds."""

_ERROR_NOISE = re.compile(r"^\[[^]]*\] | \(_ssl\.c:\d+\)")

_HTTPCORE_ERRORS = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
)


class AnswerRefused(Exception):
    """An answer beyond the bounds. Its text says which, for people."""


class BoundedTransport(httpx.BaseTransport):
    """The network under httpx. An exchange ends at its deadline, and only the endpoint names proxy and CAs."""

    def __init__(self, endpoint: Endpoint, limits: httpx.Limits) -> None:
        ssl_context = _ssl_context(endpoint)
        # httpx has a transport of its own, which takes no network backend. The pool below it does.
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl_context,
            proxy=_proxy(endpoint, ssl_context),
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=network.BoundedBackend(),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.SyncByteStream)
        url = request.url
        with _httpx_errors():
            response = self._pool.handle_request(
                httpcore.Request(
                    request.method,
                    httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        return httpx.Response(
            response.status, headers=response.headers, stream=_Body(response), extensions=response.extensions
        )

    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        with _httpx_errors():
            yield from self._response.iter_stream()

    def close(self) -> None:
        with _httpx_errors():
            self._response.close()


@contextmanager
def _httpx_errors() -> Iterator[None]:
    """Raise httpx's error of the same name in place of httpcore's, as httpx's own transport does."""
    try:
        yield
    except _HTTPCORE_ERRORS as error:
        httpx_error: type[httpx.TransportError] = getattr(httpx, type(error).__name__)
        raise httpx_error(str(error)) from error


def exchange(httpx_client: httpx.Client, request: httpx.Request, seconds: float) -> tuple[int, httpx.Headers, bytes]:
    """Send once and return status, headers and the decoded body. Raises httpx.HTTPError or AnswerRefused."""
    network.start_exchange(seconds)
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
        with _httpx_errors():
            network.remaining_seconds()  # a body that was buffered comes without a read
    if body.count(b",") + body.count(b"[") + body.count(b"{") > MAX_ANSWER_VALUES:
        raise AnswerRefused(f"gave an answer of more than {MAX_ANSWER_VALUES:,} values")
    return bytes(body)


def _proxy(endpoint: Endpoint, ssl_context: ssl.SSLContext) -> httpcore.Proxy | None:
    if not endpoint.proxy:
        return None
    proxy = httpx.Proxy(endpoint.proxy)
    url = proxy.url
    return httpcore.Proxy(
        httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        auth=proxy.raw_auth,
        ssl_context=ssl_context if url.scheme == "https" else None,
    )


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
