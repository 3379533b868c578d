"""Reads calling hours, and combines those of a resource with the project's, which it can only narrow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from declarative.manifest.document import DocumentSection
from declarative.manifest.durations import parse_time_of_day
from declarative.manifest.messages import quote, suggest
from declarative.model.calling_hours import (
    EVERY_DAY,
    RECIPIENT,
    WEEKDAYS,
    CallingHours,
    Window,
    is_time_zone,
    minutes_of_week,
)


def read_calling_hours(section: DocumentSection, hours: Mapping[str, Any]) -> CallingHours | None:
    """Read what the schema has accepted of `calling_hours`: a wrong item of a list is None there. None when a part is
    missing or wrong, which is reported. The section is its place."""
    mark = section.problems.mark()
    windows = list(_read_windows(section, hours))
    zone, column, exceptions = hours.get("zone"), hours.get("column"), hours.get("except", {})
    if zone is not None and zone != RECIPIENT:
        if not is_time_zone(zone):
            hint = "an IANA area such as America/New_York, UTC, or recipient"
            section.at("zone").report(f"unknown time zone {quote(zone)}", hint)
        if column is not None:
            section.at("column").report("column goes with zone: recipient only", key=True)
    holidays = list(filter(None, exceptions.get("holidays", ())))
    for index, code in enumerate(exceptions.get("holidays", ())):
        if code is not None:
            _report_unknown_calendar(section.at("except", "holidays", index), code)
    dates = frozenset(_read_dates(section.at("except", "dates"), exceptions.get("dates", ())))
    if section.problems.has_new(mark) or zone is None or not windows:
        return None
    return CallingHours(tuple(windows), zone, column, frozenset(holidays), dates)


def restrict_hours(
    section: DocumentSection, project_hours: CallingHours | None, resource_hours: CallingHours | None
) -> CallingHours | None:
    """The hours of a resource: its own within the project's, without the days that either leaves out. The section is
    the place of its own."""
    if project_hours is None or resource_hours is None:
        return resource_hours or project_hours
    limit = f"the project's {describe_windows(project_hours)} in {project_hours.zone}"
    if (resource_hours.zone, resource_hours.column) != (project_hours.zone, project_hours.column):
        message = f"zone {quote(resource_hours.zone)} cannot be compared with {limit}"
        section.at("zone").report(message, "a resource can only narrow the hours, in the same zone")
    elif minutes_of_week(resource_hours.windows) - minutes_of_week(project_hours.windows):
        message = f"{describe_windows(resource_hours)} is wider than {limit}"
        section.report(message, "a resource can only be stricter than its project")
    return replace(
        resource_hours,
        holidays=resource_hours.holidays | project_hours.holidays,
        dates=resource_hours.dates | project_hours.dates,
    )


def _read_windows(section: DocumentSection, hours: Mapping[str, Any]) -> Iterator[Window]:
    if "windows" not in hours:
        if missing := [name for name in ("from", "to") if not _is_written(section, name)]:
            section.report(f"{' and '.join(missing)} missing", "from and to, or windows with several of them")
        elif {"from", "to"} <= set(hours) and (window := _read_window(section, hours)):
            yield window
        return
    for name in ("from", "to", "days"):
        if name in hours:
            section.at(name).report(f"{name} stands beside windows", "write it in each of the windows", key=True)
    for index, value in enumerate(hours["windows"]):
        if value and {"from", "to"} <= set(value) and (window := _read_window(section.at("windows", index), value)):
            yield window


def _is_written(section: DocumentSection, name: str) -> bool:
    """Whether the manifest has the key at this place, right or wrong."""
    value: Any = section.document.value
    for step in section.path:
        value = value[step]
    return name in value


def _read_window(section: DocumentSection, value: Mapping[str, Any]) -> Window | None:
    start, end = parse_time_of_day(value["from"]), parse_time_of_day(value["to"])
    if start == end:
        section.at("to").report("from and to are the same", 'all day is "00:00" to "23:59"')
        return None
    days = frozenset(WEEKDAYS.index(day) for day in value.get("days", WEEKDAYS) if day is not None)
    return Window(start, end, days)


def _read_dates(section: DocumentSection, texts: Sequence[str | None]) -> Iterator[date]:
    for index, text in enumerate(texts):
        if text is None:
            continue
        try:
            yield date.fromisoformat(text)
        except ValueError:
            section.at(index).report(f"{quote(text)} is no date of the calendar")


def _report_unknown_calendar(section: DocumentSection, code: str) -> None:
    from holidays import list_supported_countries

    calendars = list_supported_countries(include_aliases=False)
    country, _, subdivision = code.partition("-")
    if country not in calendars:
        section.report(f"no holidays are known of {quote(country)}", suggest(country, calendars))
    elif subdivision and subdivision not in calendars[country]:
        known = [f"{country}-{name}" for name in calendars[country]]
        section.report(f"no holidays are known of {quote(code)}", suggest(code, known) or f"{country} is known")


def describe_windows(hours: CallingHours) -> str:
    """The windows, as in `mon, tue 09:00 to 12:00 and 13:00 to 18:00`."""
    texts = []
    for window in hours.windows:
        days = "" if window.days == EVERY_DAY else ", ".join(WEEKDAYS[day] for day in sorted(window.days)) + " "
        texts.append(f"{days}{window.start:%H:%M} to {window.end:%H:%M}")
    return " and ".join(texts)
