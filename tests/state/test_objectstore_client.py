"""Objects at a store: URLs, endpoints and keys, and writes with a condition."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from declarative.errors import StateError, UsageError
from declarative.state.catalog import open_backend
from declarative.state.objectstore_client import ObjectClient
from tests.state.samples import holder, no_sleep

if TYPE_CHECKING:
    from tests.s3server import S3Server


def test_a_bucket_that_does_not_exist_is_told_as_that_and_never_as_an_empty_place(s3: S3Server, tmp_path: Path) -> None:
    backend = open_backend(tmp_path, "s3://no-such-bucket/x")
    for use in (backend.load, lambda: backend.lease(holder(), 0, no_sleep), lambda: backend.break_lease("id")):
        with pytest.raises(StateError, match='s3://no-such-bucket/x: there is no bucket "no-such-bucket"') as refusal:
            use()
        assert "<" not in refusal.value.message


def test_a_store_that_does_not_answer_is_named_without_any_key(
    s3: S3Server, s3_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(StateError, match=s3_url) as refusal:
        open_backend(tmp_path, s3_url).load()
    assert "testing" not in str(refusal.value)


@pytest.mark.parametrize(
    "url",
    [
        "s3://",
        "s3://bucket/../other",
        "s3://user:secret@bucket/x",
        "s3://bucket/x?endpoint=http://evil.example.com",
        "http://bucket/x",
        "file:///tmp/x",
        "bucket/x",
    ],
)
def test_a_url_names_bucket_and_prefix_and_nothing_else(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="state"):
        open_backend(tmp_path, url)


def test_an_object_is_created_once(objects: ObjectClient) -> None:
    assert objects.get("key") is None
    assert objects.put("key", b"first", None) is not None
    assert objects.put("key", b"second", None) is None
    stored_object = objects.get("key")
    assert stored_object is not None
    assert stored_object.body == b"first"


def test_an_object_is_replaced_only_at_the_version_that_was_read(objects: ObjectClient) -> None:
    first_version = objects.put("key", b"first", None)
    assert objects.put("key", b"second", first_version) is not None
    assert objects.put("key", b"third", first_version) is None
    assert objects.put("key", b"second", first_version) is not None, "our own write, repeated"
