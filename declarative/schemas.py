"""The published JSON Schemas by name, wherever this installation keeps them. Knows nothing of what they
describe."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import orjson

SUFFIX = ".schema.json"
_elsewhere: list[Path] = []


def names() -> list[str]:
    """The names that `load` takes, such as `manifest.v1` and `providers/cartesia.v1`, sorted."""
    return sorted(
        path.relative_to(root).as_posix().removesuffix(SUFFIX) for root in _roots() for path in root.rglob(f"*{SUFFIX}")
    )


@cache
def load(name: str) -> dict[str, Any]:
    """The schema as a dict that everybody shares: do not change it. Raises KeyError for a name that is not
    there."""
    path = next((path for root in _roots() if (path := root / f"{name}{SUFFIX}").is_file()), None)
    if path is None:
        raise KeyError(name)
    schema: dict[str, Any] = orjson.loads(path.read_bytes())
    return schema


def also_in(directory: Path) -> None:
    """Look there too, after our own: for provider types from outside this package."""
    if directory not in _elsewhere:
        _elsewhere.append(directory)
        load.cache_clear()


def _roots() -> list[Path]:
    return [_own_root(), *_elsewhere]


@cache
def _own_root() -> Path:
    """Inside the package in a wheel; at the top of the repository in a checkout."""
    packaged = Path(__file__).with_name("schemas")
    return packaged if packaged.is_dir() else Path(__file__).parent.parent / "schemas"
