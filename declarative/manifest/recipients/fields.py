"""The data that one person carries: which fields, and the rules that no schema can say for speed or at
all."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from declarative.model.digest import canonical_json
from declarative.model.mark import METADATA_KEY
from declarative.model.resource import Json, Route

VARIABLES = "dynamic_variables"
MOST_BYTES = 16_384
NO_VARIABLE = "a variable's value is text, a number or a boolean"
_MOST_VARIABLES = 64
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_RESERVED_PREFIXES = ("system__", "secret__")


@dataclass(frozen=True)
class PersonSchema:
    """`fields` of a recipient under the provider, version and route; `most_variables` is the provider's
    limit, less one on the route of single calls, where our mark is a variable. Limits: Cartesia reference,
    2.1.1 and 5.4."""

    fields: tuple[str, ...]
    provider: str
    most_variables: int = _MOST_VARIABLES

    @classmethod
    def from_route(cls, fields: tuple[str, ...], provider: str, route: Route) -> PersonSchema:
        return cls(fields, provider, _MOST_VARIABLES - (route is Route.CALL))


def carries_mark(field: str) -> bool:
    """Whether the key `dialctl` is ours in this field."""
    return field != "context"


def name_fault(field: str, name: str) -> str:
    """What is wrong with a key of a field; empty when nothing is."""
    if carries_mark(field) and name == METADATA_KEY:
        return 'the key "dialctl" is reserved: it carries our mark'
    if field != VARIABLES:
        return ""
    if not _NAME.fullmatch(name):
        return "a variable's name is up to 64 letters, digits and underscores and begins with no digit"
    return (
        f"names that begin with {' or '.join(_RESERVED_PREFIXES)} are the provider's"
        if name.startswith(_RESERVED_PREFIXES)
        else ""
    )


def count_fault(field: str, names: Collection[str], person_schema: PersonSchema) -> str:
    if field == VARIABLES and len(names) > person_schema.most_variables:
        return f"{len(names)} variables, and at most {person_schema.most_variables} are taken"
    return ""


def data_faults(field: str, data: Mapping[str, Json], person_schema: PersonSchema) -> Iterator[tuple[str | None, str]]:
    """What is wrong with a field's data: the key concerned (None for the whole) and a sentence."""
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
