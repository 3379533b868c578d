"""A summary saves reading a file again, and is never used when something that decides it has changed."""

from __future__ import annotations

import os
import stat

import pytest

from declarative import atomicfile

from ..project_fixture import FROM, HEAD, ProjectFolder


def test_an_unchanged_file_has_a_summary_and_its_table_is_read_on_request(folder: ProjectFolder) -> None:
    folder.batch(FROM, **{"r.csv": "to_number,a\n+14155550101,x\n"})
    first = folder.load(cache=folder.cache).resources["batch/b"].recipients
    (entry,) = folder.cache.iterdir()
    assert stat.S_IMODE(entry.stat().st_mode) == 0o600
    assert b"4155550101" not in entry.read_bytes()
    assert "4155550101" not in entry.name
    again = folder.load(cache=folder.cache).resources["batch/b"].recipients
    assert (again.count, again.numbers, again.payloads) == (first.count, first.numbers, first.payloads)
    assert again.frame.equals(first.frame)


def test_a_file_with_a_summary_is_not_read_again(folder: ProjectFolder) -> None:
    folder.batch(FROM, **{"r.csv": "to_number,a\n+14155550101,x\n"})
    folder.load(cache=folder.cache)
    (entry,) = folder.cache.iterdir()
    content = atomicfile.read_cache(entry)
    assert content is not None
    atomicfile.write_cache(entry, content.replace(b'"count":1', b'"count":7'))
    assert folder.load(cache=folder.cache).resources["batch/b"].recipients.count == 7


def test_a_summary_that_another_hand_wrote_is_ignored(folder: ProjectFolder) -> None:
    folder.batch(FROM, **{"r.csv": "to_number,a\n+14155550101,x\n"})
    folder.load(cache=folder.cache)
    (entry,) = folder.cache.iterdir()
    entry.write_bytes(entry.read_bytes().replace(b'"count":1', b'"count":7'))
    assert folder.load(cache=folder.cache).resources["batch/b"].recipients.count == 1


@pytest.mark.parametrize("text", ["", "{}", '{"format": 0}', '{"format": 1}', "[]", '{"format": 1, "count": "x"}'])
def test_an_entry_that_cannot_be_read_is_ignored(folder: ProjectFolder, text: str) -> None:
    folder.batch(FROM, **{"r.csv": "to_number,a\n+14155550101,x\n"})
    folder.load(cache=folder.cache)
    (entry,) = folder.cache.iterdir()
    entry.write_text(text)
    assert folder.load(cache=folder.cache).resources["batch/b"].recipients.count == 1


@pytest.mark.parametrize(
    "change",
    [
        {"r.csv": "to_number,a\n+14155550102,x\n"},
        {"b.yaml": HEAD + FROM.replace("}", ", metadata: []}")},
        {"b.yaml": HEAD + FROM + "  recipients: [{to_number: +14155550104}]\n"},
        {"b.yaml": HEAD + "  policy: {countries: [CA]}\n" + FROM},
        {"b.yaml": HEAD + "  policy: {suppress_from: [{file: r.csv}]}\n" + FROM},
    ],
)
def test_everything_that_decides_the_people_is_part_of_the_key(folder: ProjectFolder, change: dict[str, str]) -> None:
    folder.batch(FROM, **{"r.csv": "to_number,a\n+14155550101,x\n"})
    folder.load(cache=folder.cache)
    folder.put(change)
    known = folder.load(cache=folder.cache).resources["batch/b"].recipients
    fresh = folder.load().resources["batch/b"].recipients
    assert (known.count, known.numbers, known.payloads) == (fresh.count, fresh.numbers, fresh.payloads)
    assert known.excluded_counts == fresh.excluded_counts


def test_another_key_is_another_entry(folder: ProjectFolder) -> None:
    folder.batch(FROM, **{"r.csv": "to_number,a\n+14155550101,x\n"})
    plain = folder.load(cache=folder.cache).resources["batch/b"].recipients
    keyed = folder.load(cache=folder.cache, secret="s").resources["batch/b"].recipients
    assert plain.numbers != keyed.numbers


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_cache_that_cannot_be_written_is_ignored(folder: ProjectFolder) -> None:
    folder.batch(FROM, **{"r.csv": "to_number,a\n+14155550101,x\n"})
    locked = folder.directory / ".locked"
    locked.mkdir(mode=0o500)
    assert folder.load(cache=locked / "x").resources["batch/b"].recipients.count == 1


def test_a_cache_below_a_file_is_ignored(folder: ProjectFolder) -> None:
    folder.batch(FROM, **{"r.csv": "to_number,a\n+14155550101,x\n"})
    assert folder.load(cache=folder.directory / "r.csv" / "x").resources["batch/b"].recipients.count == 1
