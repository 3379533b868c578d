"""Values over which the client of an object store would break down are told by the names of their variables."""

from __future__ import annotations

import pytest

from declarative.model.store_variables import allows_http, describe_unusable


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
    ],
)
def test_a_value_that_cannot_be_used_is_told_without_the_value(name: str, value: str, told: str) -> None:
    message, hint = describe_unusable({name: value})
    assert message.startswith(name)
    assert told in message
    assert hint
    assert value not in message


@pytest.mark.parametrize("endpoint", ["", "https://s3.example.com", "http://127.0.0.1:9000", "HTTP://localhost:1"])
def test_an_endpoint_may_be_plain_on_this_machine_alone(endpoint: str) -> None:
    variables = {"AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "us-east-1", "AWS_PROFILE": "é"}
    assert describe_unusable(variables) == ("", "")
    assert allows_http(variables) == endpoint.lower().startswith("http://")
