"""The plan of a campaign that is over and did not change: compared with reading its file, in requests, in memory."""

from __future__ import annotations

from pathlib import Path

from bench import Claims, Cost, main, python, run_in_turn, spend
from campaign import READ_AND_HASH, Campaign, environment, sandbox


def measure(claims: Claims, directory: Path) -> None:
    with sandbox(directory / "served") as url:
        campaign = Campaign.create(directory / "campaign", url, 1_000_000 if claims.full else 20_000)
        campaign.settle()

        def read() -> Cost:
            return spend(python(READ_AND_HASH, campaign.file), cwd=campaign.directory, env=environment())

        costs = run_in_turn(
            {"polars.read_csv + SHA-256": read, "unchanged plan": lambda: campaign.run("plan")}, claims.repeats(5)
        )
        before = len(campaign.requests())
        assert not campaign.plan()["summary"]["create"]
        requests = len(campaign.requests()) - before
    claims.check_at_most("unchanged plan", costs["unchanged plan"].cpu / costs["polars.read_csv + SHA-256"].cpu, 5)
    claims.check_megabytes("unchanged plan, peak", costs["unchanged plan"], 700)
    claims.check_at_most("unchanged plan, requests", requests, 3, "requests")


if __name__ == "__main__":
    main("Unchanged plan", measure)
