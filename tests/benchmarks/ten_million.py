"""Ten million people in one file of 470 MB: what each command holds at its peak, and that it costs ten times what a
million cost. At small size a hundredth of them."""

from __future__ import annotations

import urllib.request
from pathlib import Path

from bench import Claims, Cost, main, python, spend
from campaign import A_YEAR, READ_AND_HASH, Campaign, control, environment, sandbox

MOST_MEGABYTES = 2_000
"""Of memory, for each command."""
WRITE = """\
import sys
import polars as pl
file, count = sys.argv[1], int(sys.argv[2])
# 50,000,021 is prime: so many steps of the same length meet each number once, in no order of numbers.
index = pl.int_range(count, dtype=pl.Int64, eager=True)
digits = ((index * 31_415_927) % 50_000_021 + 10_000_000).cast(pl.String)
pl.DataFrame({
    "phone": "+4930" + digits,
    "customer_id": "cust_" + index.cast(pl.String),
    "plan": pl.select(pl.when(index % 2 == 0).then(pl.lit("basic")).otherwise(pl.lit("gold"))).to_series(),
    "renews_on": pl.select(pl.format("2026-12-{}", (1 + index % 28).cast(pl.String).str.zfill(2))).to_series(),
    "language": pl.repeat("EN", count, eager=True),
}).write_csv(file)
"""
"""Writes the recipients in a process of its own, so that this one stays small."""
_STEPS = ("validate", "first plan", "apply", "unchanged plan")


def measure(claims: Claims, directory: Path) -> None:
    people = 10_000_000 if claims.full else 100_000
    fewer = _run_steps(directory / "fewer", people // 10)
    costs = _run_steps(directory / "many", people)
    for step in _STEPS:
        claims.check_megabytes(f"{step}, peak", costs[step], MOST_MEGABYTES)
    for step in ("first plan", "apply"):
        claims.check_at_most(f"{step} of ten times as many: CPU by size", costs[step].cpu / fewer[step].cpu / 10, 1.1)
    if claims.full:  # of few people nearly all is the start
        ratio = costs["unchanged plan"].cpu / costs["reading and hashing"].cpu
        claims.check_at_most("unchanged plan, beside reading and hashing", ratio, 5)


def _run_steps(directory: Path, people: int) -> dict[str, Cost]:
    """Measure each command once, in a sandbox of its own."""
    with sandbox(directory / "served") as url:
        campaign = Campaign.create(directory / "campaign", url, 1)
        spend(python(WRITE, campaign.file, people), cwd=campaign.directory, env=environment())
        costs = {"validate": campaign.run("validate")}
        campaign.forget_reads()
        costs["first plan"] = campaign.run("plan")
        costs["apply"] = campaign.run("apply", "--auto-approve")
        control(url, "POST", "advance", {"seconds": A_YEAR})
        _make_calls(campaign)
        costs["apply once all calls are over"] = campaign.run("apply", "--auto-approve")
        costs["unchanged plan"] = campaign.run("plan")
        read = python(READ_AND_HASH, campaign.file)
        costs["reading and hashing"] = spend(read, cwd=campaign.directory, env=environment())
    for step, cost in costs.items():
        print(f"  {f'{step}, {people:,} people':<44} {cost}", flush=True)
    return costs


def _make_calls(campaign: Campaign) -> None:
    """Wait until the sandbox has made all calls of the time that it was moved by: it does so when it is next asked, and
    ten million take longer than a client waits."""
    headers = {"Authorization": f"Bearer {campaign.environment['CARTESIA_API_KEY']}", "Cartesia-Version": "2026-03-01"}
    with urllib.request.urlopen(urllib.request.Request(f"{campaign.url}/agents/calls/batches", headers=headers)):
        pass


if __name__ == "__main__":
    main("Ten million people", measure)
