"""The data of one person: which fields it can have, and the rules that a schema cannot express or would check too
slowly."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from declarative.model.digest import canonical_json
from declarative.model.mark import METADATA_KEY
from declarative.model.resource import Json, Route

VARIABLES = "dynamic_variables"
MOST_BYTES = 16_384
"""The largest `dynamic_variables` of a person, as JSON."""
NO_VARIABLE = "a variable's value is text, a number or a boolean"
RESERVED_KEY = 'the key "dialctl" is reserved: it holds the mark of dialctl'
_MOST_VARIABLES = 64
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_RESERVED_PREFIXES = ("system__", "secret__")


@dataclass(frozen=True)
class PersonSchema:
    """The data that a person can have under a provider, API version and route. Limits: Cartesia reference, 2.1.1 and
    5.4."""

    fields: tuple[str, ...]
    """Names of the fields, such as metadata. The first takes the columns of a file that no field names."""
    provider: str
    """The provider's name, for messages."""
    most_variables: int = _MOST_VARIABLES
    """Keys of `dynamic_variables`, at most. On the route of single calls one less than the provider allows, because the
    mark is a variable there."""

    @classmethod
    def from_route(cls, fields: tuple[str, ...], provider: str, route: Route) -> PersonSchema:
        return cls(fields, provider, _MOST_VARIABLES - (route is Route.CALL))


def carries_mark(field: str) -> bool:
    """Whether the mark of dialctl is put into this field, under the key `dialctl`."""
    return field != "context"


def name_fault(field: str, name: str) -> str:
    """What is wrong with a key of a field; an empty text when nothing is."""
    if carries_mark(field) and name == METADATA_KEY:
        return RESERVED_KEY
    if field != VARIABLES:
        return ""
    if not _NAME.fullmatch(name):
        return "a variable's name is up to 64 letters, digits and underscores and does not begin with a digit"
    if name.startswith(_RESERVED_PREFIXES):
        return f"names that begin with {' or '.join(_RESERVED_PREFIXES)} are reserved by the provider"
    return ""


def count_fault(field: str, names: Collection[str], person_schema: PersonSchema) -> str:
    """What is wrong with the number of keys; an empty text when nothing is."""
    if field == VARIABLES and len(names) > person_schema.most_variables:
        return f"{len(names)} variables, at most {person_schema.most_variables} are allowed"
    return ""


def data_faults(field: str, data: Mapping[str, Json], person_schema: PersonSchema) -> Iterator[tuple[str | None, str]]:
    """Yield what is wrong with a field's data: the key (None for the field as a whole) and a message."""
    for name, value in data.items():
        fault = name_fault(field, name)
        if not fault and field == VARIABLES and not isinstance(value, (str, int, float)):
            fault = NO_VARIABLE
        if fault:
            yield name, fault
    if fault := count_fault(field, data, person_schema):
        yield None, fault
    if field == VARIABLES and len(canonical_json(data)) > MOST_BYTES:
        yield None, f"more than {MOST_BYTES:,} bytes as JSON"
