"""Every backend keeps the contract that `declarative.testing` checks."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
from obstore.store import MemoryStore

from declarative.state.base import Backend
from declarative.state.catalog import open_backend
from declarative.state.local import LocalBackend
from declarative.state.objectstore import ObjectStoreBackend
from declarative.state.objectstore_client import ObjectClient
from declarative.testing import ContractReport, check_backend


def assert_kept(report: ContractReport) -> None:
    assert len(report.passed) == 15
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
