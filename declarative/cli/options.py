"""Flags and arguments that several commands share."""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import click

from declarative.cli import completion

if TYPE_CHECKING:
    from declarative.app.connections import Connections

_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[dhms])+|\d+")


class Duration(click.ParamType[float]):
    """Converts text such as `90s`, `1h30m` or `90` to seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        if not _DURATION.fullmatch(value):
            self.fail(f"{value!r} is not a duration such as 90s, 2m, 1h30m or 2d", param, ctx)
        if value.isdigit():
            return float(value)
        return sum(float(size) * _UNITS[unit] for size, unit in re.findall(r"([\d.]+)([dhms])", value))


class Since(click.ParamType[datetime | timedelta]):
    """Converts a moment (RFC 3339), or a length of time before now such as `30d`."""

    name = "since"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime | timedelta:
        if isinstance(value, datetime | timedelta):
            return value
        if _DURATION.fullmatch(value):
            return timedelta(seconds=Duration().convert(value, param, ctx))
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            self.fail(
                f"{value!r} is neither a time such as 2026-12-01T16:00:00Z (with its offset) nor a duration such as "
                "30d or 12h",
                param,
                ctx,
            )
        return moment


def resolve_since(since: datetime | timedelta | None, connections: Connections) -> datetime | None:
    """The moment that `--since` means: a duration ends now, by the clock of the sandbox or of this machine."""
    return connections.read_time(asks=False) - since if isinstance(since, timedelta) else since


class LabelSelector(click.ParamType[str]):
    """Checks the text of a label selector."""

    name = "selector"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from declarative.model.selection import parse_label_selector

        try:
            parse_label_selector(value)
        except ValueError as error:
            self.fail(f"{str(error)!r} is not a requirement such as team=growth or 'team in (a, b)'", param, ctx)
        return str(value)


class WaitBound(click.ParamType[float]):
    """Converts the value of `--wait=30m` to seconds, and that of a bare `--wait` to infinity."""

    name = "duration"
    unbounded = "forever"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if value in (self.unbounded, "1", "true"):  # a variable says 1 for a flag
            return math.inf
        return value if isinstance(value, float) else Duration().convert(value, param, ctx)


class WaitCommand(click.Command):
    """A command whose `--wait` or `--watch` takes a value only after an equals sign: the next word may be PATH or an
    address."""

    _bare: ClassVar = {"--wait": f"--wait={WaitBound.unbounded}", "--watch": "--watch=10s"}

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, [self._bare.get(word, word) for word in args])


wait = click.option(
    "--wait",
    type=WaitBound(),
    metavar="[=DURATION]",
    help="Follow what was submitted until all calls are over, or at most this long (--wait=30m).",
)
path = click.argument("path", type=click.Path(path_type=Path), default=Path(), required=False)
project_schema = click.option(
    "--path", "path", type=click.Path(path_type=Path), default=Path(), help="The project's directory.  [default: .]"
)
as_json = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout, also on failure.")
targets = click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="ADDRESS",
    shell_complete=completion.addresses,
    help="Only this resource: its address, its name, or a pattern such as 'batch/spring-*'. Repeatable.",
)
labels = click.option(
    "-l",
    "--selector",
    "labels",
    multiple=True,
    type=LabelSelector(),
    shell_complete=completion.labels,
    help="Only resources with these labels, as in kubectl: team=growth, 'team in (a, b)', !team.",
)
allow_shrink = click.option(
    "--allow-shrink",
    multiple=True,
    metavar="ADDRESS",
    help="Allow taking off more than half of this resource's waiting people.",
)
allow_release = click.option(
    "--allow-release",
    multiple=True,
    metavar="FILE",
    help="Allow this do-not-call list to hold fewer numbers than at the last apply. Repeatable.",
)
lock_timeout = click.option(
    "--lock-timeout", type=Duration(), default="0s", show_default=True, help="How long to wait for another run to end."
)
since = click.option(
    "--since", type=Since(), metavar="TIME", help="Not before this: 2026-12-01T16:00:00Z, or a duration such as 30d."
)
reason = click.option("--reason", default="", metavar="TEXT", help="Why, for the history. It must hold no secret.")
parallelism = click.option(
    "--parallelism",
    default=8,
    show_default=True,
    type=click.IntRange(1, 64),
    help="How many requests run at once.",
)
max_dials = click.option(
    "--max-dials", type=click.IntRange(0), metavar="N", help="Refuse to call more people than this in one run."
)
auto_approve = click.option("-y", "--auto-approve", is_flag=True, help="Go on without asking.")
show_numbers = click.option("--show-numbers", is_flag=True, help="Show phone numbers in full.")
addresses = click.argument("addresses", metavar="[ADDRESS...]", nargs=-1, shell_complete=completion.addresses)
