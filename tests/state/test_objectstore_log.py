"""Lists of lines at an object store: what is missing, and what is no line."""

from __future__ import annotations

import pytest

from declarative.errors import StateError
from declarative.state.base import Log
from declarative.state.objectstore import ObjectStoreBackend
from declarative.state.objectstore_client import ObjectClient


def test_a_line_that_is_gone_is_noticed(objects: ObjectClient) -> None:
    backend = ObjectStoreBackend(objects)
    for line in (b"1", b"2", b"3"):
        backend.add_line(Log.HISTORY, line)
    objects.delete(["dialctl.history.jsonl/00000002.json"])
    with pytest.raises(StateError, match=r"00000002\.json is gone"):
        backend.read_lines(Log.HISTORY)


def test_a_marker_for_a_folder_is_named(objects: ObjectClient) -> None:
    objects.put("dialctl.halt/README", b"", None)
    with pytest.raises(StateError, match="is no line of a list"):
        ObjectStoreBackend(objects).read_lines(Log.HALTS)


def test_a_line_of_the_highest_number_does_not_ask_for_all_below_it(objects: ObjectClient) -> None:
    ObjectStoreBackend(objects).add_line(Log.HALTS, b"1")
    objects.put("dialctl.halt/99999999.json", b"x", None)
    with pytest.raises(StateError, match=r"00000002\.json is gone"):
        ObjectStoreBackend(objects).read_lines(Log.HALTS)
