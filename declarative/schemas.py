"""Finds the published JSON Schemas by name, in a wheel or in a checkout. Knows nothing of what they describe."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import orjson

SUFFIX = ".schema.json"
_added_directories: list[Path] = []


def list_schemas() -> list[str]:
    """The names that `load_schema` takes, such as `manifest.v1` and `providers/TYPE.v1`, sorted."""
    return sorted(
        {
            path.relative_to(root).as_posix().removesuffix(SUFFIX)
            for root in _directories()
            for path in root.rglob(f"*{SUFFIX}")
        }
    )


@cache
def load_schema(name: str) -> dict[str, Any]:
    """The schema as a dict. It is cached and shared: do not change it. Raises KeyError for an unknown name."""
    path = next((path for root in _directories() if (path := root / f"{name}{SUFFIX}").is_file()), None)
    if path is None:
        raise KeyError(name)
    schema: dict[str, Any] = orjson.loads(path.read_bytes())
    return schema


def add_directory(directory: Path) -> None:
    """Search this directory too, after our own. For provider types from other packages."""
    if directory not in _added_directories:
        _added_directories.append(directory)
        load_schema.cache_clear()


def _directories() -> list[Path]:
    return [_bundled_directory(), *_added_directories]


@cache
def _bundled_directory() -> Path:
    """Inside the package in a wheel, at the top of the repository in a checkout."""
    bundled = Path(__file__).with_name("schemas")
    return bundled if bundled.is_dir() else Path(__file__).parent.parent / "schemas"
