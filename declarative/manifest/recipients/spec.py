"""Reads what a manifest says about recipients: rows of its own, and files. The files are not opened here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as File
from typing import Any

from declarative.manifest.document import DocumentSection, Origin
from declarative.manifest.messages import quote
from declarative.manifest.paths import UnusableFile
from declarative.manifest.recipients.countries import report_unknown_region
from declarative.manifest.recipients.fields import PersonSchema
from declarative.manifest.recipients.inline import InlineRecipients, describe_foreign_field, parse_rows
from declarative.manifest.recipients.remote_file import RemoteFiles, check_url
from declarative.manifest.recipients.source import Condition, Source, format_of, resolve_recipients_file
from declarative.manifest.recipients.text_file import is_text_encoding
from declarative.model.calling_hours import CallingHours
from declarative.model.digest import canonical_json
from declarative.model.resource import Kind

_OPTION_FORMATS = {
    "delimiter": ("csv", "tsv"),
    "encoding": ("csv", "tsv", "jsonl", "json"),
    "sheet": ("xlsx",),
}
"""Options that only some formats have."""


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
    hours: CallingHours | None = None
    """Calling hours in each person's own zone; None where time zones of people do not matter."""


def read_inline(
    section: DocumentSection,
    kind: Kind,
    values: Mapping[str, Origin],
    person_schema: PersonSchema,
    region: str | None,
) -> InlineRecipients:
    """Read the `recipients` of a Batch, or the one person of a Call. The section is the spec."""
    if kind is Kind.BATCH:
        recipients = values["recipients"].value if "recipients" in values else []
        return parse_rows(section.at("recipients"), recipients, person_schema, region)
    if "to_number" not in values:
        return InlineRecipients(section.document, section.path, single=True)
    row = {name: values[name].value for name in ("to_number", *person_schema.fields) if name in values}
    return parse_rows(section, [row], person_schema, region, single=True)


def read_sources(
    section: DocumentSection,
    values: Mapping[str, Origin],
    person_schema: PersonSchema,
    root: File,
    region: str | None,
    remote_files: RemoteFiles,
) -> list[Source]:
    """Read `recipients_from`. Entries that are wrong are reported and left out. The section is the spec."""
    entries = values["recipients_from"].value if "recipients_from" in values else ()
    sources = []
    for index, entry in enumerate(entries):
        if source := _read_source(
            section.at("recipients_from", index), entry, person_schema, root, region, remote_files
        ):
            sources.append(source)
    return sources


def _read_source(
    section: DocumentSection,
    entry: Any,
    person_schema: PersonSchema,
    root: File,
    region: str | None,
    remote_files: RemoteFiles,
) -> Source | None:
    if not (isinstance(entry, dict) and "file" in entry):
        return None  # the schema has reported it
    named = {name: entry[name] for name in person_schema.known_fields if name in entry}
    columns = {name: [value] if isinstance(value, str) else value for name, value in named.items()}
    foreign_fields = [name for name in columns if name not in person_schema.fields]
    for name in foreign_fields:
        section.at(name).report(*describe_foreign_field(name, person_schema), key=True)
    file = locate_file(section, entry, root, remote_files)
    if file is None or foreign_fields:
        return None
    first_field = person_schema.fields[0] if person_schema.fields else ""
    rest_field = "" if first_field in columns else first_field
    reading = read_options(section, entry, file, region)
    if reading is None:
        return None
    return Source(
        file=file,
        document=section.document,
        path=section.path,
        person_schema=person_schema,
        columns=columns,
        rest_field=rest_field,
        where=_read_conditions(entry.get("where", {})),
        keep_first=entry.get("duplicates") == "first",
        skip_invalid=entry.get("invalid") == "skip",
        **reading,
    )


def locate_file(
    section: DocumentSection, entry: Mapping[str, Any], root: File, remote_files: RemoteFiles
) -> File | None:
    """The file of an entry: in the project, or the copy of one under a URL. None when it cannot be read, which is
    reported, or is not fetched in this run. The section is the entry."""
    name = entry["file"]
    if "://" not in name:
        return resolve_recipients_file(section.at("file"), name, root)
    try:
        check_url(name)
        if "sha256" not in entry:
            raise UnusableFile(f"{quote(name)} needs its sha256", "dialctl digest URL prints it")
        return remote_files.get(name, entry["sha256"])
    except UnusableFile as unusable:
        section.at("file").report(unusable.message, unusable.hint)
        return None


def read_options(
    section: DocumentSection, entry: Mapping[str, Any], file: File, region: str | None
) -> dict[str, Any] | None:
    """How the file of an entry is read, as fields of Source; None when they do not fit, which is reported."""
    mark = section.problems.mark()
    file_format = format_of(file.name)
    for name, formats in _OPTION_FORMATS.items():
        if name in entry and file_format not in formats:
            section.at(name).report(f"{name} is for {', '.join(formats)} files", key=True)
    if not is_text_encoding(encoding := entry.get("encoding", "utf-8")):
        section.at("encoding").report(f"unknown encoding {quote(encoding)}", "such as utf-8, windows-1252 or utf-16-le")
    report_unknown_region(section.at("default_region"), entry.get("default_region"))
    if section.problems.has_new(mark):
        return None
    return {
        "number_column": entry.get("to_number", "to_number"),
        "delimiter": entry.get("delimiter", ""),
        "encoding": entry.get("encoding", ""),
        "sheet": entry.get("sheet", ""),
        "region": entry.get("default_region", region),
        "sha256": entry.get("sha256", ""),
        "url": entry["file"] if "://" in entry["file"] else "",
    }


def _read_conditions(where: Mapping[str, Any]) -> tuple[Condition, ...]:
    conditions = []
    for column, wanted in where.items():
        excludes = isinstance(wanted, dict)
        values = wanted["not"] if isinstance(wanted, dict) else wanted
        texts = tuple(_condition_text(value) for value in (values if isinstance(values, list) else [values]))
        conditions.append(Condition(column, texts, excludes))
    return tuple(conditions)


def _condition_text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else canonical_json(value).decode()
