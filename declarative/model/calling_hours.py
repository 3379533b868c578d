"""Calling hours: in which moments people may be called. Pure; the moment comes in as a value.

A window is read by the clock on the wall of its zone, on the days when clocks change too. One over midnight belongs to
the day that it begins on. On a day that is left out nobody is called, nor in a window that begins on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

RECIPIENT = "recipient"
"""The zone of calling hours that hold in each person's own time zone."""
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""The names of days, in the order of `date.weekday()`."""
EVERY_DAY = frozenset(range(7))

_DAY = timedelta(days=1)
_MINUTES = 7 * 24 * 60
_HORIZONS = (0, 8, 40, 400)
"""Days ahead, between which an opening is searched stretch by stretch. The last has all seasons of each zone."""
_SOME_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
_NO_AREAS = ("posix", "right", "Etc")
"""Beginnings of names that are no area: copies of all zones, and fixed offsets."""


@dataclass(frozen=True)
class Window:
    """Hours of some days of the week in which people may be called."""

    start: time
    """Local time of the first call. The moment itself is inside."""
    end: time
    """Local time after the last call. The moment itself is outside. Earlier than `start`: the window crosses
    midnight."""
    days: frozenset[int] = EVERY_DAY
    """Days of the week that it begins on, from 0 for Monday."""


@dataclass(frozen=True)
class CallingHours:
    """When people may be called."""

    windows: tuple[Window, ...]
    """A call is allowed within any of them."""
    zone: str
    """An IANA name, or RECIPIENT for each person's own zone."""
    column: str | None = None
    """The recipient's metadata field that holds their zone. None: the zone comes from the number."""
    holidays: frozenset[str] = frozenset()
    """Calendars of holidays that are left out: a country, or a country and a subdivision, such as US-CA."""
    dates: frozenset[date] = frozenset()
    """Further dates that are left out."""


@cache
def is_time_zone(name: str) -> bool:
    """Whether this is the IANA name of an area, or UTC. Others, such as EST, leave out the change of clocks."""
    if name != "UTC" and ("/" not in name or name.partition("/")[0] in _NO_AREAS):
        return False
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def is_open(hours: CallingHours, zones: Sequence[str], moment: datetime) -> bool:
    """Whether a call at the moment (aware) is allowed in all of the zones."""
    return all(_is_open_at(hours, moment.astimezone(ZoneInfo(zone))) for zone in zones)


def next_opening(hours: CallingHours, zones: Sequence[str], moment: datetime) -> datetime | None:
    """The first moment (UTC) from `moment` on at which a call is allowed in all zones; None where none comes within
    400 days."""
    if is_open(hours, zones, moment):
        return moment
    return _next_boundary(hours, zones, moment, wants_open=True)


def next_closing(hours: CallingHours, zones: Sequence[str], moment: datetime) -> datetime | None:
    """The first moment (UTC) after `moment` at which a call is not allowed in some zone; None where none comes within
    400 days."""
    return _next_boundary(hours, zones, moment, wants_open=False)


@cache
def never_meet(windows: tuple[Window, ...], zones: tuple[str, ...]) -> bool:
    """Whether the windows allow no call in all of the zones together, at any season."""
    days = [_SOME_YEAR + place * _DAY for place in range(366)]
    infos = [ZoneInfo(zone) for zone in zones]
    local_minutes = minutes_of_week(windows)
    # Within a year there are only a few combinations of offsets.
    for offsets in {tuple(day.astimezone(info).utcoffset() for info in infos) for day in days}:
        common: set[int] | None = None
        for offset in set(offsets):
            shift = int((offset or timedelta()) / timedelta(minutes=1))
            minutes = {(minute - shift) % _MINUTES for minute in local_minutes}
            common = minutes if common is None else common & minutes
        if common:
            return False
    return True


def minutes_of_week(windows: Sequence[Window]) -> set[int]:
    """The minutes of a week within the windows, from Monday at midnight."""
    minutes: set[int] = set()
    for window in windows:
        start, end = (moment.hour * 60 + moment.minute for moment in (window.start, window.end))
        for day in window.days:
            begin = day * 24 * 60 + start
            minutes.update(minute % _MINUTES for minute in range(begin, begin + (end - start) % (24 * 60)))
    return minutes


def _next_boundary(hours: CallingHours, zones: Sequence[str], moment: datetime, *, wants_open: bool) -> datetime | None:
    begin = moment.astimezone(UTC)
    for first, last in pairwise(_HORIZONS):
        boundaries = {
            boundary
            for zone in zones
            for place in range(first - 2, last + 2)
            for boundary in _boundaries(hours, zone, begin.date() + place * _DAY, wants_open=wants_open)
            if begin + first * _DAY < boundary <= begin + last * _DAY
        }
        for boundary in sorted(boundaries):
            if is_open(hours, zones, boundary) is wants_open:
                return boundary
    return None


def _boundaries(hours: CallingHours, zone: str, day: date, *, wants_open: bool) -> Iterator[datetime]:
    """All moments (UTC) of a local day at which calls may begin, or cease, to be allowed."""
    if wants_open:
        times = {window.start for window in hours.windows}
    else:
        times = {time(), *(window.end for window in hours.windows)}  # at midnight a day that is left out may begin
    change = _clock_change(zone, day)
    for local_time in times:
        for fold in (0, 1) if change else (0,):
            yield datetime.combine(day, local_time, ZoneInfo(zone)).replace(fold=fold).astimezone(UTC)
    if change:
        yield change


@cache
def _clock_change(zone: str, day: date) -> datetime | None:
    """The moment (UTC) of a local day at which the clocks of the zone change; None on most days."""
    begin = datetime.combine(day, time(), UTC) - _DAY
    end = begin + 3 * _DAY
    offset = begin.astimezone(ZoneInfo(zone)).utcoffset()
    if end.astimezone(ZoneInfo(zone)).utcoffset() == offset:
        return None
    while end - begin > timedelta(seconds=1):
        middle = (begin + (end - begin) / 2).replace(microsecond=0)
        if middle.astimezone(ZoneInfo(zone)).utcoffset() == offset:
            begin = middle
        else:
            end = middle
    return end


def _is_open_at(hours: CallingHours, local: datetime) -> bool:
    day, clock_time = local.date(), local.time()
    if _is_left_out(hours, day):
        return False
    return any(_is_within(hours, window, day, clock_time) for window in hours.windows)


def _is_within(hours: CallingHours, window: Window, day: date, clock_time: time) -> bool:
    if window.start <= window.end:
        return day.weekday() in window.days and window.start <= clock_time < window.end
    if clock_time >= window.start and day.weekday() in window.days:
        return True
    day_before = day - _DAY
    return clock_time < window.end and day_before.weekday() in window.days and not _is_left_out(hours, day_before)


def _is_left_out(hours: CallingHours, day: date) -> bool:
    return day in hours.dates or any(day in _holidays(code, day.year) for code in hours.holidays)


@cache
def _holidays(code: str, year: int) -> frozenset[date]:
    from holidays import country_holidays

    country, _, subdivision = code.partition("-")
    return frozenset(country_holidays(country, subdiv=subdivision or None, years=year))
