"""The table of `apply --wait`."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from rich.console import Console

from declarative.app.watch import RemoteProgress
from declarative.report import live


def test_an_address_is_whole_in_a_terminal_of_80_columns() -> None:
    course = RemoteProgress(
        address="batch/appointment-confirmation",
        remote_id="381e3fa9-5ffb-478b-9405-86c7334a8e8e",
        reached=1,
        not_reached=2,
        in_flight=3,
        waiting=4_900,
        over=False,
    )
    console = Console(file=io.StringIO(), width=80)
    with console.capture() as shown:
        console.print(live.build_table([course], most_rows=10))
    heading, row = shown.get().splitlines()
    assert row.split() == ["batch/appointment-confirmation", "381e3…", "1", "2", "3", "4,900"], row
    assert heading.split() == ["resource", "id", "reached", "not", "reached", "in", "flight", "waiting"]


NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


def reading(minutes: int, reached: int, waiting: int, in_flight: int = 0) -> list[RemoteProgress]:
    counts = {"reached": reached, "not_reached": 0, "in_flight": in_flight, "waiting": waiting}
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
    assert (
        timeline.describe(reading(12, 5, 4, 1))
        == f"{half} · 12m00s so far · over in about 10m00s, at 12:22 UTC on 1 Dec"
    )
    assert timeline.describe(reading(120, 10, 0)) == "[####################] 100% · 2h00m so far"


def counted(name: str, *, over: bool = False, **counts: int) -> RemoteProgress:
    known = {"reached": 0, "not_reached": 0, "in_flight": 0, "waiting": 0, **counts}
    return RemoteProgress(address=f"batch/{name}", remote_id=f"id-{name}", over=over, **known)


def table_lines(*all_progress: RemoteProgress, most_rows: int = 10) -> list[str]:
    console = Console(file=io.StringIO(), width=100)
    with console.capture() as shown:
        console.print(live.build_table(all_progress, most_rows=most_rows))
    return [" ".join(line.split()) for line in shown.get().splitlines()]


def test_more_batches_than_a_screen_has_lines_are_counted_and_those_that_go_on_are_shown() -> None:
    done = [counted(f"done{number}", over=True, reached=5) for number in range(30)]
    lines = table_lines(*done, counted("going", waiting=7), most_rows=2)
    assert lines[1:] == [
        "batch/done0 id-done0 5 0 0 0",
        "batch/going id-going 0 0 0 7",
        "and 29 more 145 0 0 0",
        "all 150 0 0 7",
    ]


def test_a_column_for_people_who_were_turned_away_stands_where_there_are_any() -> None:
    assert table_lines(counted("a", reached=1))[0] == "resource id reached not reached in flight waiting"
    assert table_lines(counted("a", turned_away=2))[0].endswith("waiting turned away")


def test_calls_that_ended_with_an_unknown_word_are_not_in_flight_any_more() -> None:
    line = live.Timeline().describe([counted("a", over=True, reached=1, outcome_unknown=1)])
    assert line == "[####################] 100%"


def test_who_waits_for_a_later_start_is_said_while_others_are_called() -> None:
    begun = replace(reading(0, 0, 0, 1)[0], remote_id="c")
    line = live.Timeline().describe([begun, *reading(0, 0, 60)])
    assert line.endswith(" · calls to 60 people begin at 12:02 UTC on 1 Dec")
