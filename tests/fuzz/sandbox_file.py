"""The database of the sandbox. An input is the whole file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import strategies as st

from tests.fuzz.search import Check, Surface
from tests.sandbox.used_database import check_damaged, make_used_file


@cache
def _file() -> bytes:
    with TemporaryDirectory() as name:
        return make_used_file(Path(name)).read_bytes()


@st.composite
def _inputs(draw: st.DrawFn) -> bytes:
    content = bytearray(_file())
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, len(content) - 1))
        part = draw(st.binary(min_size=1, max_size=40) | st.just(bytes(500)))
        content[place : place + len(part)] = part
    return bytes(content[: len(_file())])


@contextmanager
def _open(folder: Path) -> Iterator[Check]:
    file = folder / "sandbox.sqlite3"

    def check(content: bytes) -> None:
        for old in folder.iterdir():
            old.unlink()
        file.write_bytes(content)
        check_damaged(folder)

    yield check


SANDBOX_FILE = Surface("sandbox-file", _inputs(), _open, examples=20)
