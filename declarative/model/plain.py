"""Any value of the model in JSON's types, so that a digest of it can be made."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Set
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum


def to_plain(value: object, *, leave_out: Collection[str] = ()) -> object:
    """The value in JSON's types, always in the same order. `leave_out` names fields of the value itself."""
    if is_dataclass(value) and not isinstance(value, type):
        return {
            attribute.name: to_plain(getattr(value, attribute.name))
            for attribute in fields(value)
            if attribute.name not in leave_out
        }
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
