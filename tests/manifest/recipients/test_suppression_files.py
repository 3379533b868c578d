"""Do-not-call lists as a run reads them: their size and digest, also of one that compliance keeps up under a URL."""

from __future__ import annotations

import hashlib
import os
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from declarative.errors import ManifestError
from declarative.manifest import RemoteFiles, Variables, load_desired
from declarative.model.digest import PersonKey
from declarative.model.policy import DoNotCallList
from declarative.model.resource import Desired
from tests.s3server import S3Server

from ..project_fixture import HEAD, PROJECT, TYPES, ProjectFolder, people_of

if TYPE_CHECKING:
    from obstore.store import ObjectStore

LIST = b"to_number\n+14155550101\n(415) 555-0102\n+14155550101\n"
PEOPLE = "to_number\n+14155550101\n+14155550102\n+14155550103\n"


def open_bucket(url: str) -> ObjectStore:
    from declarative.state.objectstore_open import open_store

    return open_store(url, os.environ, timeout=timedelta(seconds=60))


def put_list(s3: S3Server, content: bytes) -> None:
    import obstore

    obstore.put(open_bucket(f"s3://{s3.bucket}"), "compliance/dnc.csv", content)


@pytest.fixture
def url(s3: S3Server, folder: ProjectFolder) -> str:
    """A list in S3 that guards three people, of whom two are on it."""
    url = f"s3://{s3.bucket}/compliance/dnc.csv"
    put_list(s3, LIST)
    policy = f"  policy: {{suppress_from: [{{file: {url}, default_region: US}}]}}\n"
    folder.put(
        {
            "project.yaml": PROJECT + policy,
            "b.yaml": HEAD + "  recipients_from: [{file: r.csv}]\n",
            "c.yaml": HEAD.replace("name: b", "name: c") + "  recipients_from: [{file: r.csv}]\n",
            "r.csv": PEOPLE,
        }
    )
    return url


def load(folder: ProjectFolder, url: str, *, fetches: bool = True) -> Desired:
    environment = {**os.environ, "DIALCTL_RECIPIENTS": url.rpartition("/")[0]}
    return load_desired(
        folder.directory,
        provider_types=TYPES,
        variables=Variables(),
        key=PersonKey(None),
        cache=folder.cache,
        remote_files=RemoteFiles(environment, folder.cache / "files", fetches, open_bucket),
    )


def only_list(desired: Desired) -> DoNotCallList:
    (found,) = {*desired.project.policy.suppress_from, *desired.resources["batch/b"].policy.suppress_from}
    return found


def test_a_list_under_a_url_is_read_as_it_is_now(folder: ProjectFolder, s3: S3Server, url: str) -> None:
    for content, size, left in ((LIST, 2, 1), (LIST[: LIST.index(b"(")], 1, 2), (b"to_number\n", 0, 3), (LIST, 2, 1)):
        put_list(s3, content)
        desired = load(folder, url)
        digest = hashlib.sha256(content).hexdigest()
        assert only_list(desired) == DoNotCallList(url, size, digest, is_live=True)
        assert len(people_of(desired.resources["batch/b"])) == left


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no"),
        (b"to_number\n+14155550102\nnobody\n", "is damaged: line 3: "),
        (b"phone\n+14155550101\n", 'has no column "to_number", it has: phone'),
        (b'to_number\n"+14155550101\n', "is damaged"),
        (b"", "is damaged"),
    ],
    ids=["gone", "no number", "other column", "cut", "no header"],
)
def test_what_cannot_be_read_is_no_problem_of_the_manifest(
    folder: ProjectFolder, s3: S3Server, url: str, content: bytes | None, message: str
) -> None:
    if content is None:
        import obstore

        obstore.delete(open_bucket(f"s3://{s3.bucket}"), "compliance/dnc.csv")
    else:
        put_list(s3, content)
    for _ in range(2):  # nothing of it is kept for the next run
        desired = load(folder, url)
        found = only_list(desired)
        assert message in found.failure
        assert not found.is_known
        assert "+14155550102" not in found.failure
        assert len(people_of(desired.resources["batch/b"])) == 3


def test_validating_fetches_nothing_and_says_so(folder: ProjectFolder, s3: S3Server, url: str) -> None:
    desired = load(folder, url, fetches=False)
    assert desired.unread_files == (url,)
    assert only_list(desired) == DoNotCallList(url, is_live=True)
    assert not (folder.cache / "files").exists()


def test_a_prefix_that_the_runner_does_not_allow_is_an_error(folder: ProjectFolder, s3: S3Server, url: str) -> None:
    with pytest.raises(ManifestError) as refused:
        load(folder, "s3://other/dnc.csv")
    assert "is under no prefix of DIALCTL_RECIPIENTS" in refused.value.problems[0].message


def test_another_look_tells_what_changed(folder: ProjectFolder, s3: S3Server, url: str) -> None:
    desired = load(folder, url)
    numbers = desired.resources["batch/b"].recipients.frame.get_column("number")
    assert [look.is_listed for look in desired.look_at_lists()] == [None]
    put_list(s3, b"to_number\n+14155550103\n")
    (look,) = desired.look_at_lists()
    assert look.is_listed is not None
    assert look.is_listed(numbers).to_list() == [True]
    assert [look.is_listed for look in desired.look_at_lists()] == [None], "it holds what it held at the last look"
    put_list(s3, b"to_number\n")
    assert [look.failure for look in desired.look_at_lists()] == [f'"{url}" is empty now']


def test_a_file_of_the_project_is_read_again_only_where_it_changed(folder: ProjectFolder) -> None:
    policy = "  policy: {suppress_from: [{file: dnc.csv}]}\n"
    manifest = HEAD + "  recipients_from: [{file: r.csv}]\n"
    folder.put({"project.yaml": PROJECT + policy, "b.yaml": manifest, "r.csv": PEOPLE})
    dnc = folder.directory / "dnc.csv"
    dnc.write_text("to_number\n+14155550101\n")
    desired = load(folder, "s3://other/dnc.csv")
    assert only_list(desired).name == "dnc.csv"
    os.utime(dnc)
    assert [look.is_listed for look in desired.look_at_lists()] == [None]
    dnc.write_text("to_number\n+14155550102\n")
    assert desired.look_at_lists()[0].is_listed is not None
    dnc.unlink()
    assert '"dnc.csv" cannot be read: No such file' in desired.look_at_lists()[0].failure


def test_the_size_of_a_list_counts_numbers_and_not_rows_or_meanings(folder: ProjectFolder) -> None:
    policy = "  policy: {suppress_from: [{file: dnc.csv, default_region: US}]}\n"
    manifest = HEAD + "  recipients_from: [{file: r.csv}]\n"
    folder.put({"project.yaml": PROJECT + policy, "b.yaml": manifest, "r.csv": PEOPLE})
    dnc = folder.directory / "dnc.csv"
    as_exported = "to_number\n4155550101\n(415) 555-0101\n+1 415 555 0102\n\n"
    for text in (as_exported, "to_number\n+14155550101\n+14155550102\n"):
        dnc.write_text(text)
        assert only_list(load(folder, "s3://other/dnc.csv")).size == 2
        assert only_list(load(folder, "s3://other/dnc.csv")).size == 2, "as the cache says it"
