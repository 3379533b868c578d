"""The provider's clock."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from declarative.providers.http.clock import Clock

DATE = "Wed, 01 Jul 2026 12:00:00 GMT"


NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def test_the_clock_is_the_last_date_and_the_time_since() -> None:
    ticks = [100.0]
    clock = Clock(monotonic=lambda: ticks[0], wall=lambda: NOON.timestamp() - 90)
    assert clock.now() is None
    assert clock.skew() is None
    clock.record({"date": DATE})
    ticks[0] += 30.5
    assert clock.now() == NOON.replace(second=30, microsecond=500_000)
    assert clock.skew() == 90.0


@pytest.mark.parametrize("headers", [{}, {"date": "yesterday"}, {"date": ""}, {"date": DATE, "age": "40"}])
def test_the_clock_passes_over_dates_that_tell_nothing(headers: dict[str, str]) -> None:
    clock = Clock()
    clock.record(headers)
    assert clock.now() is None
