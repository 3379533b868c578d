"""Many small manifests: a first plan and an unchanged one beside checking them, and single calls by the thousand."""

from __future__ import annotations

from pathlib import Path

from bench import Claims, Cost, main, run_in_turn
from campaign import Campaign, sandbox

EACH = 100
"""People in each Batch."""


def measure(claims: Claims, directory: Path) -> None:
    batches, calls = (1_000, 10_000) if claims.full else (200, 2_000)
    with sandbox(directory / "served") as url:
        campaign = Campaign.create(directory / "batches", url, batches * EACH, batches)
        _first_plan(claims, campaign, f"{batches:,} manifests of {EACH} people", 2)
        _unchanged_plan(claims, campaign)
        fewer = Campaign.create_calls(directory / "fewer", url, calls // 10)
        many = Campaign.create_calls(directory / "many", url, calls)
        few_cost = _first_plan(claims, fewer, f"{calls // 10:,} calls", 4)
        many_cost = _first_plan(claims, many, f"{calls:,} calls", 2.5 if claims.full else 4.5)
    claims.check_at_most("first plan of ten times as many calls: CPU by size", many_cost.cpu / few_cost.cpu / 10, 1)


def _first_plan(claims: Claims, campaign: Campaign, what: str, bound: float) -> Cost:
    """Compare both as in a fresh checkout, where nothing is known of the files."""

    def validate() -> Cost:
        campaign.forget_reads()
        return campaign.run("validate")

    def plan() -> Cost:
        campaign.forget_reads()
        return campaign.run("plan")

    names = f"validate {what}", f"first plan of {what}"
    costs = run_in_turn({names[0]: validate, names[1]: plan}, claims.repeats(3))
    claims.check_at_most(f"{names[1]}, beside validate", costs[names[1]].cpu / costs[names[0]].cpu, bound)
    return costs[names[1]]


def _unchanged_plan(claims: Claims, campaign: Campaign) -> None:
    campaign.settle()
    costs = run_in_turn(
        {"validate once more": lambda: campaign.run("validate"), "unchanged plan": lambda: campaign.run("plan")},
        claims.repeats(3),
    )
    bound = 1.5 if claims.full else 2.5  # of few manifests nearly all is the start
    ratio = costs["unchanged plan"].cpu / costs["validate once more"].cpu
    claims.check_at_most("unchanged plan, beside validate", ratio, bound)
    before = len(campaign.requests())
    campaign.plan()
    pages = -(-len(list(campaign.directory.glob("*.csv"))) // 100)
    claims.check_at_most("unchanged plan, requests", len(campaign.requests()) - before, pages + 3, "requests")


if __name__ == "__main__":
    main("Many manifests", measure)
