"""What a state URL of a database means, and that none of its secrets is ever quoted."""

from __future__ import annotations

from pathlib import Path

import pytest

from declarative.errors import DialctlError, UsageError
from declarative.state.catalog import open_backend
from declarative.state.postgres_url import PostgresUrl


def test_a_url_of_a_manifest_names_database_and_prefix() -> None:
    url = PostgresUrl.parse("postgresql:///calls?prefix=spring/us")
    assert (url.conninfo, url.prefix) == ("postgresql:///calls", "spring/us")
    assert url.location == "postgresql:///calls?prefix=spring/us"


def test_a_full_url_is_passed_on_and_shown_without_its_secrets() -> None:
    url = PostgresUrl.parse("postgresql://ada:s%40cret@db.example.com:6432/calls?sslmode=verify-full&prefix=spring")
    assert url.conninfo == "postgresql://ada:s%40cret@db.example.com:6432/calls?sslmode=verify-full"
    assert url.location == "postgresql://db.example.com:6432/calls?prefix=spring"


SECRETS = [
    "postgresql://ada:hunter2@db/calls",
    "postgresql://ada:hunter2@db/calls?prefix=",
    "postgresql://ada:hunter2@db/calls?prefix=a&prefix=b",
    "postgresql://ada:hunter2@db/calls?prefix=../up",
    "postgresql://ada:hunter2@db?prefix=a",
    "postgresql://ada:hunter2#x@db/calls?prefix=a",
    "postgresql://ada:[hunter2@db/calls?prefix=a",
    "postgres://ada:hunter2@db/calls?prefix=a",
    "postgresql:ada:hunter2@db/calls",
    "ada:hunter2@db/calls",
    "mysql://db/calls?password=hunter2",
    "s3://ada:hunter2@bucket/calls",
    "s3://bucket/calls?secret=hunter2",
]


@pytest.mark.parametrize("url", SECRETS)
def test_a_url_that_means_nothing_is_refused_without_quoting_it(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refusal:
        open_backend(tmp_path, url, origin="DIALCTL_STATE")
    assert refusal.value.message.startswith("DIALCTL_STATE: the state URL")
    assert "hunter2" not in f"{refusal.value.message} {refusal.value.hint}"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada:hunter2%zz@127.0.0.1:9/calls?prefix=a",
        "postgresql://ada:hunter2@127.0.0.1:9/calls?prefix=a&nonsense=hunter2",
        "postgresql://ada:hunter2@127.0.0.1:9/calls?prefix=a",
    ],
)
def test_what_libpq_cannot_use_is_told_without_the_password(url: str, tmp_path: Path) -> None:
    backend = open_backend(tmp_path, url)
    with pytest.raises(DialctlError) as error:
        backend.load()
    assert "hunter2" not in f"{error.value.message} {error.value.hint}"
    assert "ada" not in backend.location
