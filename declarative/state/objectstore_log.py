"""Lists of lines in an object store: an object a line, numbered from 1 without a gap. Knows bytes only."""

from __future__ import annotations

import re

from declarative.errors import StateError
from declarative.state.objectstore_client import ObjectClient

_KEY = re.compile(r"[^/]+/(\d{8})\.json")


def read_lines(objects: ObjectClient, folder: str) -> tuple[bytes, ...]:
    """Read the lines in the order of their numbers. Raises StateError, also where a line is gone."""
    numbers = _list_numbers(objects, folder)
    # Compared before anything is read: an object of the highest number would name a hundred million others.
    gaps = [number for number, found in enumerate(numbers, 1) if number != found]
    lines = [] if gaps else objects.get_many([_line_key(folder, number) for number in numbers])
    if missing := gaps or [number for number, line in enumerate(lines, 1) if line is None]:
        raise StateError(
            f"{objects.location}/{_line_key(folder, missing[0])} is gone",
            hint="restore that object, from an older version of it if the bucket keeps any",
        )
    return tuple(line.body for line in lines if line)


def add_line(objects: ObjectClient, folder: str, line: bytes) -> None:
    """Add a line under the next number that no other writer takes. Raises StateError."""
    number = max(_list_numbers(objects, folder), default=0) + 1
    while objects.put(_line_key(folder, number), line, None) is None:
        number += 1


def _line_key(folder: str, number: int) -> str:
    return f"{folder}/{number:08}.json"


def _list_numbers(objects: ObjectClient, folder: str) -> list[int]:
    """The numbers of the lines, sorted. Raises StateError for an object that is no line: a console makes such markers
    for folders."""
    keys = objects.list_keys(folder)
    matches = {key: _KEY.fullmatch(key) for key in keys}
    for key, match in matches.items():
        if match is None:
            raise StateError(
                f"{objects.location}/{key} is no line of a list", hint="delete that object: dialctl did not make it"
            )
    return sorted(int(match[1]) for match in matches.values() if match)
