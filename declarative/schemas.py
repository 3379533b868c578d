"""The published JSON Schemas by name, wherever this installation keeps them. Knows nothing of what they
describe."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import orjson

SUFFIX = ".schema.json"


def names() -> list[str]:
    """The names that `load` takes, such as `manifest.v1` and `providers/cartesia.v1`, sorted."""
    root = _root()
    files = (path.relative_to(root).as_posix() for path in root.rglob(f"*{SUFFIX}"))
    return sorted(file.removesuffix(SUFFIX) for file in files)


@cache
def load(name: str) -> dict[str, Any]:
    """The schema as a dict that everybody shares: do not change it. Raises KeyError for a name that is not
    there."""
    path = _root() / f"{name}{SUFFIX}"
    if not path.is_file():
        raise KeyError(name)
    schema: dict[str, Any] = orjson.loads(path.read_bytes())
    return schema


@cache
def _root() -> Path:
    """Inside the package in a wheel; at the top of the repository in a checkout."""
    packaged = Path(__file__).with_name("schemas")
    return packaged if packaged.is_dir() else Path(__file__).parent.parent / "schemas"
