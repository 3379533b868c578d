"""Values over which the client of an object store would break down are told by the names of their variables."""

from __future__ import annotations

import pytest

from declarative.state.store_variables import describe_unusable, is_plain_http, list_endpoints


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("AWS_ENDPOINT_URL", "/nope", "is not a URL"),
        ("AWS_ENDPOINT_URL", "ftp://x", "is not a URL"),
        ("AWS_ENDPOINT_URL", "https://[::1", "is not a URL"),
        ("AWS_ENDPOINT_URL", "https://é", "characters that cannot be sent"),
        ("AWS_ENDPOINT", "http://store.example", "plain http to another machine"),
        ("AWS_REGION", "a\nb", "characters that cannot be sent"),
        ("AWS_ACCESS_KEY_ID", "a\r\nb", "characters that cannot be sent"),
        ("AWS_SESSION_TOKEN", "\udcff", "characters that cannot be sent"),
        ("HTTPS_PROXY", "socks5://user:hidden@proxy:1080", "no proxy that a store is reached by"),
        ("ALL_PROXY", "ftp://proxy", "no proxy that a store is reached by"),
        ("https_proxy", "http://[::1", "no proxy that a store is reached by"),
    ],
)
def test_a_value_that_cannot_be_used_is_told_without_the_value(name: str, value: str, told: str) -> None:
    message, hint = describe_unusable({name: value}, list_endpoints({name: value}))
    assert message.startswith(name)
    assert told in message
    assert hint
    assert value not in message


@pytest.mark.parametrize(
    "variables",
    [
        {"HTTPS_PROXY": "proxy:3128"},
        {"HTTPS_PROXY": "http://user:hidden@proxy"},
        {"HTTPS_PROXY": "socks5://proxy", "NO_PROXY": "s3.example.com"},
        {"ALL_PROXY": "http://[::1", "AWS_ENDPOINT_URL": "http://127.0.0.1:9000"},
    ],
)
def test_a_proxy_that_the_store_needs_not_or_can_be_reached_by_is_left_alone(variables: dict[str, str]) -> None:
    assert describe_unusable(variables, list_endpoints(variables)) == ("", "")


@pytest.mark.parametrize("endpoint", ["", "https://s3.example.com", "http://127.0.0.1:9000", "HTTP://localhost:1"])
def test_an_endpoint_may_be_plain_on_this_machine_alone(endpoint: str) -> None:
    variables = {"AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "us-east-1", "AWS_PROFILE": "é"}
    endpoints = list_endpoints(variables)
    assert describe_unusable(variables, endpoints) == ("", "")
    assert any(map(is_plain_http, endpoints.values())) == endpoint.lower().startswith("http://")
