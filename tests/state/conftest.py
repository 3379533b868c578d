from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from obstore.store import MemoryStore

from declarative.state.base import Backend
from declarative.state.catalog import open_backend
from declarative.state.local import LocalBackend
from declarative.state.objectstore import ObjectStoreBackend
from declarative.state.objectstore_client import ObjectClient
from tests.project_fixture import project
from tests.state.samples import SettableClock

if TYPE_CHECKING:
    from tests.postgres_server import PostgresServer
    from tests.s3server import S3Server

__all__ = ["project"]


@pytest.fixture
def s3_url(s3: S3Server, tmp_path: Path) -> str:
    return f"s3://{s3.bucket}/{tmp_path.parent.name}-{tmp_path.name}"


@pytest.fixture
def postgres_url(postgres: PostgresServer, tmp_path: Path) -> str:
    return f"postgresql:///postgres?prefix={tmp_path.parent.name}-{tmp_path.name}"


@pytest.fixture
def objects() -> ObjectClient:
    return ObjectClient(MemoryStore(), "memory://here")


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture(params=["directory", "memory", "s3", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Backend]:
    """Opens the same empty place as often as it is called, as several runs would."""
    if request.param == "directory":
        return lambda: LocalBackend(tmp_path)
    if request.param == "memory":
        store = MemoryStore()
        return lambda: ObjectStoreBackend(ObjectClient(store, "memory://here"))
    url = request.getfixturevalue(f"{request.param}_url")
    return lambda: open_backend(tmp_path, url)
