"""Ten million people in one file: what each command holds at its peak. At small size a hundredth of them."""

from __future__ import annotations

from pathlib import Path

from bench import Claims, Cost, main, python, spend
from campaign import Campaign, control, environment, sandbox

A_YEAR = 365 * 86_400
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


def measure(claims: Claims, directory: Path) -> None:
    people = 10_000_000 if claims.full else 100_000
    with sandbox(directory / "served") as url:
        campaign = Campaign.create(directory / "campaign", url, 1)
        spend(python(WRITE, campaign.file, people), cwd=campaign.directory, env=environment())
        _show(claims, "validate", campaign.run("validate"))
        campaign.forget_reads()
        _show(claims, "first plan", campaign.run("plan"))
        _show(claims, "apply", campaign.run("apply", "--auto-approve"))
        control(url, "POST", "advance", {"seconds": A_YEAR})
        campaign.run("apply", "--auto-approve")
        _show(claims, "unchanged plan", campaign.run("plan"))


def _show(claims: Claims, step: str, cost: Cost) -> None:
    print(f"  {step:<44} {cost}", flush=True)
    claims.check_megabytes(f"{step}, peak", cost, 2_000)


if __name__ == "__main__":
    main("Ten million people", measure)
