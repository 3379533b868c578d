"""Every backend keeps the contract that `declarative.testing` checks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from obstore.store import MemoryStore

from declarative.errors import StateError
from declarative.state.base import Backend
from declarative.state.catalog import open_backend
from declarative.state.local import LocalBackend
from declarative.state.objectstore import ObjectStoreBackend
from declarative.state.objectstore_client import ObjectClient
from declarative.testing import ContractReport, check_backend
from tests.node_packages import find_program
from tests.state.samples import holder, no_sleep


def assert_kept(report: ContractReport) -> None:
    assert len(report.passed) == 18
    assert report.skipped == {}


def test_a_directory_keeps_the_contract(tmp_path: Path) -> None:
    def open_place(name: str) -> Backend:
        (tmp_path / name).mkdir(exist_ok=True)
        return LocalBackend(tmp_path / name)

    assert_kept(check_backend(open_place))


def test_an_object_store_in_memory_keeps_the_contract() -> None:
    stores: defaultdict[str, MemoryStore] = defaultdict(MemoryStore)
    assert_kept(check_backend(lambda name: ObjectStoreBackend(ObjectClient(stores[name], "memory://here"))))


def test_an_object_store_of_the_s3_kind_keeps_the_contract(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url: str = request.getfixturevalue("s3_url")
    assert_kept(check_backend(lambda name: open_backend(tmp_path, f"{url}/{name}")))


def test_a_database_keeps_the_contract(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url: str = request.getfixturevalue("postgres_url")
    assert_kept(check_backend(lambda name: open_backend(tmp_path, f"{url}/{name}")))


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of an empty bucket at a server that is named in the environment."""
    from tests.state.gcs_server import GcsServer

    server = GcsServer()
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    yield f"gs://{server.bucket}"
    server.close()


@pytest.fixture
def azure(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of an empty container at a server that is named in the environment."""
    from tests.state.azure_server import AzureServer

    server = AzureServer(find_program("azurite-blob"))
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    yield f"az://{server.container}"
    server.close()


@pytest.mark.parametrize("store", ["google", "azure"])
def test_the_other_object_stores_keep_the_contract(tmp_path: Path, store: str, request: pytest.FixtureRequest) -> None:
    url: str = request.getfixturevalue(store)
    assert_kept(check_backend(lambda name: open_backend(tmp_path, f"{url}/{name}")))
    missing = open_backend(tmp_path, f"{url}-of-nobody/calls")
    for use in (missing.load, lambda: missing.lease(holder(), 0, no_sleep)):
        with pytest.raises(StateError, match=r'there is no (bucket|container) ".*-of-nobody"') as refusal:
            use()
        assert "create it, or correct the URL" in refusal.value.hint
