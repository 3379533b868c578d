"""The database file: private, and named with a way out when it cannot be read."""

from __future__ import annotations

import shutil
import sqlite3
import stat
from pathlib import Path

import pytest

from declarative.errors import DialctlError
from declarative.sandbox.embedded import open_sandbox
from declarative.sandbox.store import DamagedDatabase
from declarative.sandbox.world import World
from tests.command import start_server

from .account import Account
from .request_bodies import BATCHES
from .used_database import check_damaged, make_used_file

PLACES = 11


def test_the_directory_and_its_database_are_private(tmp_path: Path) -> None:
    open_sandbox(tmp_path / "deep" / "sandbox").close()
    kept = tmp_path / "deep" / "sandbox"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o700
    assert stat.S_IMODE((kept / "sandbox.sqlite3").stat().st_mode) == 0o600


def test_a_file_that_is_no_sandbox_is_named_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "sandbox.sqlite3").write_text("garbage")
    with pytest.raises(DamagedDatabase, match=r"sandbox\.sqlite3: ") as refused:
        World(tmp_path)
    assert "dialctl sandbox reset" in refused.value.hint


def test_a_directory_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "sandbox.sqlite3").mkdir()
    with pytest.raises(DialctlError, match=r"sandbox\.sqlite3: "):
        World(tmp_path)


def test_a_file_of_another_format_is_named(tmp_path: Path) -> None:
    World(tmp_path).close()
    with sqlite3.connect(tmp_path / "sandbox.sqlite3") as db:
        db.execute("PRAGMA user_version = 1")
    db.close()
    with pytest.raises(DamagedDatabase, match="format is 1"):
        World(tmp_path)


@pytest.fixture(scope="module")
def used_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("used")
    return make_used_file(directory)


@pytest.mark.parametrize("place", range(PLACES))
def test_damage_anywhere_is_named_or_harmless_and_a_reset_ends_it(used_file: Path, tmp_path: Path, place: int) -> None:
    file = tmp_path / "sandbox.sqlite3"
    shutil.copy(used_file, file)
    size = file.stat().st_size
    with file.open("r+b") as damaged:
        damaged.seek(size * place // PLACES)
        damaged.write(bytes((31 * index + 7 * place) % 256 for index in range(size // PLACES)))
    check_damaged(tmp_path)


def test_a_served_sandbox_answers_that_its_file_is_damaged_and_can_be_reset(tmp_path: Path, used_file: Path) -> None:
    shutil.copy(used_file, tmp_path / "sandbox.sqlite3")
    server, url = start_server("--directory", str(tmp_path), "--speed", "0")
    with server, Account(url, None, key="sk_kept") as account:
        with (tmp_path / "sandbox.sqlite3").open("r+b") as damaged:
            damaged.write(b"\0" * used_file.stat().st_size)
        answer = account.at_cartesia().get(BATCHES)
        assert (answer.status_code, "sandbox.sqlite3" in answer.json()["error"]) == (500, True)
        assert account.client().post("/_sandbox/reset").status_code == 200
        assert account.at_cartesia().get(BATCHES).json()["data"] == []
        server.kill()
