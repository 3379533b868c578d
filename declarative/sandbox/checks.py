"""Strict checks of single request values: each raises ApiError 400 and names the field. No provider's rules here."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import orjson

from declarative.sandbox.request import ApiError

_E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_VARIABLE = re.compile(r"(?!system__|secret__)[A-Za-z_][A-Za-z0-9_]{0,63}")
METADATA_BYTES, VARIABLES_BYTES, VARIABLES = 1_000_000, 16 * 1024, 64


def require_fields(
    fields: Mapping[str, Any], required: Collection[str], optional: Collection[str], path: str = ""
) -> None:
    """Refuse missing and unknown fields. `path` leads the name in the message."""
    for name in required:
        if name not in fields:
            raise ApiError(400, f"{path}{name} is required")
    unknown = sorted(set(fields) - set(required) - set(optional))
    if unknown:
        raise ApiError(400, f"{path}{unknown[0]} is not a field of this request")


def require_text(fields: Mapping[str, Any], name: str) -> str:
    value = fields[name]
    if not isinstance(value, str) or not value.strip():
        raise ApiError(400, f"{name} must be a non-empty string")
    return value


def require_integer(fields: Mapping[str, Any], name: str, low: int, high: int, default: int) -> int:
    """Return an integer from `low` to `high`, both included."""
    value = fields.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ApiError(400, f"{name} must be an integer from {low} to {high}")
    return value


def require_choice(fields: Mapping[str, Any], name: str, allowed: Collection[str]) -> str:
    value = fields[name]
    if not isinstance(value, str) or value not in allowed:
        raise ApiError(400, f"{name} must be one of {', '.join(sorted(allowed))}")
    return value


def require_phone(value: Any, path: str) -> str:
    if not isinstance(value, str) or not _E164.fullmatch(value):
        raise ApiError(400, f"{path} must be an E.164 phone number")
    return value


def parse_instant(value: Any, path: str) -> float:
    """Parse an RFC 3339 time with an offset into seconds since the epoch."""
    if isinstance(value, str) and _RFC3339.fullmatch(value.upper()):
        try:
            return datetime.fromisoformat(value.upper()).timestamp()
        except ValueError:
            pass
    raise ApiError(400, f"{path} must be an RFC 3339 time with an offset")


def require_metadata(value: Any, path: str) -> Any:
    """Accept an object or null, up to 1 MB as JSON (the size that the legacy route states)."""
    if value is not None and not isinstance(value, dict):
        raise ApiError(400, f"{path} must be an object")
    if value and len(orjson.dumps(value)) > METADATA_BYTES:
        raise ApiError(400, f"{path} is larger than {METADATA_BYTES} bytes")
    return value


def require_variables(value: Any, path: str) -> Any:
    """Accept dynamic variables of 2026-08-14: at most 64, plain values, 16 KiB as JSON."""
    if not isinstance(value, dict):
        raise ApiError(400, f"{path} must be an object")
    if len(value) > VARIABLES or len(orjson.dumps(value)) > VARIABLES_BYTES:
        raise ApiError(400, f"{path} may hold {VARIABLES} entries and {VARIABLES_BYTES} bytes")
    for name, variable in value.items():
        if not _VARIABLE.fullmatch(name):
            raise ApiError(400, f"{path}: {name[:80]!r} is not a valid name")
        if not isinstance(variable, str | int | float | bool):
            raise ApiError(400, f"{path}.{name} must be a string, a number or a boolean")
    return value
