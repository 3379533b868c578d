"""Recipients written in a manifest. Rows are checked quickly; a slower check describes only the rows that are wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from declarative.manifest.document import Document, DocumentSection
from declarative.manifest.messages import Path, describe_number, describe_value, join_names, quote
from declarative.manifest.recipients.fields import PersonSchema, data_faults, text_fault
from declarative.manifest.recipients.number_faults import E164_DESCRIPTION, describe_bad_number
from declarative.manifest.validate import describe_unknown_field
from declarative.model.digest import canonical_json
from declarative.model.mark import METADATA_KEY
from declarative.model.numbers import normalize_numbers
from declarative.model.resource import Json


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
    """Phone numbers in normal form."""
    payloads: list[str] = field(default_factory=list)
    """The data of each person: a canonical JSON object by field, `{}` for none."""
    indices: list[int] = field(default_factory=list)
    """The index of each person in the manifest's list."""

    def row_path(self, index: int) -> Path:
        """The place of a row, by its index in the manifest's list."""
        return self.path if self.single else (*self.path, index)


def parse_rows(
    section: DocumentSection,
    rows: list[Json],
    person_schema: PersonSchema,
    region: str | None,
    *,
    single: bool = False,
) -> InlineRecipients:
    """Check rows and return the valid ones as columns. Of the wrong rows some are described and the rest counted. The
    section is the list, or with `single` the row. Numbers without `+` are read as of `region`."""
    document, most_described = section.document, section.problems.most_described
    ruled_fields = person_schema.ruled_fields
    payloads = [_canonical_payload(row, person_schema, ruled_fields) for row in rows]
    right = [index for index, payload in enumerate(payloads) if payload is not None]
    numbers = normalize_numbers([rows[index]["to_number"] for index in right], region)  # type: ignore[call-overload,index,misc]  # checked above
    people = [(index, number) for index, number in zip(right, numbers, strict=True) if number is not None]
    inline = InlineRecipients(
        document,
        section.path,
        single,
        numbers=[number for _, number in people],
        payloads=[payloads[index] or "" for index, _ in people],
        indices=[index for index, _ in people],
    )
    wrong_indices = sorted(set(range(len(rows))).difference(inline.indices)) if len(people) < len(rows) else []
    for index in wrong_indices[:most_described]:
        _report_row(section if single else section.at(index), rows[index], person_schema, region)
    if more_indices := wrong_indices[most_described:]:
        # The count is reported at the first row that it stands for, so that it sorts after the described rows.
        first_path = inline.row_path(more_indices[0])
        section.problems.add(document.more_problem(first_path, len(more_indices), "faulty recipient"))
    return inline


def _canonical_payload(row: Json, person_schema: PersonSchema, ruled_fields: frozenset[str]) -> str | None:
    """The canonical JSON of the person's data; None when anything is wrong with the row."""
    if type(row) is not dict:
        return None
    if type(row.get("to_number")) is not str:
        return None
    data: dict[str, Json] = {}
    for name, value in row.items():
        if name == "to_number":
            continue
        if name in ruled_fields:
            return _validate_payload(row, person_schema)
        if name not in person_schema.fields or (value is not None and type(value) is not dict):
            return None
        if value:
            if METADATA_KEY in value:
                return _validate_payload(row, person_schema)
            data[name] = value
    return canonical_json(data).decode() if data else "{}"


def _validate_payload(row: Mapping[str, Json], person_schema: PersonSchema) -> str | None:
    """As `_canonical_payload`, for rows whose keys need the slower rules."""
    data = {name: value for name, value in row.items() if name != "to_number" and value not in (None, "", {})}
    is_right = all(
        name in person_schema.fields and _is_right(name, value, person_schema)
        for name, value in row.items()
        if name != "to_number"
    )
    return canonical_json(data).decode() if is_right else None


def _is_right(name: str, value: Json, person_schema: PersonSchema) -> bool:
    limits = person_schema.limits_of(name)
    if value is None:
        return True
    if limits.is_text:
        return isinstance(value, str) and not text_fault(limits, value)
    return isinstance(value, dict) and not any(True for _ in data_faults(limits, value))


def _report_row(section: DocumentSection, row: Json, person_schema: PersonSchema, region: str | None) -> None:
    if not isinstance(row, dict):
        section.report(f"found {describe_number(row)}, expected a mapping with to_number")
        return
    if "to_number" not in row:
        section.report('missing field "to_number"')
    else:
        _report_number(section.at("to_number"), row["to_number"], region)
    for name, value in row.items():
        if name != "to_number":
            _report_field(section.at(name), name, value, person_schema)


def _report_number(section: DocumentSection, number: Json, region: str | None) -> None:
    if not isinstance(number, str):
        hint = "write the whole number with its plus sign, in quotes"
        section.report(f"found {describe_number(number)}, expected {E164_DESCRIPTION}", hint)
    elif normalize_numbers([number], region) == [None]:
        section.report(*describe_bad_number(number, region))


def _report_field(section: DocumentSection, name: str, value: Json, person_schema: PersonSchema) -> None:
    if name not in person_schema.fields:
        section.report(*describe_foreign_field(name, person_schema), key=True)
    elif name in person_schema.text_fields:
        if isinstance(value, str):
            if fault := text_fault(person_schema.limits_of(name), value):
                section.report(fault)
        elif value is not None:
            section.report(f"found {describe_value(value)}, expected text")
    elif isinstance(value, dict):
        for key, fault in data_faults(person_schema.limits_of(name), value):
            (section if key is None else section.at(key)).report(fault, key=True)
    elif value is not None:
        section.report(f"found {describe_value(value)}, expected a mapping")


def describe_foreign_field(name: str, person_schema: PersonSchema) -> tuple[str, str]:
    """Message and hint for a field that people do not have under this provider."""
    if name in person_schema.known_fields:
        return f"{person_schema.provider} does not take {quote(name)}", f"it takes {join_names(person_schema.fields)}"
    return describe_unknown_field(name, {"to_number": None, **dict.fromkeys(person_schema.fields)})
