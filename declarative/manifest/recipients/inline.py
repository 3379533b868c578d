"""Recipients written in a manifest: checked quickly row by row, described slowly only where something is
wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import orjson

from declarative.errors import Problem
from declarative.manifest import validate as check
from declarative.manifest.document import Document
from declarative.manifest.messages import Path, describe_number, describe_value, join_names, quote
from declarative.manifest.recipients.fields import VARIABLES, PersonSchema, data_faults
from declarative.model.capabilities import PERSONAL
from declarative.model.resource import Json

MOST_DESCRIBED = 20
E164 = re.compile(r"\+[1-9][0-9]{6,14}")
E164_DESCRIPTION = "an E.164 number: +, country code, number, digits only, such as +14155550101"


@dataclass(frozen=True)
class InlineRecipients:
    """People of a manifest, in order. `at` is the list's path, or the path of the only person with `single`;
    `indices` are the places in that list."""

    document: Document
    path: Path
    single: bool = False
    numbers: list[str] = field(default_factory=list)
    payloads: list[str] = field(default_factory=list)
    indices: list[int] = field(default_factory=list)

    def row_path(self, index: int) -> Path:
        return self.path if self.single else (*self.path, index)


def read_file(
    document: Document,
    at: Path,
    rows: list[Json],
    personal: PersonSchema,
    problems: list[Problem],
    *,
    single: bool = False,
) -> InlineRecipients:
    """The rows as columns. Rows that are wrong are left out and added to `problems`, 20 of them in words."""
    inline = InlineRecipients(document, at, single)
    wrong = []
    for index, row in enumerate(rows):
        payload = _canonical_payload(row, personal)
        if payload is None:
            wrong.append(index)
        else:
            inline.numbers.append(row["to_number"])  # type: ignore[call-overload,index,arg-type]  # _payload checked
            inline.payloads.append(payload)
            inline.indices.append(index)
    for index in wrong[:MOST_DESCRIBED]:
        problems.extend(_row_problems(document, inline.row_path(index), rows[index], personal))
    if len(wrong) > MOST_DESCRIBED:
        more_wrong = wrong[MOST_DESCRIBED:]  # told where they begin, and so after those that are described
        problems.append(document.more_problem(inline.row_path(more_wrong[0]), len(more_wrong), "faulty recipient"))
    return inline


def _canonical_payload(row: Json, person_schema: PersonSchema) -> str | None:
    """The canonical JSON of the person's own fields; None when anything at all is wrong with the row."""
    if type(row) is not dict:
        return None
    number = row.get("to_number")
    if type(number) is not str or not E164.fullmatch(number):
        return None
    data: dict[str, Json] = {}
    for name, value in row.items():
        if name == "to_number":
            continue
        if name not in person_schema.fields or (value is not None and type(value) is not dict):
            return None
        if value:
            if "dialctl" in value or name == VARIABLES:
                return _validate_payload(row, person_schema)
            data[name] = value
    return orjson.dumps(data, option=orjson.OPT_SORT_KEYS).decode() if data else "{}"


def _validate_payload(row: Mapping[str, Json], person_schema: PersonSchema) -> str | None:
    data = {name: value for name, value in row.items() if isinstance(value, dict) and value}
    wrong = any(True for name, value in data.items() for _ in data_faults(name, value, person_schema))
    has_known_fields = all(name in person_schema.fields for name in row if name != "to_number")
    return orjson.dumps(data, option=orjson.OPT_SORT_KEYS).decode() if has_known_fields and not wrong else None


def _row_problems(document: Document, path: Path, row: Json, person_schema: PersonSchema) -> Iterator[Problem]:
    if not isinstance(row, dict):
        yield document.problem(path, f"found {describe_number(row)}, expected a mapping with to_number")
        return
    if "to_number" not in row:
        yield document.problem(path, 'missing field "to_number"')
    elif not isinstance(row["to_number"], str) or not E164.fullmatch(row["to_number"]):
        yield _number_problem(document, (*path, "to_number"), row["to_number"])
    for name, value in row.items():
        if name != "to_number":
            yield from _field_problems(document, (*path, name), value, person_schema)


def _number_problem(document: Document, path: Path, number: Json) -> Problem:
    hint = "" if isinstance(number, str) else "write the whole number with its plus sign"
    return document.problem(path, f"found {describe_number(number)}, expected {E164_DESCRIPTION}", hint)


def _field_problems(document: Document, path: Path, value: Json, person_schema: PersonSchema) -> Iterator[Problem]:
    name = str(path[-1])
    if name not in person_schema.fields:
        yield document.problem(path, *describe_foreign_field(name, person_schema), key=True)
    elif isinstance(value, dict):
        for inner, fault in data_faults(name, value, person_schema):
            yield document.problem(path if inner is None else (*path, inner), fault, key=True)
    elif value is not None:
        yield document.problem(path, f"found {describe_value(value)}, expected a mapping")


def describe_foreign_field(name: str, person_schema: PersonSchema) -> tuple[str, str]:
    """Message and hint for a field that recipients do not have under this provider."""
    if name in PERSONAL:
        return f"{person_schema.provider} does not take {quote(name)}", f"it takes {join_names(person_schema.fields)}"
    return check.describe_unknown_field(name, {"to_number": None, **dict.fromkeys(person_schema.fields)})
