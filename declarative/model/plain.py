"""Any value of the model in JSON's types, so that a digest of it can be made."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Set
from datetime import date, datetime, time, timedelta
from enum import Enum

_PLAIN_TYPES = frozenset((str, int, float, bool, type(None)))


def to_plain(value: object, *, leave_out: Collection[str] = ()) -> object:
    """The value in JSON's types, always in the same order. `leave_out` names fields of the value itself."""
    if type(value) in _PLAIN_TYPES:  # nearly every part is
        return value
    names: Collection[str] | None = getattr(type(value), "__dataclass_fields__", None)
    if names is not None:
        return {name: to_plain(getattr(value, name)) for name in names if name not in leave_out}
    match value:
        case Enum():
            return str(value.value)
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Mapping():
            return {str(name): to_plain(part) for name, part in value.items()}
        case Set():
            return sorted(str(to_plain(part)) for part in value)
        case list() | tuple():
            return [to_plain(part) for part in value]
        case None | bool() | int() | float() | str():
            return value
    return str(value)
