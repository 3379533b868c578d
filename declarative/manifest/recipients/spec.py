"""Reads what a manifest says about recipients: rows of its own, and files. The files are not opened here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as File
from typing import Any

from declarative.manifest.document import DocumentSection, Origin
from declarative.manifest.recipients.fields import PersonSchema
from declarative.manifest.recipients.inline import InlineRecipients, describe_foreign_field, parse_rows
from declarative.manifest.recipients.source import Source, resolve_recipients_file
from declarative.model.capabilities import PERSONAL
from declarative.model.resource import Kind


@dataclass(frozen=True)
class RecipientSpec:
    """Where the recipients of one resource come from, and the policies that exclude some of them."""

    inline: InlineRecipients
    """People written in the manifest. They come first."""
    sources: Sequence[Source]
    """Files of people, in the order of the manifest."""
    suppress: Sequence[Source]
    """Do-not-call files of the project and the resource."""
    countries: frozenset[str] | None
    """Country codes whose numbers may be called; None for all."""


def read_inline(
    section: DocumentSection, kind: Kind, values: Mapping[str, Origin], person_schema: PersonSchema
) -> InlineRecipients:
    """Read the `recipients` of a Batch, or the one person of a Call. The section is the spec."""
    if kind is Kind.BATCH:
        recipients = values["recipients"].value if "recipients" in values else []
        return parse_rows(section.at("recipients"), recipients, person_schema)
    if "to_number" not in values:
        return InlineRecipients(section.document, section.path, single=True)
    row = {name: values[name].value for name in ("to_number", *person_schema.fields) if name in values}
    return parse_rows(section, [row], person_schema, single=True)


def read_sources(
    section: DocumentSection, values: Mapping[str, Origin], person_schema: PersonSchema, root: File
) -> list[Source]:
    """Read `recipients_from`. Entries that are wrong are reported and left out. The section is the spec."""
    entries = values["recipients_from"].value if "recipients_from" in values else ()
    sources = []
    for index, entry in enumerate(entries):
        if source := _read_source(section.at("recipients_from", index), entry, person_schema, root):
            sources.append(source)
    return sources


def _read_source(section: DocumentSection, entry: Any, person_schema: PersonSchema, root: File) -> Source | None:
    if not (isinstance(entry, dict) and "file" in entry):
        return None  # the schema has reported it
    columns = {name: entry[name] for name in PERSONAL if name in entry}
    foreign_fields = [name for name in columns if name not in person_schema.fields]
    for name in foreign_fields:
        section.at(name).report(*describe_foreign_field(name, person_schema), key=True)
    file = resolve_recipients_file(section.at("file"), entry["file"], root)
    if file is None or foreign_fields:
        return None
    first_field = person_schema.fields[0] if person_schema.fields else ""
    rest_field = "" if first_field in columns else first_field
    number_column = entry.get("to_number", "to_number")
    return Source(file, number_column, section.document, section.path, person_schema, columns, rest_field)
