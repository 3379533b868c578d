"""Calling hours in words."""

from __future__ import annotations

from declarative import humanize
from declarative.model.calling_hours import EVERY_DAY, RECIPIENT, WEEKDAYS, CallingHours


def describe_hours(hours: CallingHours) -> str:
    """`hours Mon–Fri 09:00–12:00 and 13:00–18:00 own zone, except holidays of US and 1 date`"""
    texts: list[str] = []
    days_before: frozenset[int] = EVERY_DAY
    for window in hours.windows:
        days = "" if window.days == days_before else f"{_describe_days(window.days)} "
        days_before = window.days
        texts.append(f"{days}{window.start:%H:%M}–{window.end:%H:%M}")
    zone = "own zone" if hours.zone == RECIPIENT else hours.zone
    holidays = f"holidays of {', '.join(sorted(hours.holidays))}" if hours.holidays else ""
    dates = humanize.plural(len(hours.dates), "date", "dates") if hours.dates else ""
    exceptions = " and ".join(filter(None, [holidays, dates]))
    return f"hours {' and '.join(texts)} {zone}{f', except {exceptions}' if exceptions else ''}"


def _describe_days(days: frozenset[int]) -> str:
    """`Mon–Fri` for three days or more in a row, `Mon, Wed` for others."""
    names = [name.capitalize() for name in WEEKDAYS]
    places = sorted(days)
    if len(places) == len(names):
        return "all days"
    if len(places) > 2 and places[-1] - places[0] == len(places) - 1:
        return f"{names[places[0]]}–{names[places[-1]]}"
    return ", ".join(names[place] for place in places)
