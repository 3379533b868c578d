"""Which types there are, and what it takes to open a connection: the environment, never a manifest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from declarative.errors import MissingKey, ProviderError
from declarative.model.resource import ProviderSpec, Route
from declarative.providers import catalog
from declarative.providers.base import ConnectOptions, Provider

from .scripted_provider import KEY, MARK, environment, pages_of, submission

EXAMPLE = Path(__file__).parent / "memory_provider.py"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The module of a distribution in a folder of its own, as pip would leave it; still to be written."""
    info = tmp_path / "memory_provider-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: memory-provider\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[dialctl.providers]\nmemory = memory_provider_of_a_test\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "memory_provider_of_a_test", raising=False)
    return tmp_path / "memory_provider_of_a_test.py"


def opened(**variables: str) -> Provider:
    def refuse(_: httpx.Request) -> httpx.Response:
        raise AssertionError("opening a connection sends nothing")

    around = ConnectOptions(environment=environment(**variables), transport=httpx.MockTransport(refuse))
    return catalog.connect(ProviderSpec("main", "cartesia"), around)


def test_the_built_in_types_are_there_with_their_defaults_first() -> None:
    types = catalog.types()
    assert list(types)[:2] == ["cartesia", "callingbox"]
    assert types["cartesia"].versions == ("2026-03-01", "2026-08-14", "2025-04-16")
    assert all(set(kind.routes) == set(kind.versions) for kind in types.values())
    assert set(types["callingbox"].refused) >= {"persona", "voice", "language", "returns", "tools"}


def test_importing_the_catalog_imports_nothing_heavy() -> None:
    code = (
        "import sys; from declarative.providers import catalog; catalog.types();"
        "print({'httpx', 'polars', 'orjson', 'tenacity', 'ssl', 'declarative.model.mark'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


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


def test_unknown_types_and_versions_are_named_with_what_there_is() -> None:
    with pytest.raises(ProviderError) as caught:
        catalog.connect(ProviderSpec("main", "cartesian"), ConnectOptions(environment=environment()))
    assert "cartesia, callingbox" in caught.value.hint
    with pytest.raises(ProviderError) as caught:
        catalog.connect(ProviderSpec("main", "cartesia", "2024-01-01"), ConnectOptions(environment=environment()))
    assert "2026-08-14" in caught.value.hint


def test_a_provider_from_outside_joins_by_its_entry_point(installed: Path) -> None:
    installed.write_text(EXAMPLE.read_text())
    assert catalog.types()["memory"].refused == {"voice": "nobody would hear it"}
    provider = catalog.connect(ProviderSpec("own", "memory"), ConnectOptions(environment={}))
    channel = provider.channels[Route.CALL]
    channel.submit(submission())
    assert [remote.mark for page in pages_of(channel, ["agent_1"]) for remote in page] == [MARK]


def test_a_provider_from_outside_cannot_replace_a_built_in_one(installed: Path) -> None:
    installed.write_text(EXAMPLE.read_text().replace('name="memory"', 'name="cartesia"'))
    assert catalog.types()["cartesia"].key_variable == "CARTESIA_API_KEY"


_BATCHES = """
from dataclasses import replace
able = {"provable": True, "schedulable": True, "cancellable": True, %r: %r}
type = replace(type, routes={"1": {Route.BATCH: replace(CALL, **able)}})
"""


@pytest.mark.parametrize("ability", ["provable", "schedulable", "cancellable"])
def test_a_batch_route_that_cannot_be_proven_guarded_or_taken_back_is_refused(installed: Path, ability: str) -> None:
    """The engine treats every batch as if it could: where it cannot, people would be called twice."""
    installed.write_text(EXAMPLE.read_text() + _BATCHES % (ability, False))
    with pytest.raises(ProviderError, match=rf"memory cannot be used.*{ability}") as caught:
        catalog.types()
    assert "single calls" in caught.value.hint


def test_a_batch_route_that_can_do_all_that_is_promised_is_taken(installed: Path) -> None:
    installed.write_text(EXAMPLE.read_text() + _BATCHES % ("provable", True))
    assert Route.BATCH in catalog.types()["memory"].routes["1"]


def test_a_single_call_of_several_people_is_refused(installed: Path) -> None:
    installed.write_text(EXAMPLE.read_text().replace("max_people=1", "max_people=10"))
    with pytest.raises(ProviderError, match=r"memory cannot be used.*max_people=1"):
        catalog.types()


@pytest.mark.parametrize("text", ["import no_such_module_anywhere\n", "connect = None\n"])
def test_a_broken_provider_from_outside_is_named(installed: Path, text: str) -> None:
    installed.write_text(text)
    with pytest.raises(ProviderError, match="memory"):
        catalog.types()
