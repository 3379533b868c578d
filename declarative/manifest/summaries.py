"""What a recipients file came to, kept by the digest of its bytes, so that an unchanged million rows are only
hashed. Holds counts and digests, never a number. Losing it costs time, never rightness."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

FORMAT = 1


@dataclass(frozen=True)
class Summary:
    """`numbers` and `payloads` are digests as in model.People, `held` counts by policy."""

    count: int
    numbers: str
    payloads: str
    held: Mapping[str, int]


def get(directory: Path, name: str) -> Summary | None:
    """None for whatever is not there, or not readable as this format."""
    try:
        data = orjson.loads((directory / f"{name}.json").read_bytes())
        if data["format"] != FORMAT:
            return None
        return Summary(int(data["count"]), str(data["numbers"]), str(data["payloads"]), dict(data["held"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def put(directory: Path, name: str, summary: Summary) -> None:
    """Written whole or not at all; a directory that cannot be written is no failure."""
    data = {"format": FORMAT, **vars(summary)}
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=directory)  # created 0600
        with os.fdopen(handle, "wb") as file:
            file.write(orjson.dumps(data))
        os.replace(temporary, directory / f"{name}.json")
    except OSError:
        return
