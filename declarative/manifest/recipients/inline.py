"""Recipients written in a manifest. Rows are checked quickly; a slower check describes only the rows that are wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from declarative.manifest.document import Document, DocumentSection
from declarative.manifest.messages import MOST_DESCRIBED, Path, describe_number, describe_value, join_names, quote
from declarative.manifest.recipients.fields import VARIABLES, PersonSchema, data_faults
from declarative.manifest.validate import describe_unknown_field
from declarative.model.capabilities import PERSONAL
from declarative.model.resource import Json

E164 = re.compile(r"\+[1-9][0-9]{6,14}")
E164_DESCRIPTION = "an E.164 number: +, country code, number, digits only, such as +14155550101"


@dataclass(frozen=True)
class InlineRecipients:
    """The people of a manifest that are valid, as columns of equal length, in the order of the manifest."""

    document: Document
    """The manifest."""
    path: Path
    """The place of the list of people; with `single`, the place of the only person."""
    single: bool = False
    """True for a Call, whose spec is the row."""
    numbers: list[str] = field(default_factory=list)
    """Phone numbers in E.164 form."""
    payloads: list[str] = field(default_factory=list)
    """The data of each person: a canonical JSON object by field, `{}` for none."""
    indices: list[int] = field(default_factory=list)
    """The index of each person in the manifest's list."""

    def row_path(self, index: int) -> Path:
        """The place of a row, by its index in the manifest's list."""
        return self.path if self.single else (*self.path, index)


def parse_rows(
    section: DocumentSection, rows: list[Json], person_schema: PersonSchema, *, single: bool = False
) -> InlineRecipients:
    """Check rows and return the valid ones as columns. Of the wrong rows 20 are described and the rest counted. The
    section is the list, or with `single` the row."""
    document = section.document
    inline = InlineRecipients(document, section.path, single)
    wrong_indices = []
    for index, row in enumerate(rows):
        payload = _canonical_payload(row, person_schema)
        if payload is None:
            wrong_indices.append(index)
        else:
            inline.numbers.append(row["to_number"])  # type: ignore[call-overload,index,arg-type]  # checked above
            inline.payloads.append(payload)
            inline.indices.append(index)
    for index in wrong_indices[:MOST_DESCRIBED]:
        _report_row(section if single else section.at(index), rows[index], person_schema)
    if more_indices := wrong_indices[MOST_DESCRIBED:]:
        # The count is reported at the first row that it stands for, so that it sorts after the described rows.
        first_path = inline.row_path(more_indices[0])
        section.problems.add(document.more_problem(first_path, len(more_indices), "faulty recipient"))
    return inline


def _canonical_payload(row: Json, person_schema: PersonSchema) -> str | None:
    """The canonical JSON of the person's data; None when anything is wrong with the row."""
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
    """As `_canonical_payload`, for rows whose keys need the slower rules."""
    data = {name: value for name, value in row.items() if isinstance(value, dict) and value}
    wrong = any(True for name, value in data.items() for _ in data_faults(name, value, person_schema))
    has_known_fields = all(name in person_schema.fields for name in row if name != "to_number")
    return orjson.dumps(data, option=orjson.OPT_SORT_KEYS).decode() if has_known_fields and not wrong else None


def _report_row(section: DocumentSection, row: Json, person_schema: PersonSchema) -> None:
    if not isinstance(row, dict):
        section.report(f"found {describe_number(row)}, expected a mapping with to_number")
        return
    if "to_number" not in row:
        section.report('missing field "to_number"')
    elif not isinstance(row["to_number"], str) or not E164.fullmatch(row["to_number"]):
        _report_number(section.at("to_number"), row["to_number"])
    for name, value in row.items():
        if name != "to_number":
            _report_field(section.at(name), name, value, person_schema)


def _report_number(section: DocumentSection, number: Json) -> None:
    hint = "" if isinstance(number, str) else "write the whole number with its plus sign"
    section.report(f"found {describe_number(number)}, expected {E164_DESCRIPTION}", hint)


def _report_field(section: DocumentSection, name: str, value: Json, person_schema: PersonSchema) -> None:
    if name not in person_schema.fields:
        section.report(*describe_foreign_field(name, person_schema), key=True)
    elif isinstance(value, dict):
        for key, fault in data_faults(name, value, person_schema):
            (section if key is None else section.at(key)).report(fault, key=True)
    elif value is not None:
        section.report(f"found {describe_value(value)}, expected a mapping")


def describe_foreign_field(name: str, person_schema: PersonSchema) -> tuple[str, str]:
    """Message and hint for a field that people do not have under this provider."""
    if name in PERSONAL:
        return f"{person_schema.provider} does not take {quote(name)}", f"it takes {join_names(person_schema.fields)}"
    return describe_unknown_field(name, {"to_number": None, **dict.fromkeys(person_schema.fields)})
