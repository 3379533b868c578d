"""Key and base URL come from the environment, and the key is never shown."""

from __future__ import annotations

import httpx
import pytest

from declarative.errors import MissingKey, ProviderError
from declarative.model.resource import ProviderSpec
from declarative.providers import catalog
from declarative.providers.base import ConnectOptions, Provider
from declarative.providers.cartesia.type import CARTESIA
from declarative.providers.http import endpoint
from tests.providers.scripted_provider import (
    KEY,
    environment,
)


def test_access_hides_the_key() -> None:
    found = endpoint.from_environment(ProviderSpec("main", "cartesia"), CARTESIA, environment())
    assert found.key == KEY
    assert KEY not in repr(found)


def opened(**variables: str) -> Provider:
    def refuse(_: httpx.Request) -> httpx.Response:
        raise AssertionError("opening a connection sends nothing")

    around = ConnectOptions(environment=environment(**variables), transport=httpx.MockTransport(refuse))
    return catalog.connect(ProviderSpec("main", "cartesia"), around)


@pytest.mark.parametrize("type_name", ["cartesia", "callingbox"])
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_key_names_the_variable_and_the_sandbox(type_name: str, value: str | None) -> None:
    variable = f"{type_name.upper()}_API_KEY"
    around = ConnectOptions(environment={} if value is None else {variable: value})
    with pytest.raises(MissingKey) as caught:
        catalog.connect(ProviderSpec("main", type_name), around)
    assert variable in caught.value.message
    assert "--sandbox" in caught.value.hint


def test_a_key_of_impossible_characters_is_refused_without_being_told() -> None:
    with pytest.raises(ProviderError) as caught:
        opened(CARTESIA_API_KEY=f"{KEY}\nX-Other: 1")
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("", "api.cartesia.ai"),
        ("https://gateway.example/voice/cartesia/", "gateway.example"),
        ("https://gateway.example:8443", "gateway.example"),
        ("http://127.0.0.1:8787/cartesia", "127.0.0.1"),
        ("http://localhost:1", "localhost"),
        ("http://[::1]:1", "::1"),
    ],
)
def test_a_base_url_tells_the_host(url: str, host: str) -> None:
    assert opened(CARTESIA_BASE_URL=url).host == host


@pytest.mark.parametrize(
    "url",
    [
        "http://api.cartesia.ai",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "ftp://api.cartesia.ai",
        "api.cartesia.ai",
        "https://",
        "https://user:word@api.cartesia.ai",
        "http://127.0.0.1@evil.example",
        "https://api.cartesia.ai/?a=b",
        "https://api.cartesia.ai/#a",
        "https://api.cartesia.ai:notaport",
        "https://[::1",
        "https://sk_é",
        "https://a\nb",
    ],
)
def test_a_base_url_that_would_give_the_key_away_is_refused(url: str) -> None:
    with pytest.raises(ProviderError, match="CARTESIA_BASE_URL") as caught:
        opened(CARTESIA_BASE_URL=url)
    assert "word" not in str(caught.value)


def test_a_path_prefix_of_the_base_url_is_kept() -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(200, json={"ok": True}, headers={"Date": "Wed, 01 Jul 2026 12:00:00 GMT"})

    around = ConnectOptions(
        environment=environment(CARTESIA_BASE_URL="https://gateway.example/voice/"),
        transport=httpx.MockTransport(answer),
    )
    catalog.connect(ProviderSpec("main", "cartesia"), around).now()
    assert seen == ["https://gateway.example/voice/"]
