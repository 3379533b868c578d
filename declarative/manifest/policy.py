"""Limits that manifests set: read from a Project or a resource, and put together so that a resource is only
ever stricter. Obeying them is not done here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path as File
from typing import Any

from declarative.errors import Problem
from declarative.manifest import durations as times
from declarative.manifest import paths as files
from declarative.manifest.document import Document
from declarative.manifest.messages import Path, quote
from declarative.manifest.recipients import countries as regions
from declarative.manifest.recipients.fields import PersonSchema
from declarative.manifest.recipients.source import FORMATS, Source
from declarative.model.policy import RECIPIENT, CallingHours, Policy, is_time_zone

_DAY = 24 * 60
_ISO_BY_EU_CODE = {"UK": "GB", "EL": "GR"}
"""Codes that the European Union uses, by those of ISO 3166."""


@dataclass(frozen=True)
class Limits:
    """A policy with its do-not-call files."""

    policy: Policy = field(default_factory=Policy)
    suppress: tuple[Source, ...] = ()


def read_limits(
    document: Document, path: Path, policy: Mapping[str, Any], root: File, problems: list[Problem]
) -> Limits:
    """A `policy` mapping that its schema found sound, standing at `at`."""
    hours = policy.get("calling_hours")
    countries = policy.get("countries", ())
    problems.extend(_unknown_country_problems(document, (*path, "countries"), countries))
    no_fields = PersonSchema((), "")
    suppress = []
    for index, entry in enumerate(policy.get("suppress_from", ())):
        if not (isinstance(entry, dict) and "file" in entry):
            continue
        entry_path = (*path, "suppress_from", index)
        file = resolve_recipients_file(document, (*entry_path, "file"), entry["file"], root, problems)
        if file is not None:
            suppress.append(Source(file, entry.get("to_number", "to_number"), document, entry_path, no_fields))
    return Limits(
        Policy(
            calling_hours=_read_calling_hours(document, (*path, "calling_hours"), hours, problems) if hours else None,
            max_dials=policy.get("max_dials"),
            countries=frozenset(countries) if countries else None,
        ),
        tuple(suppress),
    )


def resolve_recipients_file(
    document: Document, path: Path, name: str, root: File, problems: list[Problem]
) -> File | None:
    """The file of people that a manifest names, inside the project and of a known format."""
    try:
        file = files.resolve_inside(root, document.file.parent, name)
        if file.suffix.lower() not in FORMATS:
            raise files.UnusableFile(f"{quote(name)} has no ending that is known", f"known are: {', '.join(FORMATS)}")
        if file.stat().st_size > files.RECIPIENTS_LIMIT:
            raise files.UnusableFile(f"{quote(name)} is larger than 2 GiB", "split it")
    except files.UnusableFile as unusable:
        problems.append(document.problem(path, unusable.message, unusable.hint))
        return None
    return file


def restrict_limits(
    project_limits: Limits, resource_limits: Limits, document: Document, problems: list[Problem]
) -> Limits:
    """The limits of a resource: its own within those of the project."""
    problems.extend(
        _wider_hours_problems(project_limits.policy.calling_hours, resource_limits.policy.calling_hours, document)
    )
    return Limits(
        Policy(
            calling_hours=resource_limits.policy.calling_hours or project_limits.policy.calling_hours,
            max_dials=_minimum(project_limits.policy.max_dials, resource_limits.policy.max_dials),
            countries=_common_countries(project_limits.policy.countries, resource_limits.policy.countries),
        ),
        (*project_limits.suppress, *resource_limits.suppress),
    )


def _read_calling_hours(
    document: Document, path: Path, hours: Mapping[str, str], problems: list[Problem]
) -> CallingHours | None:
    """None where a part of them is missing."""
    start, end = (times.parse_time_of_day(hours[name]) if name in hours else None for name in ("from", "to"))
    zone, column = hours.get("zone"), hours.get("column")
    if start is not None and start == end:
        problems.append(document.problem((*path, "to"), "from and to are the same", 'all day is "00:00" to "23:59"'))
    if zone is not None and zone != RECIPIENT:
        if not is_time_zone(zone):
            hint = "an IANA name such as America/New_York, or recipient"
            problems.append(document.problem((*path, "zone"), f"unknown time zone {quote(zone)}", hint))
        if column is not None:
            problems.append(document.problem((*path, "column"), "column goes with zone: recipient only", key=True))
    return None if start is None or end is None or zone is None else CallingHours(start, end, zone, column)


def _unknown_country_problems(document: Document, path: Path, countries: Sequence[str | None]) -> Iterator[Problem]:
    """Codes that no number can have, so that they would hold back everybody."""
    for index, country in enumerate(countries):
        if country is not None and country not in regions.country_codes():
            iso_code = _ISO_BY_EU_CODE.get(country)
            hint = f'did you mean "{iso_code}"?' if iso_code else "codes are those of ISO 3166, such as US"
            yield document.problem((*path, index), f"no phone number is in a country {quote(country)}", hint)


def _wider_hours_problems(
    project_hours: CallingHours | None, resource_hours: CallingHours | None, document: Document
) -> Iterator[Problem]:
    if project_hours is None or resource_hours is None:
        return
    path: Path = ("spec", "policy", "calling_hours")
    limit = f"the project's {project_hours.start:%H:%M} to {project_hours.end:%H:%M} in {project_hours.zone}"
    if (resource_hours.zone, resource_hours.column) != (project_hours.zone, project_hours.column):
        message = f"zone {quote(resource_hours.zone)} cannot be compared with {limit}"
        yield document.problem((*path, "zone"), message, "a resource can only narrow the hours, in the same zone")
    elif (_minute_of_day(resource_hours.start) - _minute_of_day(project_hours.start)) % _DAY + _length_in_minutes(
        resource_hours
    ) > _length_in_minutes(project_hours):
        message = f"{resource_hours.start:%H:%M} to {resource_hours.end:%H:%M} is wider than {limit}"
        yield document.problem(path, message, "a resource can only be stricter than its project")


def _minute_of_day(time_of_day: time) -> int:
    return time_of_day.hour * 60 + time_of_day.minute


def _length_in_minutes(hours: CallingHours) -> int:
    return (_minute_of_day(hours.end) - _minute_of_day(hours.start)) % _DAY


def _minimum(*limits: int | None) -> int | None:
    return min((limit for limit in limits if limit is not None), default=None)


def _common_countries(
    project_countries: frozenset[str] | None, resource_countries: frozenset[str] | None
) -> frozenset[str] | None:
    if project_countries is None or resource_countries is None:
        return resource_countries if project_countries is None else project_countries
    return project_countries & resource_countries
