"""Recipients files outside git: read under the runner's prefixes alone, by digest, and kept privately."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from declarative.errors import ManifestError
from declarative.manifest import RemoteFiles, Variables, describe_file, load_desired
from declarative.manifest.paths import UnusableFile
from declarative.model.digest import PersonKey
from declarative.model.resource import Desired
from tests.s3server import S3Server

from ..project_fixture import HEAD, PROJECT, TYPES, ProjectFolder, people_of

if TYPE_CHECKING:
    from obstore.store import ObjectStore

TEXT = b"to_number,n\n+14155550101,1\n+14155550102,2\n"
DIGEST = hashlib.sha256(TEXT).hexdigest()


@pytest.fixture
def url(s3: S3Server) -> str:
    import obstore

    obstore.put(open_bucket(f"s3://{s3.bucket}"), "lists/march.csv", TEXT)
    return f"s3://{s3.bucket}/lists/march.csv"


class StoreHandler(BaseHTTPRequestHandler):
    """Answers as Google's and Azure's stores do for one object of theirs."""

    def do_GET(self) -> None:
        is_known = self.path in ("/bucket/lists%2Fmarch%2Ecsv", "/bucket/lists/march.csv")
        self.send_response(200 if is_known else 403)
        self.send_header("Content-Length", str(len(TEXT)))
        self.send_header("ETag", '"1"')
        self.send_header("Last-Modified", "Tue, 01 Dec 2026 10:00:00 GMT")
        self.end_headers()
        self.wfile.write(TEXT)

    def log_message(self, *arguments: object) -> None:
        """Write nothing."""


@pytest.fixture
def other_stores(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The environment by which Google's and Azure's stores are on loopback."""
    with ThreadingHTTPServer(("127.0.0.1", 0), StoreHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        environment = {"GOOGLE_BASE_URL": url, "GOOGLE_SKIP_SIGNATURE": "true"}
        environment |= {"AZURE_STORAGE_ENDPOINT": url, "AZURE_SKIP_SIGNATURE": "true"}
        environment |= {"AZURE_STORAGE_ACCOUNT_NAME": "account"}
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield environment
        server.shutdown()
        thread.join()


def open_bucket(url: str) -> ObjectStore:
    from declarative.state.objectstore_open import open_store

    return open_store(url, os.environ, timeout=timedelta(seconds=60))


def load(folder: ProjectFolder, s3: S3Server, prefixes: str, *, fetches: bool = True) -> Desired:
    environment = {**s3.environment, "DIALCTL_RECIPIENTS": prefixes}
    remote_files = RemoteFiles(environment, folder.cache / "files", fetches, open_bucket)
    return load_desired(
        folder.directory,
        provider_types=TYPES,
        variables=Variables(),
        key=PersonKey(None),
        cache=folder.cache,
        remote_files=remote_files,
    )


def put(folder: ProjectFolder, url: str, digest: str = DIGEST) -> None:
    spec = f"  recipients_from: [{{file: {url}, sha256: {digest}}}]\n"
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + spec})


def test_a_list_is_fetched_once_and_kept_privately(folder: ProjectFolder, s3: S3Server, url: str) -> None:
    put(folder, url)
    prefix = url.removesuffix("/march.csv")
    assert len(people_of(load(folder, s3, prefix).resources["batch/b"])) == 2
    [copy] = (folder.cache / "files").iterdir()
    assert copy.stat().st_mode & 0o777 == 0o600
    assert load(folder, s3, prefix, fetches=False).resources["batch/b"].recipients.count == 2
    copy.write_bytes(TEXT + b"+14155550103,3\n")  # a damaged copy is fetched anew
    assert len(people_of(load(folder, s3, prefix).resources["batch/b"])) == 2


def test_validating_fetches_nothing_and_says_so(folder: ProjectFolder, s3: S3Server, url: str) -> None:
    put(folder, url)
    assert load(folder, s3, url.rpartition("/")[0], fetches=False).unread_files == (url,)
    assert not (folder.cache / "files").exists()


@pytest.mark.parametrize("scheme", ["gs", "az"])
def test_google_and_azure_are_read_the_same_way(tmp_path: Path, other_stores: dict[str, str], scheme: str) -> None:
    environment = {**other_stores, "DIALCTL_RECIPIENTS": f"s3://other,{scheme}://bucket/lists"}
    remote_files = RemoteFiles(environment, tmp_path, open_store=open_bucket)
    copy = remote_files.get(f"{scheme}://bucket/lists/march.csv", DIGEST)
    assert copy is not None
    assert copy.read_bytes() == TEXT
    with pytest.raises(UnusableFile, match=f"{scheme}://bucket/lists/april.csv") as refused:
        remote_files.get(f"{scheme}://bucket/lists/april.csv", DIGEST)
    assert "could not be fetched: " in refused.value.message
    assert "?" not in refused.value.message
    assert refused.value.hint.startswith("check the variables that begin with ")


