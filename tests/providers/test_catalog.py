"""The provider types by name, and those from outside the package."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from declarative.errors import ProviderError
from declarative.model.resource import ProviderSpec, Route
from declarative.providers import catalog
from declarative.providers.base import ConnectOptions
from tests.providers.scripted_provider import MARK, environment, pages_of, submission

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


def test_unknown_types_and_versions_are_named_with_what_there_is() -> None:
    with pytest.raises(ProviderError) as caught:
        catalog.connect(ProviderSpec("main", "cartesian"), ConnectOptions(environment=environment()))
    assert "cartesia, callingbox" in caught.value.hint
    with pytest.raises(ProviderError) as caught:
        catalog.connect(ProviderSpec("main", "cartesia", "2024-01-01"), ConnectOptions(environment=environment()))
    assert "2026-08-14" in caught.value.hint


def test_a_provider_from_outside_joins_by_its_entry_point(installed: Path) -> None:
    installed.write_text(EXAMPLE.read_text())
    assert catalog.types()["memory"].refused == {"voice": "has no effect: no one is called"}
    provider = catalog.connect(ProviderSpec("own", "memory"), ConnectOptions(environment={}))
    channel = provider.channels[Route.CALL]
    channel.submit(submission())
    assert [remote.mark for page in pages_of(channel, ["agent_1"]) for remote in page] == [MARK]


def test_a_provider_from_outside_cannot_replace_a_built_in_one(installed: Path) -> None:
    installed.write_text(EXAMPLE.read_text().replace('name="memory"', 'name="cartesia"'))
    assert catalog.types()["cartesia"].key_variable == "CARTESIA_API_KEY"


_BATCHES = """
from dataclasses import replace
from declarative.providers import Cancellable
able = {"provable": True, "schedulable": True, "cancellable": Cancellable.ALWAYS, %r: %s}
type = replace(type, routes={"1": {Route.BATCH: replace(CALL, **able)}})
"""


@pytest.mark.parametrize("ability", ["provable", "schedulable", "cancellable"])
def test_a_batch_route_that_cannot_be_proven_guarded_or_taken_back_is_refused(installed: Path, ability: str) -> None:
    """The engine treats every batch as if it could: where it cannot, people would be called twice."""
    installed.write_text(
        EXAMPLE.read_text() + _BATCHES % (ability, "Cancellable.NEVER" if ability == "cancellable" else "False")
    )
    assert "memory" not in catalog.types()
    reason = catalog.broken_types()["memory"]
    assert ability in reason
    assert "single calls" in reason


def test_a_batch_route_that_can_do_all_that_is_promised_is_taken(installed: Path) -> None:
    installed.write_text(EXAMPLE.read_text() + _BATCHES % ("provable", "True"))
    assert Route.BATCH in catalog.types()["memory"].routes["1"]


def test_a_single_call_of_several_people_is_refused(installed: Path) -> None:
    installed.write_text(EXAMPLE.read_text().replace("max_people=1", "max_people=10"))
    assert "max_people=1" in catalog.broken_types()["memory"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import no_such_module_anywhere\n", "ModuleNotFoundError: No module named 'no_such_module_anywhere'"),
        ("connect = None\n", "AttributeError: module 'memory_provider_of_a_test' has no attribute 'type'"),
        ("raise ValueError('two\\nlines')\n", "ValueError: two lines"),
        ("raise SystemExit(3)\n", "SystemExit: 3"),
        ("this is no python\n", "SyntaxError"),
        ("type = 5\n", "AttributeError: 'int' object has no attribute 'name'"),
    ],
)
def test_a_broken_provider_from_outside_is_named_and_breaks_nothing_else(
    installed: Path, text: str, reason: str
) -> None:
    installed.write_text(text)
    assert list(catalog.types())[:2] == ["cartesia", "callingbox"]
    assert catalog.broken_types()["memory"].startswith(reason)
    with pytest.raises(ProviderError, match="the provider type memory cannot be used"):
        catalog.connect(ProviderSpec("own", "memory"), ConnectOptions(environment={}))


def test_a_schema_that_allows_what_no_route_declares_is_refused(installed: Path, tmp_path: Path) -> None:
    """The field would be taken from a manifest, and dropped."""
    schema = {"$defs": {kind: {"properties": {"agent_id": {}, "tone": {}}} for kind in ("Batch", "Call")}}
    (tmp_path / "providers").mkdir()
    (tmp_path / "providers" / "memory.v1.schema.json").write_text(json.dumps(schema))
    own = f"import dataclasses, pathlib\ntype = dataclasses.replace(type, schemas=pathlib.Path({str(tmp_path)!r}))\n"
    installed.write_text(EXAMPLE.read_text() + own)
    assert catalog.broken_types()["memory"] == "its schema allows tone of a Batch, and no route declares it"
