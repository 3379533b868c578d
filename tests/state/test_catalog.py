"""Which backend a state URL means."""

from __future__ import annotations

from pathlib import Path

import pytest

from declarative.errors import UsageError
from declarative.state.catalog import SCHEMES, open_backend
from declarative.state.local import LocalBackend
from declarative.state.objectstore import ObjectStoreBackend


def test_without_a_url_the_lock_is_in_the_folder(tmp_path: Path) -> None:
    backend = open_backend(tmp_path, None)
    assert isinstance(backend, LocalBackend)
    assert backend.location == str(tmp_path / "dialctl.lock")


def test_a_url_of_a_store_opens_no_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    backend = open_backend(tmp_path, "s3://bucket/x")
    assert isinstance(backend, ObjectStoreBackend)
    assert backend.location == "s3://bucket/x"


@pytest.mark.parametrize("url", ["http://bucket/x", "file:///tmp/x", "bucket/x", "S3://bucket/x", ""])
def test_an_unknown_scheme_is_refused_with_those_that_are_known(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown kind") as refusal:
        open_backend(tmp_path, url)
    for scheme in SCHEMES:
        assert f"{scheme}://" in refusal.value.hint


@pytest.mark.parametrize("url", ["nonsense", "s3://", "s3://b\n", "ftp://b/p"])
def test_a_url_that_a_variable_holds_is_told_by_the_name_of_the_variable(tmp_path: Path, url: str) -> None:
    with pytest.raises(UsageError, match=r"^DIALCTL_STATE: the state URL"):
        open_backend(tmp_path, url, origin="DIALCTL_STATE")
