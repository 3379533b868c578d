"""A person is erased, and stands in nothing that dialctl keeps."""

from __future__ import annotations

import gzip
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from declarative.app.cache_life import CACHE_LIFE, end_old_caches
from declarative.model.digest import PersonKey
from tests.project_fixture import ADA, BEN, CAY, ProjectFixture

DIGITS = ADA.lstrip("+").encode()
KEY = "a key of this team"


def contents(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """The bytes of every file below a folder, and what is compressed in them."""
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        data = file.read_bytes()
        yield file, data
        for start in (0, 32):  # caches begin with their signature
            try:
                yield file, pl.read_parquet(data[start:]).write_csv().encode()
            except (pl.exceptions.PolarsError, OSError):
                continue
        if data[:2] == b"\x1f\x8b":
            yield file, gzip.decompress(data)
        if data[:15] == b"SQLite format 3":
            connection = sqlite3.connect(file)
            yield file, "\n".join(connection.iterdump()).encode()
            connection.close()


def holders(folder: Path) -> set[str]:
    """Names of the files that hold Ada's number, in whatever form they keep it."""
    return {str(file.relative_to(folder)) for file, data in contents(folder) if DIGITS in data}


@pytest.fixture
def called(project: ProjectFixture) -> ProjectFixture:
    """Ada and Ben were called, and asked about: every cache holds them."""
    assert project.apply("--wait").exit == 0
    with project.world() as world:
        world.advance(3600)
    assert project.dialctl("results", "--details").exit == 0
    return project


def test_an_erased_person_stands_in_nothing_that_dialctl_keeps(
    called: ProjectFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = holders(called.root)
    assert any("cache/members" in name for name in before), "the test sees into compressed caches"
    assert any("sandbox" in name for name in before)
    result = called.dialctl("erase", "+1 415 555 0101")
    assert result.exit == 0, result.text
    assert holders(called.root) == {"people.csv"}
    assert "people.csv:2" in result.out
    assert "batch/outreach  acb_" in result.out
    assert result.out.rstrip().endswith(f"to_number\n{ADA}")
    assert "can be guessed" in result.out


def test_numbers_come_from_stdin_and_a_bad_one_is_refused(
    called: ProjectFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert called.dialctl("erase", "not a number").exit == 64
    assert holders(called.root) > {"people.csv"}, "nothing was deleted"


@pytest.mark.parametrize("text", ["(415) 555-0101", "0014155550101", "1-415-555-0101"])
def test_it_is_found_in_the_checkout_however_it_is_written(project: ProjectFixture, text: str) -> None:
    (project.root / "notes").mkdir()
    (project.root / "notes" / "who.txt").write_text(f"first\nsecond {text} here\n")
    (project.root / "old.csv.gz").write_bytes(gzip.compress(f"to_number\n{ADA}\n".encode()))
    pl.DataFrame({"phone": [CAY, ADA]}).write_parquet(project.root / "all.parquet")
    said = project.dialctl("erase", ADA).out
    for place in ("notes/who.txt:2", "old.csv.gz:2", "all.parquet:2", "people.csv:2"):
        assert f"  {place}\n" in said
    assert "4155550101" not in said.split("Rows for a do-not-call file")[0]


def test_with_a_key_the_row_is_a_digest_that_holds_the_person_back(
    project: ProjectFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIALCTL_PERSON_KEY", KEY)
    said = project.dialctl("erase", ADA).out
    header, row = said.splitlines()[-2:]
    assert (header, row) == ("person", PersonKey(KEY).name_erased(ADA))
    assert "4155550101" not in said
    project.write(erased_csv=f"person\n{row}\n")
    project.policy("{suppress_from: [{file: erased.csv}]}")
    plan = project.plan()
    assert (plan["summary"]["people_to_call"], plan["held"]) == (1, {"suppressed": 1})
    project.write(erased_csv=f"to_number,person\n{BEN},\n,{row}\n")
    assert project.plan()["held"] == {"suppressed": 2}


@pytest.mark.parametrize("row", ["0123456789abcdef-0123456789abcdef", "+14155550101", "none"])
def test_a_row_of_another_key_is_an_error_with_its_line(
    project: ProjectFixture, monkeypatch: pytest.MonkeyPatch, row: str
) -> None:
    monkeypatch.setenv("DIALCTL_PERSON_KEY", KEY)
    project.write(erased_csv=f"to_number,person\n{BEN},\n,{row}\n")
    project.policy("{suppress_from: [{file: erased.csv}]}")
    result = project.dialctl("plan")
    assert result.exit == 1
    assert "erased.csv:3" in result.text
    assert "another DIALCTL_PERSON_KEY" in result.text


def test_caches_end_after_thirty_days(called: ProjectFixture) -> None:
    cache = called.root / ".dialctl" / "cache"
    files = [file for file in cache.rglob("*") if file.is_file()]
    assert files
    old, young = files[0], files[1:]
    long_ago = time.time() - CACHE_LIFE.total_seconds() - 60
    os.utime(old, (long_ago, long_ago))
    end_old_caches(cache)
    assert not old.exists()
    assert all(file.exists() for file in young)
    for file in young:
        os.utime(file, (long_ago, long_ago))
    assert called.dialctl("status").exit == 0
    assert not [file for file in young if file.exists() and file.stat().st_mtime < long_ago + 30]


def test_a_link_in_the_place_of_a_cache_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter").write_text("dear")
    os.utime(tmp_path / "mine" / "letter", (0, 0))
    (tmp_path / "cache").symlink_to(tmp_path / "mine")
    end_old_caches(tmp_path / "cache")
    assert (tmp_path / "mine" / "letter").exists()
