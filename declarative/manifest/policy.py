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
from declarative.manifest.messages import Path, quoted
from declarative.manifest.recipients import countries as regions
from declarative.manifest.recipients.fields import Personal
from declarative.manifest.recipients.source import FORMATS, Source
from declarative.model.policy import RECIPIENT, CallingHours, Policy, is_zone

_DAY = 24 * 60
_ALSO_CALLED = {"UK": "GB", "EL": "GR"}
"""Codes that the European Union uses, by those of ISO 3166."""


@dataclass(frozen=True)
class Limits:
    """A policy with its do-not-call files."""

    policy: Policy = field(default_factory=Policy)
    suppress: tuple[Source, ...] = ()


def limits(document: Document, at: Path, policy: Mapping[str, Any], root: File, problems: list[Problem]) -> Limits:
    """A `policy` mapping that its schema found sound, standing at `at`."""
    hours = policy.get("calling_hours")
    countries = policy.get("countries", ())
    problems.extend(_nowhere(document, (*at, "countries"), countries))
    nobody = Personal((), "")
    suppress = []
    for index, entry in enumerate(policy.get("suppress_from", ())):
        if not (isinstance(entry, dict) and "file" in entry):
            continue
        place = (*at, "suppress_from", index)
        file = file_named(document, (*place, "file"), entry["file"], root, problems)
        if file is not None:
            suppress.append(Source(file, entry.get("to_number", "to_number"), document, place, nobody))
    return Limits(
        Policy(
            calling_hours=_hours(document, (*at, "calling_hours"), hours, problems) if hours else None,
            max_dials=policy.get("max_dials"),
            countries=frozenset(countries) if countries else None,
        ),
        tuple(suppress),
    )


def file_named(document: Document, at: Path, name: str, root: File, problems: list[Problem]) -> File | None:
    """The file of people that a manifest names, inside the project and of a known format."""
    try:
        file = files.inside(root, document.file.parent, name)
        if file.suffix.lower() not in FORMATS:
            raise files.Unusable(f"{quoted(name)} has no ending that is known", f"known are: {', '.join(FORMATS)}")
        if file.stat().st_size > files.RECIPIENTS_LIMIT:
            raise files.Unusable(f"{quoted(name)} is larger than 2 GiB", "split it")
    except files.Unusable as unusable:
        problems.append(document.problem(at, unusable.message, unusable.hint))
        return None
    return file


def stricter(project: Limits, own: Limits, document: Document, problems: list[Problem]) -> Limits:
    """The limits of a resource: its own within those of the project."""
    problems.extend(_wider(project.policy.calling_hours, own.policy.calling_hours, document))
    return Limits(
        Policy(
            calling_hours=own.policy.calling_hours or project.policy.calling_hours,
            max_dials=_least(project.policy.max_dials, own.policy.max_dials),
            countries=_common(project.policy.countries, own.policy.countries),
        ),
        (*project.suppress, *own.suppress),
    )


def _hours(document: Document, at: Path, hours: Mapping[str, str], problems: list[Problem]) -> CallingHours | None:
    """None where a part of them is missing."""
    start, end = (times.time_of_day(hours[name]) if name in hours else None for name in ("from", "to"))
    zone, column = hours.get("zone"), hours.get("column")
    if start is not None and start == end:
        problems.append(document.problem((*at, "to"), "from and to are the same", 'all day is "00:00" to "23:59"'))
    if zone is not None and zone != RECIPIENT:
        if not is_zone(zone):
            hint = "an IANA name such as America/New_York, or recipient"
            problems.append(document.problem((*at, "zone"), f"unknown time zone {quoted(zone)}", hint))
        if column is not None:
            problems.append(document.problem((*at, "column"), "column goes with zone: recipient only", key=True))
    return None if start is None or end is None or zone is None else CallingHours(start, end, zone, column)


def _nowhere(document: Document, at: Path, countries: Sequence[str | None]) -> Iterator[Problem]:
    """Codes that no number can have, so that they would hold back everybody."""
    for index, country in enumerate(countries):
        if country is not None and country not in regions.known():
            close = _ALSO_CALLED.get(country)
            hint = f'did you mean "{close}"?' if close else "codes are those of ISO 3166, such as US"
            yield document.problem((*at, index), f"no phone number is in a country {quoted(country)}", hint)


def _wider(project: CallingHours | None, own: CallingHours | None, document: Document) -> Iterator[Problem]:
    if project is None or own is None:
        return
    at: Path = ("spec", "policy", "calling_hours")
    limit = f"the project's {project.start:%H:%M} to {project.end:%H:%M} in {project.zone}"
    if (own.zone, own.column) != (project.zone, project.column):
        message = f"zone {quoted(own.zone)} cannot be compared with {limit}"
        yield document.problem((*at, "zone"), message, "a resource can only narrow the hours, in the same zone")
    elif (_minute(own.start) - _minute(project.start)) % _DAY + _length(own) > _length(project):
        message = f"{own.start:%H:%M} to {own.end:%H:%M} is wider than {limit}"
        yield document.problem(at, message, "a resource can only be stricter than its project")


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute


def _length(hours: CallingHours) -> int:
    return (_minute(hours.end) - _minute(hours.start)) % _DAY


def _least(*limits: int | None) -> int | None:
    return min((limit for limit in limits if limit is not None), default=None)


def _common(project: frozenset[str] | None, own: frozenset[str] | None) -> frozenset[str] | None:
    if project is None or own is None:
        return own if project is None else project
    return project & own
