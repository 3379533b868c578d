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
from declarative.manifest.messages import Path, describe, found_number, join_names, quoted
from declarative.manifest.recipients.fields import VARIABLES, Personal, faults
from declarative.model.capabilities import PERSONAL
from declarative.model.resource import Json

MOST_DESCRIBED = 20
E164 = re.compile(r"\+[1-9][0-9]{6,14}")
E164_WORDS = "an E.164 number: +, country code, number, digits only, such as +14155550101"


@dataclass(frozen=True)
class Inline:
    """People of a manifest, in order. `at` is the list's path, or the path of the only person with `single`;
    `indices` are the places in that list."""

    document: Document
    at: Path
    single: bool = False
    numbers: list[str] = field(default_factory=list)
    payloads: list[str] = field(default_factory=list)
    indices: list[int] = field(default_factory=list)

    def path(self, index: int) -> Path:
        return self.at if self.single else (*self.at, index)


def read(
    document: Document,
    at: Path,
    rows: list[Json],
    personal: Personal,
    problems: list[Problem],
    *,
    single: bool = False,
) -> Inline:
    """The rows as columns. Rows that are wrong are left out and added to `problems`, 20 of them in words."""
    inline = Inline(document, at, single)
    wrong = []
    for index, row in enumerate(rows):
        payload = _payload(row, personal)
        if payload is None:
            wrong.append(index)
        else:
            inline.numbers.append(row["to_number"])  # type: ignore[call-overload,index,arg-type]  # _payload checked
            inline.payloads.append(payload)
            inline.indices.append(index)
    for index in wrong[:MOST_DESCRIBED]:
        problems.extend(_described(document, inline.path(index), rows[index], personal))
    if len(wrong) > MOST_DESCRIBED:
        rest = wrong[MOST_DESCRIBED:]  # told where they begin, and so after those that are described
        problems.append(document.more(inline.path(rest[0]), len(rest), "faulty recipient"))
    return inline


def _payload(row: Json, personal: Personal) -> str | None:
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
        if name not in personal.fields or (value is not None and type(value) is not dict):
            return None
        if value:
            if "dialctl" in value or name == VARIABLES:
                return _checked(row, personal)
            data[name] = value
    return orjson.dumps(data, option=orjson.OPT_SORT_KEYS).decode() if data else "{}"


def _checked(row: Mapping[str, Json], personal: Personal) -> str | None:
    data = {name: value for name, value in row.items() if isinstance(value, dict) and value}
    wrong = any(True for name, value in data.items() for _ in faults(name, value, personal))
    known = all(name in personal.fields for name in row if name != "to_number")
    return orjson.dumps(data, option=orjson.OPT_SORT_KEYS).decode() if known and not wrong else None


def _described(document: Document, path: Path, row: Json, personal: Personal) -> Iterator[Problem]:
    if not isinstance(row, dict):
        yield document.problem(path, f"found {found_number(row)}, expected a mapping with to_number")
        return
    if "to_number" not in row:
        yield document.problem(path, 'missing field "to_number"')
    elif not isinstance(row["to_number"], str) or not E164.fullmatch(row["to_number"]):
        yield _bad_number(document, (*path, "to_number"), row["to_number"])
    for name, value in row.items():
        if name != "to_number":
            yield from _bad_field(document, (*path, name), value, personal)


def _bad_number(document: Document, path: Path, number: Json) -> Problem:
    hint = "" if isinstance(number, str) else "write the whole number with its plus sign"
    return document.problem(path, f"found {found_number(number)}, expected {E164_WORDS}", hint)


def _bad_field(document: Document, path: Path, value: Json, personal: Personal) -> Iterator[Problem]:
    name = str(path[-1])
    if name not in personal.fields:
        yield document.problem(path, *foreign(name, personal), key=True)
    elif isinstance(value, dict):
        for inner, fault in faults(name, value, personal):
            yield document.problem(path if inner is None else (*path, inner), fault, key=True)
    elif value is not None:
        yield document.problem(path, f"found {describe(value)}, expected a mapping")


def foreign(name: str, personal: Personal) -> tuple[str, str]:
    """Message and hint for a field that recipients do not have under this provider."""
    if name in PERSONAL:
        return f"{personal.provider} does not take {quoted(name)}", f"it takes {join_names(personal.fields)}"
    return check.unknown_field(name, {"to_number": None, **dict.fromkeys(personal.fields)})
