"""Lists of lines in a folder: torn lines, lines without an end, links, and a disk that is full."""

from __future__ import annotations

from pathlib import Path

import pytest

from declarative.errors import StateError
from declarative.state.base import Log
from declarative.state.local import LocalBackend

LINES = (b'{"step":1}', b'{"step":22}')
TEXT = b"".join(line + b"\n" for line in LINES)


@pytest.mark.parametrize("end", range(len(TEXT) + 1))
def test_a_torn_line_goes_and_no_other(tmp_path: Path, end: int) -> None:
    (tmp_path / Log.HALTS).write_bytes(TEXT[:end])
    whole = tuple(line for line in TEXT[:end].split(b"\n") if line in LINES)
    backend = LocalBackend(tmp_path)
    assert backend.read_lines(Log.HALTS) == whole
    backend.add_line(Log.HALTS, b'{"step":3}')
    assert backend.read_lines(Log.HALTS) == (*whole, b'{"step":3}')


@pytest.mark.parametrize("tail", [b"\0\0\0\0\0\n", b'{"step":\0\0\n'])
def test_a_last_line_whose_data_never_came_goes(tmp_path: Path, tail: bytes) -> None:
    (tmp_path / Log.HISTORY).write_bytes(TEXT + tail)
    backend = LocalBackend(tmp_path)
    backend.add_line(Log.HISTORY, LINES[0])
    assert backend.read_lines(Log.HISTORY) == (*LINES, LINES[0])


def test_what_an_editor_wrote_stays(tmp_path: Path) -> None:
    (tmp_path / Log.HISTORY).write_bytes(b"<<<<<<< ours\n" + TEXT.rstrip(b"\n"))
    backend = LocalBackend(tmp_path)
    backend.add_line(Log.HISTORY, LINES[0])
    assert backend.read_lines(Log.HISTORY) == (b"<<<<<<< ours", *LINES, LINES[0])


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(TEXT)
    (tmp_path / Log.HALTS).symlink_to(tmp_path / "elsewhere")
    backend = LocalBackend(tmp_path)
    with pytest.raises(StateError, match="symbolic link"):
        backend.read_lines(Log.HALTS)
    with pytest.raises(StateError):
        backend.add_line(Log.HALTS, LINES[0])
    assert (tmp_path / "elsewhere").read_bytes() == TEXT
