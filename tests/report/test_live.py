"""The table of `apply --wait`."""

from __future__ import annotations

import io

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
