"""The way to a provider: proxies and CAs of the environment, and the words for what is wrong with them."""

from __future__ import annotations

import logging
import re
import socket
import ssl
from pathlib import Path

import httpx
import pytest
import trustme

from declarative.errors import ProviderError
from declarative.model.resource import ProviderSpec, Route
from declarative.providers import catalog
from declarative.providers.base import Channel, ConnectOptions, Done, NotSent
from declarative.providers.cartesia.errors import parse_structured_error
from declarative.providers.cartesia.type import CARTESIA
from declarative.providers.http import endpoint
from declarative.providers.http.client import HttpClient
from tests.providers.http.test_client_sockets import OK, Server, receive, serving
from tests.providers.scripted_provider import answering, environment, open_exchange, pages_of, submission


def channel_of(**variables: str) -> Channel:
    options = ConnectOptions(environment=environment(**variables), sleep=lambda _: None)
    return catalog.connect(ProviderSpec("main", "cartesia"), options).channels[Route.BATCH]


def proxy_of(**variables: str) -> tuple[str, str]:
    found = endpoint.from_environment(ProviderSpec("main", "cartesia"), CARTESIA, environment(**variables))
    return found.proxy_variable, found.proxy


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, ("", "")),
        ({"HTTPS_PROXY": "http://proxy:3128"}, ("HTTPS_PROXY", "http://proxy:3128")),
        ({"https_proxy": "proxy:3128"}, ("https_proxy", "http://proxy:3128")),
        ({"ALL_PROXY": "https://proxy"}, ("ALL_PROXY", "https://proxy")),
        ({"HTTP_PROXY": "http://proxy:3128"}, ("", "")),
        ({"HTTPS_PROXY": "http://proxy", "NO_PROXY": "other.example, .cartesia.ai"}, ("", "")),
        ({"HTTPS_PROXY": "http://proxy", "no_proxy": "*"}, ("", "")),
        ({"HTTPS_PROXY": "http://proxy", "NO_PROXY": "esia.ai"}, ("HTTPS_PROXY", "http://proxy")),
        ({"HTTPS_PROXY": "http://proxy", "CARTESIA_BASE_URL": "http://127.0.0.1:1"}, ("", "")),
    ],
)
def test_the_proxy_comes_from_the_environment(variables: dict[str, str], expected: tuple[str, str]) -> None:
    assert proxy_of(**variables) == expected


@pytest.mark.parametrize(
    ("proxy", "told"),
    [
        ("socks5://user:hidden@proxy:1080", "HTTPS_PROXY names a proxy that begins with socks5://"),
        ("http://[proxy", "HTTPS_PROXY is not a URL"),
        ("http://:3128", "HTTPS_PROXY must be a URL with a host"),
        ("http://proxy:port", "HTTPS_PROXY is not a URL"),
        ("a\nb", "HTTPS_PROXY is not a URL"),
        ("sk_é", "HTTPS_PROXY is not a URL"),
        ("\udcff", "HTTPS_PROXY is not a URL"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_named(proxy: str, told: str) -> None:
    with pytest.raises(ProviderError) as caught:
        proxy_of(HTTPS_PROXY=proxy)
    assert told in caught.value.message
    assert "hidden" not in f"{caught.value.message} {caught.value.hint}"


def test_a_failure_on_the_way_names_the_proxy_and_not_its_password() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    outcome = channel_of(HTTPS_PROXY=f"http://user:hidden@127.0.0.1:{port}").submit(submission())
    assert isinstance(outcome, NotSent)
    assert f"could not connect through the proxy 127.0.0.1:{port} (HTTPS_PROXY)" in outcome.message
    assert "hidden" not in outcome.message


def test_a_proxy_that_refuses_is_named_and_nothing_was_sent() -> None:
    def refuse(connection: socket.socket) -> None:
        receive(connection)
        connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

    with serving(refuse) as server:
        outcome = channel_of(HTTPS_PROXY=f"http://127.0.0.1:{server.port}").submit(submission())
    assert isinstance(outcome, NotSent)
    assert "407 Proxy Authentication Required" in outcome.message
    assert "(HTTPS_PROXY)" in outcome.message


def tls_server(authority: trustme.CA) -> Server:
    """A server on loopback that answers one POST under a certificate of this authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    def speak(connection: socket.socket) -> None:
        try:
            with context.wrap_socket(connection, server_side=True) as tls:
                receive(tls)
                tls.sendall(OK)
        except (ssl.SSLError, OSError):
            return  # the client does not trust us

    return Server(speak)


def test_the_ca_of_ssl_cert_file_is_trusted_and_without_it_the_failure_says_so(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    server = tls_server(authority)
    url = f"https://127.0.0.1:{server.port}"
    try:
        trusted = channel_of(CARTESIA_BASE_URL=url, SSL_CERT_FILE=str(tmp_path / "ca.pem")).submit(submission())
        unknown = channel_of(CARTESIA_BASE_URL=url).submit(submission())
        trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
        other = channel_of(CARTESIA_BASE_URL=url, SSL_CERT_FILE=str(tmp_path / "other.pem")).submit(submission())
    finally:
        server.close()
    assert isinstance(trusted, Done)
    assert isinstance(unknown, NotSent)
    assert "SSL_CERT_FILE can name others" in unknown.message
    assert isinstance(other, NotSent)
    assert "only the CAs of SSL_CERT_FILE or SSL_CERT_DIR are trusted" in other.message


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_ca_file_that_cannot_be_read_is_named(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ProviderError, match="SSL_CERT_FILE"):
        channel_of(SSL_CERT_FILE=str(path))


def test_each_request_is_logged_with_status_time_and_the_providers_id(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "dialctl.steps")
    page = httpx.Response(200, json={"data": [], "has_more": False}, headers={"X-Request-Id": "req_7"})
    refused = httpx.Response(400, json={"error_code": None, "message": "bad +14155550101", "request_id": "r-8"})
    channel = open_exchange(answering(page, refused, httpx.ReadTimeout("x"))).channel(Route.BATCH)
    pages_of(channel, [])
    channel.submit(submission())
    channel.submit(submission())
    lines = [re.sub(r"\d+ ms", "N ms", record.getMessage()).strip() for record in caplog.records]
    assert lines == [
        "http: GET /agents/calls/batches 200 N ms req_7",
        "http: POST /agents/calls/batches 400 N ms r-8",
        "http: POST /agents/calls/batches no answer N ms gave no answer in time",
    ]


@pytest.mark.parametrize("number", ["+14155550101", "14155550101", "%2B14155550101", "4155550101"])
def test_no_number_in_a_path_is_logged(number: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "dialctl.steps")
    found = endpoint.from_environment(ProviderSpec("main", "cartesia"), CARTESIA, environment())
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={}))
    HttpClient(found, parse_structured_error, transport=transport).get(f"/numbers/{number}/calls", {"to": number})
    assert "•••" in caplog.text
    assert "555010" not in caplog.text
