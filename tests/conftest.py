"""What holds for every test."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from declarative import schemas

if TYPE_CHECKING:
    from tests.postgres_server import PostgresServer
    from tests.s3server import S3Server

settings.register_profile("dialctl", deadline=None)  # how fast the machine is decides no test
settings.load_profile("dialctl")

# Hundreds of processes are started: each would compile every module again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def pytest_collection_finish() -> None:
    """The tests themselves are a million objects that stay: the garbage collector need not look at them each time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def user_cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The key that signs caches is kept here, and not in the home of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("user-cache")))
        yield


@pytest.fixture(scope="session", autouse=True)
def one_request_at_once() -> Iterator[None]:
    """Requests follow each other, so that it is known which one a fault meets. Tests of requests side by side ask for
    several."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("DIALCTL_APPLY_PARALLELISM", "1")
        yield


@pytest.fixture(autouse=True)
def no_schemas_of_installed_types() -> Iterator[None]:
    """The schemas that an installed provider type of one test brought are not those of the next."""
    yield
    if schemas._added_directories:
        schemas._added_directories.clear()
        schemas.load_schema.cache_clear()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    from tests.s3server import S3Server  # moto takes a second to import, so only tests that use it pay for it

    server = S3Server()
    yield server
    server.close()


@pytest.fixture
def s3(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """The server, named in the environment as a user would."""
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    return s3_server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    from tests.postgres_server import PostgresServer

    server = PostgresServer()
    yield server
    server.close()


@pytest.fixture
def postgres(postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> PostgresServer:
    """The server, named in the environment as a user would."""
    for name, value in postgres_server.environment.items():
        monkeypatch.setenv(name, value)
    return postgres_server
