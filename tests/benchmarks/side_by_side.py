"""An apply of many small manifests beside sending the same bodies by hand, and of many batches at a slow provider."""

from __future__ import annotations

from pathlib import Path

from bench import Claims, main, python, spend
from campaign import AGENT, NUMBER, Campaign, environment, sandbox
from slow_provider import slow_provider

EACH = 100
"""People in each Batch."""
SECONDS = 0.3
"""How long the slow provider takes for an answer."""
SEND_EACH_BY_HAND = """\
import csv, httpx, orjson, sys
from pathlib import Path
directory, url, agent, number = sys.argv[1:]
headers = {"Authorization": "Bearer sk_by_hand", "Cartesia-Version": "2026-03-01", "Content-Type": "application/json"}
fresh = httpx.Limits(max_keepalive_connections=0)
with httpx.Client(base_url=url, headers=headers, timeout=60, limits=fresh) as client:
    for file in sorted(Path(directory).glob("*.csv")):
        rows = [
            {"to_number": row.pop("phone"), "metadata": row}
            for row in csv.DictReader(open(file, encoding="utf-8"))
        ]
        body = {"name": f"by hand {file.stem}", "agent_id": agent, "from_number_id": number, "recipients": rows}
        client.post("/agents/calls/batches", content=orjson.dumps(body)).raise_for_status()
"""
"""Each request over a connection of its own, as requests that dial must be made."""


def measure(claims: Claims, directory: Path) -> None:
    with sandbox(directory / "served") as url:
        _apply(claims, directory, url)
        _slow_provider(claims, directory, url)


def _apply(claims: Claims, directory: Path, url: str) -> None:
    batches = 1_000 if claims.full else 200
    campaign = Campaign.create(directory / "many", url, batches * EACH, batches)
    by_hand = spend(
        python(SEND_EACH_BY_HAND, campaign.directory, url, AGENT, NUMBER), cwd=campaign.directory, env=environment()
    )
    planned, applied = campaign.run("plan"), campaign.run("apply", "--auto-approve")
    for name, cost in (("bodies by hand", by_hand), ("first plan", planned), ("apply", applied)):
        print(f"  {f'{name}, {batches:,} manifests':<44} {cost}", flush=True)
    bound = 3 if claims.full else 6  # of few manifests much is the start of the run, and noise
    claims.check_at_most(
        "apply beyond its plan, beside bodies by hand", (applied.cpu - planned.cpu) / by_hand.cpu, bound
    )


def _slow_provider(claims: Claims, directory: Path, url: str) -> None:
    batches, side_by_side = (200, 8) if claims.full else (40, 8)
    with slow_provider(url, SECONDS) as slow:
        campaign = Campaign.create(directory / "slow", slow.url, batches * EACH, batches)
        campaign.run("apply", "--auto-approve", "--parallelism", str(side_by_side))
    bound = (1.5 if claims.full else 3) * batches * SECONDS / side_by_side
    claims.check_at_most(f"{batches} creates at {SECONDS:g} s an answer", slow.creating_took, bound, "s")


if __name__ == "__main__":
    main("Requests side by side", measure)
