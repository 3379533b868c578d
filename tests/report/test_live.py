"""The table of `apply --wait`."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

from rich.console import Console

from declarative.app.watch import RemoteProgress
from declarative.report import live


def test_an_address_is_whole_in_a_terminal_of_80_columns() -> None:
    course = RemoteProgress(
        address="batch/appointment-confirmation",
        remote_id="381e3fa9-5ffb-478b-9405-86c7334a8e8e",
        reached=1,
        unreached=2,
        in_flight=3,
        waiting=4_900,
        over=False,
    )
    console = Console(file=io.StringIO(), width=80)
    with console.capture() as shown:
        console.print(live.build_table([course]))
    heading, row = shown.get().splitlines()
    assert row.split() == ["batch/appointment-confirmation", "381e3fa…", "1", "2", "3", "4,900"], row
    assert heading.split() == ["resource", "id", "reached", "unreached", "in", "flight", "waiting"]


NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


def reading(minutes: int, reached: int, waiting: int, in_flight: int = 0) -> list[RemoteProgress]:
    counts = {"reached": reached, "unreached": 0, "in_flight": in_flight, "waiting": waiting}
    seen_at, starts_at = NOON + timedelta(minutes=minutes), NOON + timedelta(minutes=2)
    return [
        RemoteProgress(address="batch/a", remote_id="b", over=False, starts_at=starts_at, seen_at=seen_at, **counts)
    ]


def test_why_nothing_happens_how_far_it_is_and_the_expected_end_are_said() -> None:
    timeline = live.Timeline()
    nothing = "[--------------------] 0%"
    assert timeline.describe(reading(0, 0, 10)) == f"{nothing} · 0s so far · calls begin at 12:02 UTC on 1 Dec"
    idle = "nobody was called yet: the provider has not begun"
    assert timeline.describe(reading(3, 0, 10)) == f"{nothing} · 3m00s so far · {idle}"
    half = "[##########----------] 50%"
    assert timeline.describe(reading(12, 5, 4, 1)) == f"{half} · 12m00s so far · over in about 10m00s"
    assert timeline.describe(reading(120, 10, 0)) == "[####################] 100% · 2h00m so far"