@pytest.mark.parametrize(
    ("prefixes", "url", "is_covered"),
    [
        ("gs://a/lists", "gs://a/lists/r.csv", True),
        ("gs://a/lists/", "gs://a/lists/march/r.csv", True),
        (" az://b , gs://a ", "gs://a/r.csv", True),
        ("gs://a/lists/r.csv", "gs://a/lists/r.csv", True),
        ("gs://a/lists/r.csv", "gs://a/lists/r.csv.gz", False),
        ("gs://a/list", "gs://a/lists/r.csv", False),
        ("gs://a", "gs://ab/r.csv", False),
        ("gs://a/lists", "gs://a/Lists/r.csv", False),
        ("gs://a", "az://a/r.csv", False),
        (",/,", "gs://a/r.csv", False),
    ],
)
def test_a_prefix_covers_whole_segments_of_the_path(prefixes: str, url: str, is_covered: bool) -> None:
    remote_files = RemoteFiles({"DIALCTL_RECIPIENTS": prefixes})
    if is_covered:
        remote_files.check(url)
        return
    with pytest.raises(UnusableFile, match="is under no prefix"):
        remote_files.check(url)


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "GOOGLE_BASE_URL", "AZURE_ENDPOINT"])
def test_keys_travel_to_no_other_machine_in_clear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "HTTP://store.example")
    remote_files = RemoteFiles({"DIALCTL_RECIPIENTS": "s3://a"}, tmp_path, open_store=open_bucket)
    with pytest.raises(UnusableFile, match=f"{name} is plain http to another machine"):
        remote_files.get("s3://a/r.csv", DIGEST)


@pytest.mark.parametrize(
    "prefixes", ["", "s3://dialctl-state/list", "s3://other", "gs://dialctl-state", "s3://dialctl"]
)
def test_a_url_under_no_prefix_of_the_runner_is_not_read(
    folder: ProjectFolder, s3: S3Server, url: str, prefixes: str
) -> None:
    put(folder, url)
    with pytest.raises(ManifestError) as refused:
        load(folder, s3, prefixes)
    assert "is under no prefix of DIALCTL_RECIPIENTS" in str(refused.value.problems[0])


@pytest.mark.parametrize("name", ["lists/../secret/a.csv", "lists/none.csv", "lists/march.exe", "lists/a.csv?x=1"])
def test_what_is_no_file_under_the_prefix_is_refused(folder: ProjectFolder, s3: S3Server, url: str, name: str) -> None:
    put(folder, f"s3://{s3.bucket}/{name}")
    with pytest.raises(ManifestError):
        load(folder, s3, f"s3://{s3.bucket}/lists")


def test_other_content_than_was_agreed_is_refused(folder: ProjectFolder, s3: S3Server, url: str) -> None:
    put(folder, url, "0" * 64)
    with pytest.raises(ManifestError) as refused:
        load(folder, s3, url.rpartition("/")[0])
    assert f"its digest is {DIGEST}" in str(refused.value.problems[0])
    assert list((folder.cache / "files").iterdir()) == []


def test_a_url_without_a_digest_is_refused(folder: ProjectFolder, s3: S3Server, url: str) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + f"  recipients_from: [{{file: {url}}}]\n"})
    with pytest.raises(ManifestError) as refused:
        load(folder, s3, url.rpartition("/")[0])
    assert "needs its sha256 (dialctl digest URL prints it)" in str(refused.value.problems[0])


def test_a_file_is_described_by_digest_rows_and_columns(s3: S3Server, url: str, tmp_path: Path) -> None:
    environment = {**s3.environment, "DIALCTL_RECIPIENTS": url.rpartition("/")[0]}
    remote_files = RemoteFiles(environment, open_store=open_bucket)
    assert describe_file(url, tmp_path, remote_files) == (DIGEST, 2, ["to_number", "n"])
    (tmp_path / "r.json").write_text('[{"to_number": "+14155550101", "a": 1}, {"b": 2}]')
    assert describe_file("r.json", tmp_path, RemoteFiles())[1:] == (2, ["to_number", "a", "b"])
    with pytest.raises(ManifestError):
        describe_file(url, tmp_path, RemoteFiles(s3.environment))
