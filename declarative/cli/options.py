"""Flags that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

path = click.argument("path", type=click.Path(path_type=Path), default=Path(), required=False)
json = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout, also when it fails.")
targets = click.option("--target", "targets", multiple=True, metavar="ADDRESS", help="Only this resource; repeatable.")
allow_shrink = click.option(
    "--allow-shrink",
    multiple=True,
    metavar="ADDRESS",
    help="Let more than half of this resource's waiting people be taken off.",
)
lock_timeout = click.option(
    "--lock-timeout", default=0.0, show_default=True, metavar="SECONDS", help="Wait for another run to end."
)
parallelism = click.option(
    "--parallelism", default=8, show_default=True, type=click.IntRange(1, 64), help="Reads at once."
)
max_dials = click.option(
    "--max-dials", type=click.IntRange(0), metavar="N", help="Refuse to ring more people than this in one run."
)
auto_approve = click.option("-y", "--auto-approve", is_flag=True, help="Apply without asking.")
show_numbers = click.option("--show-numbers", is_flag=True, help="Show phone numbers in full.")
address = click.argument("address", required=False)
